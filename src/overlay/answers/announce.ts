/**
 * What an endpoint's new host says in its name after a move, so that switches and neighbours on a flat network learn its place: a
 * reverse ARP request, which needs no IP address (as QEMU sends after a migration), and for each IP address the announcement of RFC
 * 5227 section 2.3 or an unsolicited neighbour advertisement (RFC 4861 section 7.2.6).
 */
import { parseIp, parseMac } from "../address.js";
import { arpMessage } from "./arp.js";
import { BROADCAST_MAC, ETHERTYPE_ARP, ETHERTYPE_IPV6, ETHERTYPE_RARP, ethernetFrame, NO_TAGS } from "./ethernet.js";
import { ALL_NODES_MAC, unsolicitedPacket } from "./neighbour.js";

const OPERATION_REQUEST = 1;
/** RFC 903: what is my protocol address? */
const OPERATION_REVERSE_REQUEST = 3;
const NO_MAC = new Uint8Array(6);
const NO_IP = new Uint8Array(4);
/** Ethernet's shortest payload: 60 bytes of frame, FCS not counted. */
const PAYLOAD_BYTES_MIN = 46;

/** Gratuitous ARP in its request form: sender and target are the same IPv4 address, 4 bytes. */
export function arpAnnouncement(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  const body = arpMessage(OPERATION_REQUEST, { mac, ip }, { mac: NO_MAC, ip });
  return ethernetFrame({ dst: BROADCAST_MAC, src: mac, tags: NO_TAGS, type: ETHERTYPE_ARP }, body);
}

/** To all nodes: the IPv6 address, 16 bytes, is at mac, whatever they remember. */
export function neighbourAnnouncement(mac: Uint8Array, ip: Uint8Array, isRouter = false): Uint8Array {
  const header = { dst: ALL_NODES_MAC, src: mac, tags: NO_TAGS, type: ETHERTYPE_IPV6 };
  return ethernetFrame(header, unsolicitedPacket(ip, mac, isRouter));
}

/** Reverse ARP, padded to 60 bytes: only the MAC address counts, and the way that the frame takes. */
export function rarpAnnouncement(mac: Uint8Array): Uint8Array {
  const body = new Uint8Array(PAYLOAD_BYTES_MIN);
  body.set(arpMessage(OPERATION_REVERSE_REQUEST, { mac, ip: NO_IP }, { mac, ip: NO_IP }));
  return ethernetFrame({ dst: BROADCAST_MAC, src: mac, tags: NO_TAGS, type: ETHERTYPE_RARP }, body);
}

/** All frames of an endpoint: reverse ARP, then one for each IP address in their order. Throws ConfigError for bad text. */
export function announcements(endpoint: {
  readonly mac: string;
  readonly ips: readonly string[];
  readonly isRouter?: boolean;
}): Uint8Array[] {
  const mac = parseMac("mac", endpoint.mac);
  const byIp = endpoint.ips.map((text) => {
    const ip = parseIp("ips", text);
    return ip.length === 4 ? arpAnnouncement(mac, ip) : neighbourAnnouncement(mac, ip, endpoint.isRouter);
  });
  return [rarpAnnouncement(mac), ...byIp];
}
