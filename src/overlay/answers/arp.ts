/**
 * ARP for IPv4 in Ethernet (RFC 826), answered in the name of the one who is asked for. Behind the Ethernet header:
 *
 *   0       2          4   5   6         8            14          18           24          28
 *   │ 1     │ 0x0800   │ 6 │ 4 │ operation │ sender MAC │ sender IP │ target MAC │ target IP │
 *
 * Who asks for an address from 0.0.0.0 (RFC 5227's probe) wants to take it: an answer says that another has it. Who names the
 * same address as sender and target only announces it.
 */
import { ETHERTYPE_ARP, ethernetFrame, isGroupMac, isSame, readEthernet, viewOf } from "./ethernet.js";

export const ARP_BYTES = 28;
const OPERATION_REQUEST = 1;
const OPERATION_REPLY = 2;
/** Ethernet, IPv4, and their lengths. */
const KIND = 0x00010800;
const LENGTHS = 0x0604;
const NO_IP = new Uint8Array(4);

export interface ArpQuestion {
  /** "request" and "probe" want an answer, "announcement" does not. */
  readonly kind: "request" | "probe" | "announcement";
  readonly senderMac: Uint8Array;
  /** Four bytes in network order, as targetIp; zeros in a probe. */
  readonly senderIp: Uint8Array;
  /** The address that is asked for, or announced. */
  readonly targetIp: Uint8Array;
  /** The frame's VLAN tags: 0, 4 or 8 bytes. */
  readonly tags: Uint8Array;
}

/** Why a frame is no question. */
export type ArpRefusal =
  /** Another EtherType. */
  | "not-arp"
  /** Shorter than its header and 28 bytes. */
  | "truncated"
  /** ARP between other than Ethernet and IPv4 addresses. */
  | "not-ethernet-ipv4"
  /** A reply, or another operation. */
  | "not-a-request"
  /** The sender's MAC address is a group's. */
  | "group-sender";

/** Why a question gets no answer. */
export type ArpSilence =
  /** Nobody asked. */
  | "announcement"
  /** Whoever asks is the one who has the address: an answer to its probe would take the address from it. */
  | "own-address";

/** What a whole Ethernet frame asks, or why it asks nothing. Bytes are copied: the frame may be reused. */
export function readArp(frame: Uint8Array): ArpQuestion | ArpRefusal {
  const ethernet = readEthernet(frame);
  if (!ethernet) return "truncated";
  if (ethernet.type !== ETHERTYPE_ARP) return "not-arp";
  if (ethernet.body.length < ARP_BYTES) return "truncated";
  const arp = ethernet.body.slice(0, ARP_BYTES);
  const view = viewOf(arp);
  if (view.getUint32(0) !== KIND || view.getUint16(4) !== LENGTHS) return "not-ethernet-ipv4";
  const operation = view.getUint16(6);
  const [senderMac, senderIp, targetIp] = [arp.subarray(8, 14), arp.subarray(14, 18), arp.subarray(24, 28)];
  const isAnnouncement = isSame(senderIp, targetIp) && !isSame(senderIp, NO_IP);
  // An announcement may have either form (RFC 5227 section 3).
  if (operation !== OPERATION_REQUEST && !(isAnnouncement && operation === OPERATION_REPLY)) return "not-a-request";
  if (isGroupMac(senderMac)) return "group-sender";
  const kind = isAnnouncement ? "announcement" : isSame(senderIp, NO_IP) ? "probe" : "request";
  return { kind, senderMac, senderIp, targetIp, tags: ethernet.tags.slice() };
}

/** The reply that `mac`, six bytes, has the address that is asked for, as a frame from there to the asker; or why there is none. */
export function arpReply(question: ArpQuestion, mac: Uint8Array): Uint8Array | ArpSilence {
  const { kind, senderMac, senderIp, targetIp, tags } = question;
  if (kind === "announcement") return "announcement";
  if (isSame(mac, senderMac)) return "own-address";
  const body = arpMessage(OPERATION_REPLY, { mac, ip: targetIp }, { mac: senderMac, ip: senderIp });
  return ethernetFrame({ dst: senderMac, src: mac, tags, type: ETHERTYPE_ARP }, body);
}

/** The 28 bytes of a message, reverse ARP's too (RFC 903 has the same form). */
export function arpMessage(operation: number, sender: ArpEnd, target: ArpEnd): Uint8Array {
  const body = new Uint8Array(ARP_BYTES);
  const view = viewOf(body);
  view.setUint32(0, KIND);
  view.setUint16(4, LENGTHS);
  view.setUint16(6, operation);
  body.set(sender.mac, 8);
  body.set(sender.ip, 14);
  body.set(target.mac, 18);
  body.set(target.ip, 24);
  return body;
}

interface ArpEnd {
  readonly mac: Uint8Array;
  readonly ip: Uint8Array;
}
