/**
 * What encapsulation leaves of an underlay's MTU. Outer packets are never fragmented, so each must fit as it is:
 *
 *                       ┌──────────────── underlay MTU: one IP packet ────────────────┐
 *   Ethernet 14 (VLAN 4)│ IP 20 or 40 │ headers │ inner frame: Ethernet 14, IP … │ CRCs │
 *
 *               headers between outer IP and inner frame                       behind it
 *   vxlan       UDP 8 + VXLAN 8 (RFC 7348)                          16         -
 *   vxlan-gpe   UDP 8 + VXLAN-GPE 8                                 16         -
 *   geneve      UDP 8 + Geneve 8 + options (RFC 8926)               16 + n     -
 *   nvgre       GRE 8 (RFC 7637: with key)                          8          -
 *   rocev2      UDP 8 + BTH 12 + DETH 8 + EtherType 4               32         pad 0-3, ICRC 4
 *   infiniband  LRH 8 + BTH 12 + DETH 8 + EtherType 4               32         pad 0-3, ICRC 4, VCRC 2
 *
 * So a guest's IP packets over 1500 bytes and IPv4 may have, with VXLAN, 1500 - 20 - 16 - 14 = 1450 bytes, with NVGRE 1500 - 20 - 8 -
 * 14 = 1458, and with RoCEv2 1500 - 20 - 32 - 4 = 1444 for frame and pad, which is a multiple of 4 as it must be, less 14: 1430.
 *
 * InfiniBand counts otherwise: its MTU is what one packet carries between DETH and ICRC, here EtherType, frame and pad, and at most
 * 4096 (IBTA volume 1); RoCEv2 keeps that bound. Over 2048 bytes a frame has 2044, as packets have in IP over InfiniBand
 * (RFC 4391 section 7), and a guest's IP packet 2030.
 */
import { TUNNEL_OPTION_BYTES_MAX } from "../../assembly/layout.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";

const ENCAPSULATIONS = ["vxlan", "geneve", "vxlan-gpe", "nvgre", "rocev2", "infiniband"] as const;

export interface Encapsulated {
  readonly encapsulation: (typeof ENCAPSULATIONS)[number];
  /** Of the outer IP; without meaning for InfiniBand. */
  readonly ipVersion: 4 | 6;
  /** Geneve's, a multiple of 4; 0 by default. */
  readonly optionBytes?: number;
  /** The outer Ethernet header has an 802.1Q tag: one more thing on the wire, but not in the underlay's MTU. */
  readonly outerVlan?: boolean;
  /** Inner frames may have an 802.1Q tag, which the underlay's MTU must then hold, too. */
  readonly innerVlan?: boolean;
}

export interface OverlayMtu {
  /** Bytes in front of an inner frame, from the outer Ethernet header (InfiniBand: LRH) on. */
  readonly headerBytes: number;
  /** Bytes of CRCs behind it. A pad of 0 to 3 bytes may come in between. */
  readonly trailerBytes: number;
  /** The longest inner frame from its Ethernet header on, a tag not counted. */
  readonly frameBytesMax: number;
  /** The longest IP packet of a guest: its MTU. */
  readonly ipMtuBytes: number;
}

const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const IP_BYTES = { 4: 20, 6: 40 };
/** RFC 791: what every network has to carry in one piece. */
const IP_MTU_MIN = 68;
const IP_BYTES_MAX = 0xffff;
/** In front of the inner frame of an RDMA packet, and part of its payload. */
const ETHERTYPE_BYTES = 4;
const RDMA_PAYLOAD_BYTES_MAX = 4096;

interface Shape {
  /** Between the outer IP header (InfiniBand: from LRH on) and the inner frame. */
  readonly headers: number;
  readonly trailer: number;
  readonly isRdma?: boolean;
}

const SHAPES: Readonly<Record<Encapsulated["encapsulation"], Shape>> = {
  vxlan: { headers: 8 + 8, trailer: 0 },
  "vxlan-gpe": { headers: 8 + 8, trailer: 0 },
  geneve: { headers: 8 + 8, trailer: 0 },
  nvgre: { headers: 8, trailer: 0 },
  rocev2: { headers: 8 + 12 + 8 + ETHERTYPE_BYTES, trailer: 4, isRdma: true },
  infiniband: { headers: 8 + 12 + 8 + ETHERTYPE_BYTES, trailer: 4 + 2, isRdma: true },
};

/**
 * What an underlay of so many bytes leaves: IP packets of it, or for InfiniBand payloads of its packets. Throws ConfigError, also
 * when it leaves guests less than 68 bytes.
 */
export function overlayMtu(underlayMtuBytes: number, how: Encapsulated): OverlayMtu {
  const { shape, tagBytes } = checked(how);
  const underlay = checkInteger("underlayMtuBytes", underlayMtuBytes, 1, IP_BYTES_MAX);
  const frameBytesMax = roomFor(underlay, how, shape) - tagBytes;
  const ipMtuBytes = frameBytesMax - ETHERNET_BYTES;
  if (ipMtuBytes < IP_MTU_MIN) {
    const least = underlayMtuFor(IP_MTU_MIN, how);
    throw new ConfigError("underlayMtuBytes", underlay, `at least ${least} for ${how.encapsulation}`);
  }
  const outer = how.outerVlan ? ETHERNET_BYTES + VLAN_BYTES : ETHERNET_BYTES;
  const front = how.encapsulation === "infiniband" ? 0 : outer + IP_BYTES[how.ipVersion];
  return {
    headerBytes: front + shape.headers + (how.optionBytes ?? 0),
    trailerBytes: shape.trailer,
    frameBytesMax,
    ipMtuBytes,
  };
}

/** The least underlay MTU for guests whose IP packets have so many bytes. Throws ConfigError, also when no underlay is enough. */
export function underlayMtuFor(ipMtuBytes: number, how: Encapsulated): number {
  const { shape, tagBytes } = checked(how);
  const frame = checkInteger("ipMtuBytes", ipMtuBytes, IP_MTU_MIN, IP_BYTES_MAX) + ETHERNET_BYTES + tagBytes;
  const padded = shape.isRdma ? Math.ceil(frame / 4) * 4 : frame;
  const underlay =
    how.encapsulation === "infiniband"
      ? ETHERTYPE_BYTES + padded
      : IP_BYTES[how.ipVersion] + shape.headers + (how.optionBytes ?? 0) + padded + shape.trailer;
  const isTooLong = shape.isRdma ? ETHERTYPE_BYTES + padded > RDMA_PAYLOAD_BYTES_MAX : underlay > IP_BYTES_MAX;
  if (isTooLong) throw new ConfigError("ipMtuBytes", ipMtuBytes, `small enough for a packet of ${how.encapsulation}`);
  return underlay;
}

/** Bytes for an inner frame, its tag counted. */
function roomFor(underlay: number, { encapsulation, ipVersion, optionBytes = 0 }: Encapsulated, shape: Shape): number {
  if (!shape.isRdma) return underlay - IP_BYTES[ipVersion] - shape.headers - optionBytes;
  const around = IP_BYTES[ipVersion] + shape.headers - ETHERTYPE_BYTES + shape.trailer;
  const payload = Math.min(encapsulation === "infiniband" ? underlay : underlay - around, RDMA_PAYLOAD_BYTES_MAX);
  // EtherType, frame and pad are whole words.
  return Math.floor(payload / 4) * 4 - ETHERTYPE_BYTES;
}

function checked(how: Encapsulated): { shape: Shape; tagBytes: number } {
  const shape = SHAPES[checkOneOf("encapsulation", how.encapsulation, ENCAPSULATIONS)];
  if (how.ipVersion !== 4 && how.ipVersion !== 6) throw new ConfigError("ipVersion", how.ipVersion, "4 or 6");
  const most = how.encapsulation === "geneve" ? TUNNEL_OPTION_BYTES_MAX : 0;
  const optionBytes = checkInteger("optionBytes", how.optionBytes ?? 0, 0, most);
  if (optionBytes % 4 !== 0) throw new ConfigError("optionBytes", optionBytes, "a multiple of 4");
  return { shape, tagBytes: how.innerVlan ? VLAN_BYTES : 0 };
}
