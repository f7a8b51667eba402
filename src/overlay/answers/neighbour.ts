/**
 * IPv6 neighbour discovery (RFC 4861): solicitations, answered by advertisements in the name of the one who is asked for. Behind the
 * IPv6 header, whose hop limit is 255 (nobody has routed it):
 *
 *   0     1   2          4               8         24
 *   │ 135 │ 0 │ checksum │ reserved      │ target  │ options: source link-layer address (1, 1, MAC) … │   solicitation
 *   │ 136 │ 0 │ checksum │ R S O, reserved │ target │ options: target link-layer address (2, 1, MAC) … │  advertisement
 *
 * Who asks from :: wants to take the address (RFC 4862 section 5.4, duplicate address detection): the answer goes to all nodes.
 */
import { ETHERTYPE_IPV6, ethernetFrame, isGroupMac, isSame, readEthernet, viewOf } from "./ethernet.js";
import { IPV6_BYTES, icmpv6Checksum, icmpv6Packet, PROTOCOL_ICMPV6 } from "./ip.js";

/** ff02::1 and its Ethernet address (RFC 2464 section 7). */
export const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
export const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
/** ff02::1:ff00:0/104, the solicited-node addresses (RFC 4291 section 2.7.1). */
const SOLICITED_NODE_PREFIX = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff);
const UNSPECIFIED = new Uint8Array(16);

const TYPE_SOLICITATION = 135;
const TYPE_ADVERTISEMENT = 136;
const HOP_LIMIT = 255;
const MESSAGE_BYTES_MIN = 24;
const FLAG_ROUTER = 0x80;
const FLAG_SOLICITED = 0x40;
const FLAG_OVERRIDE = 0x20;
const OPTION_SOURCE_LINK = 1;
const OPTION_TARGET_LINK = 2;
/** Options count in units of 8 bytes; one with a MAC address has one. */
const OPTION_UNIT_BYTES = 8;

export interface NeighbourQuestion {
  /** "request" and "probe" (duplicate address detection) want an answer; "announcement" is an unsolicited advertisement. */
  readonly kind: "request" | "probe" | "announcement";
  /** The link-layer address option's, or else where the frame came from. */
  readonly senderMac: Uint8Array;
  /** Sixteen bytes in network order, as targetIp; zeros in a probe. */
  readonly senderIp: Uint8Array;
  /** The address that is asked for, or announced. */
  readonly targetIp: Uint8Array;
  /** The frame's VLAN tags: 0, 4 or 8 bytes. */
  readonly tags: Uint8Array;
}

/** Why a frame is no question. */
export type NeighbourRefusal =
  /** No ICMPv6 neighbour solicitation, and no unsolicited advertisement. */
  | "not-a-solicitation"
  /** Ends inside its headers or its message. */
  | "truncated"
  /** Somebody routed it: it is not from this network (RFC 4861 section 7.1). */
  | "bad-hop-limit"
  | "bad-checksum"
  /** What RFC 4861 section 7.1 does not allow: a code, a multicast target, a damaged option, :: with a link-layer address. */
  | "malformed"
  /** The sender's MAC address is a group's. */
  | "group-sender";

/** Why a question gets no answer. */
export type NeighbourSilence = "announcement" | "own-address";

/** What a whole Ethernet frame asks, or why it asks nothing. Bytes are copied: the frame may be reused. */
export function readNeighbour(frame: Uint8Array): NeighbourQuestion | NeighbourRefusal {
  const ethernet = readEthernet(frame);
  if (!ethernet) return "truncated";
  if (ethernet.type !== ETHERTYPE_IPV6) return "not-a-solicitation";
  const { body } = ethernet;
  if (body.length < IPV6_BYTES) return "truncated";
  const length = viewOf(body).getUint16(4);
  if ((body[0] as number) >> 4 !== 6 || body[6] !== PROTOCOL_ICMPV6 || length === 0) return "not-a-solicitation";
  if (body.length < IPV6_BYTES + length) return "truncated";
  const packet = body.slice(0, IPV6_BYTES + length);
  const message = packet.subarray(IPV6_BYTES);
  const isSolicitation = message[0] === TYPE_SOLICITATION;
  if (!isSolicitation && !isUnsolicited(message)) return "not-a-solicitation";
  const refusal = check(packet, message);
  if (refusal) return refusal;
  const links = linkAddresses(message);
  if (!links) return "malformed";
  const [senderIp, targetIp, tags] = [packet.subarray(8, 24), message.subarray(8, 24), ethernet.tags.slice()];
  const link = links.get(isSolicitation ? OPTION_SOURCE_LINK : OPTION_TARGET_LINK);
  const senderMac = link ?? ethernet.src.slice();
  if (isGroupMac(senderMac)) return "group-sender";
  if (!isSolicitation) return { kind: "announcement", senderMac, senderIp, targetIp, tags };
  if (!isSame(senderIp, UNSPECIFIED)) return { kind: "request", senderMac, senderIp, targetIp, tags };
  const isSolicitedNode = isSame(packet.subarray(24, 24 + SOLICITED_NODE_PREFIX.length), SOLICITED_NODE_PREFIX);
  return isSolicitedNode && !link ? { kind: "probe", senderMac, senderIp, targetIp, tags } : "malformed";
}

/**
 * The advertisement that `mac`, six bytes, has the address that is asked for, as a frame from there to the asker (to all nodes if
 * it asked from ::); or why there is none. A router must say that it is one, or hosts stop using it (RFC 4861 section 7.2.5).
 */
export function neighbourAdvertisement(
  question: NeighbourQuestion,
  mac: Uint8Array,
  isRouter = false,
): Uint8Array | NeighbourSilence {
  const { kind, senderMac, senderIp, targetIp, tags } = question;
  if (kind === "announcement") return "announcement";
  if (isSame(mac, senderMac)) return "own-address";
  const isProbe = kind === "probe";
  const message = advertisement(targetIp, mac, { isRouter, isSolicited: !isProbe });
  const packet = icmpv6Packet(targetIp, isProbe ? ALL_NODES : senderIp, message, { hopLimit: HOP_LIMIT });
  return ethernetFrame({ dst: isProbe ? ALL_NODES_MAC : senderMac, src: mac, tags, type: ETHERTYPE_IPV6 }, packet);
}

/** An advertisement that nobody asked for, to all nodes (RFC 4861 section 7.2.6), as an IPv6 packet. */
export function unsolicitedPacket(ip: Uint8Array, mac: Uint8Array, isRouter: boolean): Uint8Array {
  const message = advertisement(ip, mac, { isRouter, isSolicited: false });
  return icmpv6Packet(ip, ALL_NODES, message, { hopLimit: HOP_LIMIT });
}

/** With the override flag, since it comes from who knows: whatever others remember is older. */
function advertisement(
  target: Uint8Array,
  mac: Uint8Array,
  { isRouter, isSolicited }: { readonly isRouter: boolean; readonly isSolicited: boolean },
): Uint8Array {
  const message = new Uint8Array(MESSAGE_BYTES_MIN + OPTION_UNIT_BYTES);
  message[0] = TYPE_ADVERTISEMENT;
  message[4] = FLAG_OVERRIDE | (isRouter ? FLAG_ROUTER : 0) | (isSolicited ? FLAG_SOLICITED : 0);
  message.set(target, 8);
  message.set([OPTION_TARGET_LINK, 1], MESSAGE_BYTES_MIN);
  message.set(mac, MESSAGE_BYTES_MIN + 2);
  return message;
}

function isUnsolicited(message: Uint8Array): boolean {
  return message[0] === TYPE_ADVERTISEMENT && ((message[4] ?? 0) & FLAG_SOLICITED) === 0;
}

/** RFC 4861 sections 7.1.1 and 7.1.2, but for the options. */
function check(packet: Uint8Array, message: Uint8Array): NeighbourRefusal | undefined {
  if (message.length < MESSAGE_BYTES_MIN) return "truncated";
  if (packet[7] !== HOP_LIMIT) return "bad-hop-limit";
  if (icmpv6Checksum(packet.subarray(8, 24), packet.subarray(24, 40), message) !== 0) return "bad-checksum";
  if (message[1] !== 0 || message[8] === 0xff) return "malformed";
  return undefined;
}

/** MAC addresses by the option's type; undefined when an option is damaged. */
function linkAddresses(message: Uint8Array): Map<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>();
  for (let at = MESSAGE_BYTES_MIN; at < message.length; ) {
    const bytes = (message[at + 1] ?? 0) * OPTION_UNIT_BYTES;
    if (bytes === 0 || at + bytes > message.length) return undefined;
    if (bytes === OPTION_UNIT_BYTES) found.set(message[at] as number, message.subarray(at + 2, at + 8));
    at += bytes;
  }
  return found;
}
