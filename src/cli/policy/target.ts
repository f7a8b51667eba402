/** What --from and --to say: a name or an address, a port, a protocol. */
import { ConfigError } from "../../index.js";
import { parseAddress } from "../../overlay/policy/prefix.js";
import { TCP, UDP } from "../../overlay/policy/rule.js";

export interface Target {
  /** An endpoint's name, a partition's, or an address. */
  readonly who: string;
  readonly isAddress: boolean;
  readonly port: number | undefined;
  /** As it was said: tcp, udp, icmp or a number; undefined for all. */
  readonly protocol: "tcp" | "udp" | "icmp" | number | undefined;
}

const FORM = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:/[\]]+))(?::(?<port>\d+))?(?:\/(?<protocol>[a-z]+|\d+))?$/;
const PORT_MAX = 65535;
const PROTOCOL_MAX = 255;

/** Throws ConfigError for anything else. */
export function parseTarget(argument: string, text: string): Target {
  const bare = parseAddress(text);
  if (bare) return { who: text, isAddress: true, port: undefined, protocol: undefined };
  const { ipv6, name, port, protocol } = FORM.exec(text)?.groups ?? {};
  const who = ipv6 ?? name;
  const isAddress = who !== undefined && parseAddress(who) !== undefined;
  if (who === undefined || (ipv6 !== undefined && !(isAddress && ipv6.includes(":")))) {
    throw new ConfigError(argument, text, "such as db1, db1:5432/tcp, db1/icmp, 10.0.0.2:53/udp or [fd00::2]:443/tcp");
  }
  return { who, isAddress, ...checkPort(argument, text, port, protocolOf(argument, text, protocol)) };
}

function checkPort(argument: string, text: string, port: string | undefined, protocol: Target["protocol"]) {
  const hasPorts = protocol === "tcp" || protocol === "udp";
  if (port === undefined) return { port, protocol };
  if (!hasPorts) throw new ConfigError(argument, text, `with tcp or udp behind the port: :${port}/tcp`);
  if (Number(port) > PORT_MAX) throw new ConfigError(argument, text, `with a port of at most ${PORT_MAX}`);
  return { port: Number(port), protocol };
}

function protocolOf(argument: string, text: string, protocol: string | undefined): Target["protocol"] {
  if (protocol === undefined || protocol === "tcp" || protocol === "udp" || protocol === "icmp") return protocol;
  const number = Number(protocol);
  if (number === TCP) return "tcp";
  if (number === UDP) return "udp";
  if (number <= PROTOCOL_MAX) return number;
  throw new ConfigError(argument, text, `with tcp, udp, icmp or a number from 0 to ${PROTOCOL_MAX} as protocol`);
}
