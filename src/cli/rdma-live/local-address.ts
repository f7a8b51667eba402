/** The address that this machine would speak to a remote from. Both ends have UDP port 4791, so on one machine they differ in it. */
import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { ConfigError } from "../../index.js";
import { PeerError } from "./peer-error.js";

const DISCARD_PORT = 9;
const LOOPBACK = "127.0.0.2";

/** Nothing is sent for it. Throws ConfigError for an address that is none, and PeerError where there is no way to it. */
export async function localAddressTo(remote: string): Promise<string> {
  const version = checkIp("peer", remote);
  if (remote.startsWith("127.")) return remote === LOOPBACK ? "127.0.0.1" : LOOPBACK;
  const socket = createSocket(version === 4 ? "udp4" : "udp6");
  const local = await new Promise<string>((resolve, reject) => {
    socket.once("error", reject);
    socket.connect(DISCARD_PORT, remote, () => resolve(socket.address().address));
  }).catch((error: Error) => {
    throw new PeerError(`there is no way to ${remote}: ${error.message}`);
  });
  socket.close();
  if (local !== remote) return local;
  throw new PeerError(`${remote} is an address of this machine: --bind says from which other one to speak`);
}

/** 4 or 6. Throws ConfigError. */
export function checkIp(argument: string, address: string): number {
  const version = isIP(address);
  if (version === 0) throw new ConfigError(argument, address, "an IPv4 or IPv6 address");
  return version;
}
