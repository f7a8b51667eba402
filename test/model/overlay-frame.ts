/** What the overlay asks of a frame: addresses, protocol and ports, its flow and the way back, its datagram if it is a fragment of one. */

import * as layout from "../../assembly/layout.js";
import { u16At } from "../helpers/bytes.js";
import { parse } from "./parse.js";

export interface Conversation {
  /** Undefined for a frame that is not IP. */
  readonly protocol: number | undefined;
  /** Of TCP and UDP; 0 where they are not known. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of ICMP and ICMPv6, where it is known. */
  readonly icmpType: number | undefined;
  /** The flow's name and that of the one that returns; undefined for what has neither. */
  readonly flow: string | undefined;
  readonly reverse: string | undefined;
}

const NOT_IP: Conversation = {
  protocol: undefined,
  sourcePort: 0,
  destinationPort: 0,
  icmpType: undefined,
  flow: undefined,
  reverse: undefined,
};

/** Both addresses as text, of IPv6 without abbreviation; undefined for a frame that is not IP. */
export function addressesOf(bytes: Uint8Array): { source: string; destination: string } | undefined {
  const { flags, l3 } = parse(bytes);
  if ((flags & layout.FLAG_IPV4) !== 0) {
    const text = (at: number) => bytes.subarray(at, at + 4).join(".");
    return { source: text(l3 + 12), destination: text(l3 + 16) };
  }
  if ((flags & layout.FLAG_IPV6) === 0) return undefined;
  const text = (at: number) => Array.from({ length: 8 }, (_, i) => u16At(bytes, at + 2 * i).toString(16)).join(":");
  return { source: text(l3 + 8), destination: text(l3 + 24) };
}

export function conversationOf(bytes: Uint8Array): Conversation {
  const { l4, payload } = parse(bytes);
  const addresses = addressesOf(bytes);
  if (!addresses) return NOT_IP;
  const protocol = protocolOf(bytes);
  const isKnown = payload > 0;
  const hasPorts = (protocol === 6 || protocol === 17) && isKnown;
  const [sourcePort, destinationPort] = hasPorts ? [u16At(bytes, l4), u16At(bytes, l4 + 2)] : [0, 0];
  const isIcmp =
    (protocol === 1 && !addresses.source.includes(":")) || (protocol === 58 && addresses.source.includes(":"));
  const icmpType = isIcmp && isKnown ? (bytes[l4] as number) : undefined;
  const ports = isIcmp ? echoPorts(bytes) : [sourcePort, destinationPort];
  const { source, destination } = addresses;
  const flow = ports && `${protocol} ${source} ${ports[0]} ${destination} ${ports[1]}`;
  const reverse = ports && `${protocol} ${destination} ${ports[1]} ${source} ${ports[0]}`;
  return { protocol, sourcePort, destinationPort, icmpType, flow, reverse };
}

/** An echo's identifier stands for both ports (RFC 792, RFC 4443 section 4.1); other messages have none. */
function echoPorts(bytes: Uint8Array): [number, number] | undefined {
  const { l4, l4Len, payload } = parse(bytes);
  const types = protocolOf(bytes) === 1 ? [0, 8] : [128, 129];
  if (payload === 0 || l4Len < 8 || !types.includes(bytes[l4] as number)) return undefined;
  return [u16At(bytes, l4 + 4), u16At(bytes, l4 + 4)];
}

/** IPv4's protocol, or what follows the last of IPv6's extension headers that parse walked over. */
function protocolOf(bytes: Uint8Array): number {
  const { flags, l3, l4 } = parse(bytes);
  if ((flags & layout.FLAG_IPV4) !== 0) return bytes[l3 + 9] as number;
  return headers(bytes, l3, l4).at(-1)?.next ?? (bytes[l3 + 6] as number);
}

/** A fragment's datagram, by name, and whether it is another than the first; undefined for a whole datagram. */
export function fragmentOf(bytes: Uint8Array): { key: string; isLater: boolean } | undefined {
  const { flags, l3, l4 } = parse(bytes);
  if ((flags & layout.FLAG_FRAGMENT) === 0) return undefined;
  const { source, destination } = addressesOf(bytes) as { source: string; destination: string };
  const isLater = (flags & layout.FLAG_LATER_FRAGMENT) !== 0;
  if ((flags & layout.FLAG_IPV4) !== 0) {
    return { key: `${source} ${destination} ${bytes[l3 + 9]} ${u16At(bytes, l3 + 4)}`, isLater };
  }
  // RFC 8200 section 4.5: addresses and identification, whatever header comes next.
  const { at } = headers(bytes, l3, l4).find(({ kind }) => kind === 44) as { at: number };
  return { key: `${source} ${destination} ${u16At(bytes, at + 4)} ${u16At(bytes, at + 6)}`, isLater };
}

/** IPv6's extension headers up to l4: where, of which kind, and what each says comes next. */
function headers(bytes: Uint8Array, l3: number, l4: number): { at: number; kind: number; next: number }[] {
  const found: { at: number; kind: number; next: number }[] = [];
  let kind = bytes[l3 + 6] as number;
  for (let at = l3 + 40; at < l4; ) {
    const [next, length] = [bytes[at] as number, bytes[at + 1] as number];
    found.push({ at, kind, next });
    at += kind === 44 ? 8 : kind === 51 ? 4 * length + 8 : 8 * length + 8;
    kind = next;
  }
  return found;
}
