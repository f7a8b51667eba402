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
 *   rocev2      UDP 8 + BTH 12 + DETH 8 + overlay header 4          32         pad 0-3, ICRC 4
 *   infiniband  LRH 8 + BTH 12 + DETH 8 + overlay header 4          32         pad 0-3, ICRC 4, VCRC 2
 *
 * So a guest's IP packets over 1500 bytes and IPv4 may have, with VXLAN, 1500 - 20 - 16 - 14 = 1450 bytes, with NVGRE 1500 - 20 - 8 -
 * 14 = 1458, and with RoCEv2 1500 - 20 - 32 - 4 = 1444 for frame and pad, which is a multiple of 4 as it must be, less 14: 1430.
 *
 * InfiniBand counts otherwise: its MTU is what one packet carries between DETH and ICRC, here overlay header, frame and pad (IBTA
 * volume 1, 7.7.8), 256 to 4096 bytes. An unreliable datagram's message is one packet (9.8.3), and RoCEv2 keeps all of that (annex A17):
 * whatever IP could carry, a frame between queue pairs has at most 4092 bytes. Over 2048 bytes it has 2044, as packets have in IP over
 * InfiniBand (RFC 4391 section 7), and a guest's IP packet 2030.
 */
import { TUNNEL_OPTION_BYTES_MAX } from "../../assembly/layout.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ENCAPSULATION_NAMES, type EncapsulationName } from "../directory/records.js";
import { ConfigError } from "../errors.js";

/** How frames are carried, as far as lengths depend on it. */
export interface Carriage {
  readonly encapsulation: EncapsulationName;
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

/** What IP's length field can say: what an underlay without an MTU takes. */
export const IP_BYTES_MAX = 0xffff;
/** InfiniBand's MTUs: of a packet's payload. */
export const IB_MTU_MIN = 256;
export const IB_MTU_MAX = 4096;
const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const IP_BYTES = { 4: 20, 6: 40 };
/** RFC 791: what every network has to carry in one piece. */
const IP_MTU_MIN = 68;
/** In front of a frame between queue pairs, and part of its packet's payload. */
const OVERLAY_BYTES = 4;

interface Shape {
  /** Between the outer IP header (InfiniBand: from LRH on) and the inner frame. */
  readonly headers: number;
  readonly trailer: number;
  /** Carries whole words of 4 bytes, and no more than InfiniBand's largest MTU. */
  readonly isRdma?: boolean;
}

const SHAPES: Readonly<Record<EncapsulationName, Shape>> = {
  vxlan: { headers: 8 + 8, trailer: 0 },
  "vxlan-gpe": { headers: 8 + 8, trailer: 0 },
  geneve: { headers: 8 + 8, trailer: 0 },
  nvgre: { headers: 8, trailer: 0 },
  rocev2: { headers: 8 + 12 + 8 + OVERLAY_BYTES, trailer: 4, isRdma: true },
  infiniband: { headers: 8 + 12 + 8 + OVERLAY_BYTES, trailer: 4 + 2, isRdma: true },
};

/**
 * What an underlay of so many bytes leaves: IP packets of it, or for InfiniBand payloads of its packets. Throws ConfigError, also
 * when it leaves guests less than 68 bytes.
 */
export function overlayMtu(mtuBytes: number, how: Carriage): OverlayMtu {
  const { shape, around, tag, most, unit } = sizesOf(how);
  checkInteger("mtuBytes", mtuBytes, underlayMtuFor(IP_MTU_MIN, how), IP_BYTES_MAX);
  const frameBytesMax = Math.floor(Math.min(mtuBytes - around, most) / unit) * unit - tag;
  const outer = ETHERNET_BYTES + (how.outerVlan ? VLAN_BYTES : 0) + IP_BYTES[how.ipVersion];
  return {
    headerBytes: (how.encapsulation === "infiniband" ? 0 : outer) + shape.headers + (how.optionBytes ?? 0),
    trailerBytes: shape.trailer,
    frameBytesMax,
    ipMtuBytes: frameBytesMax - ETHERNET_BYTES,
  };
}

/** The least underlay MTU for guests whose IP packets have so many bytes. Throws ConfigError, also when no underlay is enough. */
export function underlayMtuFor(ipMtuBytes: number, how: Carriage): number {
  const { around, tag, most, unit } = sizesOf(how);
  checkInteger("ipMtuBytes", ipMtuBytes, IP_MTU_MIN, most - tag - ETHERNET_BYTES);
  return around + Math.ceil((ETHERNET_BYTES + tag + ipMtuBytes) / unit) * unit;
}

function sizesOf(how: Carriage) {
  const { encapsulation, ipVersion, optionBytes = 0 } = how;
  const shape = SHAPES[checkOneOf("encapsulation", encapsulation, ENCAPSULATION_NAMES)];
  if (ipVersion !== 4 && ipVersion !== 6) throw new ConfigError("ipVersion", ipVersion, "4 or 6");
  checkInteger("optionBytes", optionBytes, 0, encapsulation === "geneve" ? TUNNEL_OPTION_BYTES_MAX : 0);
  if (optionBytes % 4 !== 0) throw new ConfigError("optionBytes", optionBytes, "a multiple of 4");
  const inIp = IP_BYTES[ipVersion] + shape.headers + optionBytes + shape.trailer;
  /** Bytes of the underlay's MTU beside frame, tag and pad. */
  const around = encapsulation === "infiniband" ? OVERLAY_BYTES : inIp;
  return {
    shape,
    around,
    tag: how.innerVlan ? VLAN_BYTES : 0,
    /** The longest frame with its tag and pad. */
    most: shape.isRdma ? IB_MTU_MAX - OVERLAY_BYTES : IP_BYTES_MAX - around,
    unit: shape.isRdma ? 4 : 1,
  };
}
