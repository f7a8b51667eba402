/**
 * Which flow a frame is of: addresses, protocol and ports in one direction. The fragments of a datagram are of a flow of their own, since
 * all but the first have no ports; what is no IP goes by MAC addresses and EtherType. Keys are short strings for maps, made text when
 * somebody wants to read them.
 */
import ipaddr from "ipaddr.js";
import { ETHERTYPE_IPV4, type Headers, headersAt, innermost, transportOf, u16 } from "./headers.js";

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: "icmp",
  2: "igmp",
  6: "tcp",
  17: "udp",
  33: "dccp",
  47: "gre",
  50: "esp",
  51: "ah",
  58: "icmpv6",
  132: "sctp",
  136: "udplite",
};
const WITH_PORTS = [6, 17, 33, 132, 136];
const PORTS_BYTES = 4;
const ADDRESSES_AT = { ipv4: 12, ipv6: 8 } as const;

/** What a key begins with; what follows is bytes in network order. */
const ETHERNET = "e";
const WHOLE = "w";
const FRAGMENTS = "f";
const MACS_BYTES = 12;

/** The key of the flow that a frame is of, by its outer or its innermost headers. */
export function flowKey(frame: Uint8Array, which: "outer" | "inner"): string {
  const headers = which === "inner" ? innermost(frame) : headersAt(frame, 0);
  return headers ? (ipKey(frame, headers) ?? ethernetKey(frame, headers)) : ETHERNET;
}

/** A key as people read it. */
export function flowText(key: string): string {
  const bytes = Buffer.from(key.slice(1), "latin1");
  if (bytes.length === 0) return "no Ethernet header";
  if (key[0] === ETHERNET) return ethernetText(bytes);
  const [protocol, addressBytes] = [bytes[0] as number, bytes[1] as number];
  const end = 2 + 2 * addressBytes;
  const hasPorts = bytes.length > end;
  const side = (at: number, portAt: number) => {
    const address = ipaddr.fromByteArray([...bytes.subarray(at, at + addressBytes)]);
    const text = address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
    if (!hasPorts) return text;
    return `${address.kind() === "ipv6" ? `[${text}]` : text}:${u16(bytes, portAt)}`;
  };
  const what = PROTOCOLS[protocol] ?? `protocol ${protocol}`;
  return `${side(2, end)} > ${side(2 + addressBytes, end + 2)} ${what}${key[0] === FRAGMENTS ? " fragments" : ""}`;
}

function ipKey(frame: Uint8Array, headers: Headers): string | undefined {
  const transport = transportOf(frame, headers);
  if (!transport) return undefined;
  const { protocol, at, isFragment } = transport;
  const kind = headers.type === ETHERTYPE_IPV4 ? "ipv4" : "ipv6";
  const addressBytes = kind === "ipv4" ? 4 : 16;
  const addresses = headers.network + ADDRESSES_AT[kind];
  const hasPorts = WITH_PORTS.includes(protocol) && !isFragment && at + PORTS_BYTES <= frame.length;
  return (
    (isFragment ? FRAGMENTS : WHOLE) +
    String.fromCharCode(protocol, addressBytes) +
    latin1(frame, addresses, 2 * addressBytes) +
    (hasPorts ? latin1(frame, at, PORTS_BYTES) : "")
  );
}

function ethernetKey(frame: Uint8Array, { ethernet, type }: Headers): string {
  return ETHERNET + latin1(frame, ethernet, MACS_BYTES) + String.fromCharCode(type >> 8, type & 0xff);
}

function ethernetText(bytes: Uint8Array): string {
  const mac = (at: number) =>
    [...bytes.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  return `${mac(6)} > ${mac(0)} 0x${u16(bytes, MACS_BYTES).toString(16).padStart(4, "0")}`;
}

/** Bytes of a frame as a string of as many characters. */
export function latin1(frame: Uint8Array, at: number, length: number): string {
  return Buffer.from(frame.buffer, frame.byteOffset + at, length).toString("latin1");
}
