/** A flow as people say it, and a frame of it as the data plane sees one: what a prediction is made from. */
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { macText, parseIp, parseMac } from "../overlay/address.js";

export interface Flow {
  /** Both IPv4 or both IPv6. */
  readonly source: string;
  readonly destination: string;
  /** "udp" or "tcp", with ports, or the number of another IP protocol, 0 to 255, without. */
  readonly protocol: "udp" | "tcp" | number;
  /** 0 to 65535; where the protocol has no ports they are nowhere in the frame. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Six hexadecimal bytes with colons. */
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** 802.1Q VLAN, 1 to 4094; 0 for none. */
  readonly vlan: number;
}

const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/** Protocol numbers that are extension headers in IPv6 (IANA): they say what follows them, here that nothing does. */
const IPV6_EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];
const NO_NEXT_HEADER = 59;

/** Of the dynamic ports (RFC 6335 section 6). */
const FIRST_DYNAMIC_PORT = 49_152;

/** A frame of the flow, without payload; nobody has filled in its checksums. Throws ConfigError for what is no flow. */
export function flowFrame(flow: Flow): Uint8Array {
  const source = parseIp("source", flow.source);
  const destination = parseIp("destination", flow.destination);
  if (source.length !== destination.length) {
    throw new ConfigError("destination", flow.destination, "of the same IP version as source");
  }
  checkInteger("vlan", flow.vlan, 0, 4094);
  const isIpv4 = source.length === 4;
  const protocol = typeof flow.protocol === "number" ? flow.protocol : PROTOCOLS[flow.protocol];
  const transport = transportHeader(flow, checkInteger("protocol", protocol, 0, 255));
  if (!isIpv4 && IPV6_EXTENSIONS.includes(protocol)) transport[0] = NO_NEXT_HEADER;
  const tag = flow.vlan === 0 ? [] : [0x81, 0x00, ...word(flow.vlan)];
  const ethernet = [
    ...parseMac("destinationMac", flow.destinationMac),
    ...parseMac("sourceMac", flow.sourceMac),
    ...tag,
  ];
  const ip = isIpv4
    ? [0x08, 0x00, 0x45, 0, ...word(20 + transport.length), 0, 0, 0x40, 0, 64, protocol, 0, 0]
    : [0x86, 0xdd, 0x60, 0, 0, 0, ...word(transport.length), protocol, 64];
  return Uint8Array.from([...ethernet, ...ip, ...source, ...destination, ...transport]);
}

function transportHeader({ sourcePort, destinationPort }: Flow, protocol: number): number[] {
  const ports = [
    ...word(checkInteger("sourcePort", sourcePort, 0, 65_535)),
    ...word(checkInteger("destinationPort", destinationPort, 0, 65_535)),
  ];
  if (protocol === PROTOCOLS.tcp) return [...ports, ...new Array<number>(8).fill(0), 0x50, 0x10, 0, 0, 0, 0, 0, 0];
  return protocol === PROTOCOLS.udp ? [...ports, 0, 8, 0, 0] : new Array<number>(8).fill(0);
}

function word(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}

/**
 * The i-th flow of a search, i up to 65535: what `fixed` says, and all else changes from one to the next, so that whatever a policy
 * looks at differs. Each field has a scramble of its own: a policy that folds one into another would see too little otherwise.
 */
export function candidateFlow(fixed: Partial<Flow>, i: number): Flow {
  const isIpv6 = [fixed.source, fixed.destination].some((address) => address?.includes(":"));
  const address = (network: number, host: number) =>
    isIpv6 ? `2001:db8:${network}::${host.toString(16)}` : `198.${17 + network}.${host >> 8}.${host & 0xff}`;
  const port = (host: number) => FIRST_DYNAMIC_PORT + (host & 0x3fff);
  const mac = (side: number, host: number) => macText([0x02, 0, 0, side, host >> 8, host & 0xff]);
  return {
    protocol: "udp",
    source: address(1, i & 0xffff),
    destination: address(2, scrambled(i, 1)),
    sourcePort: port(scrambled(i, 2)),
    destinationPort: port(scrambled(i, 3)),
    sourceMac: mac(1, scrambled(i, 4)),
    destinationMac: mac(2, scrambled(i, 5)),
    vlan: 0,
    ...(Object.fromEntries(Object.entries(fixed).filter(([, value]) => value !== undefined)) as Partial<Flow>),
  };
}

/** A permutation of 16-bit numbers, another for each salt, in which every bit of the result depends on many. */
function scrambled(i: number, salt: number): number {
  let mixed = Math.imul(i + salt, 0x9e37) & 0xffff;
  mixed = Math.imul(mixed ^ (mixed >>> 8), 0x2c1b + 2 * salt) & 0xffff;
  return mixed ^ (mixed >>> 7);
}
