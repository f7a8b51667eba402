/**
 * What an encapsulation puts around a frame, and what is then left of an underlay's MTU.
 *
 *   in front   Ethernet 14 │ IP 20 or 40 │ UDP 8 │ VXLAN, VXLAN-GPE or Geneve without options 8
 *              Ethernet 14 │ IP 20 or 40 │ GRE with a key 8                                        NVGRE
 *              Ethernet 14 │ IP 20 or 40 │ UDP 8 │ BTH 12 │ DETH 8 │ 4                             RoCEv2, ICRC 4 behind
 *              LRH 8 │ BTH 12 │ DETH 8 │ 4                                                         InfiniBand, ICRC 4 and VCRC 2 behind
 *
 * RFC 7348 section 5, RFC 8926 section 3, RFC 7637 section 3.2, IBTA volume 1 chapters 7 and 9 and annex A17. Queue pairs carry whole
 * words of 4 bytes, and InfiniBand's MTU is of the payload alone, 4096 at most.
 */
import type { EncapsulationName } from "../../directory/records.js";

export interface Overhead {
  /** In front of the inner frame, the outer Ethernet header (or LRH) included. */
  readonly headerBytes: number;
  /** Behind it, padding not counted. */
  readonly trailerBytes: number;
  /** The largest inner IP packet. */
  readonly packetBytesMax: number;
}

const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
const IP_BYTES = { 4: 20, 6: 40 } as const;
const LRH_BYTES = 8;
const ICRC_BYTES = 4;
const VCRC_BYTES = 2;
const WORD_BYTES = 4;
const INFINIBAND_MTU_MAX = 4096;
/** Behind the outer IP header, or the LRH. */
const INSIDE_BYTES: Readonly<Record<EncapsulationName, number>> = {
  vxlan: 8 + 8,
  geneve: 8 + 8,
  "vxlan-gpe": 8 + 8,
  nvgre: 8,
  rocev2: 8 + 12 + 8 + 4,
  infiniband: 12 + 8 + 4,
};

/** Of one path: the underlay's IP version and MTU, and whether frames keep their VLAN tag inside. */
export function overheadOf(
  encapsulation: EncapsulationName,
  { version, mtuBytes, innerVlan }: { version: 4 | 6; mtuBytes: number; innerVlan: boolean },
): Overhead {
  const inside = INSIDE_BYTES[encapsulation];
  const frame = ETHERNET_BYTES + (innerVlan ? TAG_BYTES : 0);
  if (encapsulation === "infiniband") {
    const payload = words(Math.min(mtuBytes, INFINIBAND_MTU_MAX)) - WORD_BYTES;
    const trailerBytes = ICRC_BYTES + VCRC_BYTES;
    return { headerBytes: LRH_BYTES + inside, trailerBytes, packetBytesMax: Math.max(0, payload - frame) };
  }
  const trailerBytes = encapsulation === "rocev2" ? ICRC_BYTES : 0;
  const room = mtuBytes - IP_BYTES[version] - inside - trailerBytes;
  const whole = encapsulation === "rocev2" ? words(room) : room;
  const headerBytes = ETHERNET_BYTES + IP_BYTES[version] + inside;
  return { headerBytes, trailerBytes, packetBytesMax: Math.max(0, whole - frame) };
}

function words(bytes: number): number {
  return Math.floor(bytes / WORD_BYTES) * WORD_BYTES;
}
