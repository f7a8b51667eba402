/** A peer's REQ to a port, read: who calls, and does it come from where it says? */
import { gidOf, mtuBytes, type PathMtuBytes } from "../cm/index.js";
import { decodeIpService, ipServicePort } from "../cm/ip-service.js";
import type { RejReason } from "../cm/reason.js";
import type { Req } from "../cm/req.js";

export interface PortRequest {
  readonly port: number;
  readonly remotePort: number;
  readonly pathMtu: PathMtuBytes;
  readonly privateData: Uint8Array;
}

/**
 * The request, or why it is turned down. The connection's packets go where the REQ came from, so a REQ that names another address would
 * have them go to one who did not ask.
 */
export function readRequest(remote: string, req: Req): PortRequest | RejReason {
  const service = ipServicePort(req.serviceId);
  const decoded = decodeIpService(req.privateData);
  if (!service || typeof decoded === "string") return "unsupported-request";
  const { header, consumerData } = decoded;
  const gid = gidOf("remote", remote);
  const isFromThere = header.source === remote && gid.every((byte, i) => req.primary.localGid[i] === byte);
  if (!isFromThere) return "primary-remote-port-gid-rejected";
  // A listener has looked at it before.
  const pathMtu = mtuBytes(req.pathPacketPayloadMtu) as PathMtuBytes;
  return { port: service.port, remotePort: header.sourcePort, pathMtu, privateData: consumerData };
}
