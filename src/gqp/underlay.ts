/**
 * What a frame between queue pairs takes of the underlay, and the longest frame that an underlay's MTU lets through.
 *
 *   RoCEv2       IP 20 or 40 + UDP 8 + BTH 12 + DETH 8 + overlay 4 + frame + pad + ICRC 4, held against the MTU of IP packets
 *   InfiniBand   overlay 4 + frame + pad, held against InfiniBand's MTU, which is that of a packet's payload (IBTA volume 1, 7.7.8)
 *
 * pad makes the frame a whole number of words of 4 bytes. Frames are counted from their Ethernet header on, without FCS.
 */
import { checkInteger, checkOneOf } from "../check.js";

export type GqpForm = "rocev2-ipv4" | "rocev2-ipv6" | "infiniband";

/** Beside frame and pad. */
const OVERHEAD_BYTES: Readonly<Record<GqpForm, number>> = {
  "rocev2-ipv4": 20 + 8 + 12 + 8 + 4 + 4,
  "rocev2-ipv6": 40 + 8 + 12 + 8 + 4 + 4,
  infiniband: 4,
};
const FRAME_BYTES_MIN = 14;
/** An IP packet's length field; the largest MTU that InfiniBand has. */
const MTU_BYTES_MAX: Readonly<Record<GqpForm, number>> = {
  "rocev2-ipv4": 65_535,
  "rocev2-ipv6": 65_535,
  infiniband: 4096,
};

/** Bytes of the underlay's MTU that a frame of frameBytes needs. */
export function underlayBytes(form: GqpForm, frameBytes: number): number {
  checkInteger("frameBytes", frameBytes, FRAME_BYTES_MIN, longestFrameBytes(form));
  return OVERHEAD_BYTES[form] + Math.ceil(frameBytes / 4) * 4;
}

/** The longest frame for an underlay's MTU in bytes: of its IP packets, or of InfiniBand's payloads. */
export function frameBytesMax(form: GqpForm, mtuBytes: number): number {
  checkInteger("mtuBytes", mtuBytes, underlayBytes(form, FRAME_BYTES_MIN), MTU_BYTES_MAX[form]);
  return wholeWords(mtuBytes - OVERHEAD_BYTES[form]);
}

/** The longest frame of a form, whatever the underlay. */
export function longestFrameBytes(form: GqpForm): number {
  return wholeWords(MTU_BYTES_MAX[checkForm(form)] - OVERHEAD_BYTES[form]);
}

function wholeWords(bytes: number): number {
  return Math.floor(bytes / 4) * 4;
}

function checkForm(form: GqpForm): GqpForm {
  return checkOneOf("form", form, Object.keys(OVERHEAD_BYTES) as GqpForm[]);
}
