/**
 * The outer headers of a frame between queue pairs, built once (IBTA volume 1, 7.7, 9.2 and 9.3, and annex A17). The data plane
 * patches lengths, entropy port, pad count, queue pairs and PSN, and appends pad and CRCs. assembly/wire/ib.ts draws both forms.
 */

import type { Ends } from "../overlay/outer.js";
import { buildTemplate, type Template } from "../overlay/template.js";
import { ROCEV2_PORT } from "./numbers.js";

interface RoceHeaders extends Ends {
  /** Type of service or traffic class. */
  readonly tos: number;
  /** Queue key, 32 bits: a network's VNI, or that of control messages. */
  readonly qkey: number;
}

interface InfinibandHeaders {
  /** Local identifiers of this port and of the remote one, 1-0xbfff. */
  readonly slid: number;
  readonly dlid: number;
  /** Service level, 0-15, and virtual lane, 0-14. */
  readonly sl: number;
  readonly vl: number;
  readonly qkey: number;
}

const OPCODE_UD_SEND_ONLY = 0x64;
/** The EtherType of a whole frame, and 16 zero bits. */
export const OVERLAY_HEADER: readonly number[] = [0x65, 0x58, 0, 0];

export function buildRoceTemplate({ qkey, ...outer }: RoceHeaders): Template {
  return buildTemplate({ ...outer, udpPort: ROCEV2_PORT, header: [...datagramHeaders(qkey), ...OVERLAY_HEADER] });
}

/** Link version 0; next header 2: a base transport header follows at once. */
export function buildInfinibandTemplate({ slid, dlid, sl, vl, qkey }: InfinibandHeaders): Template {
  const lrh = [vl << 4, (sl << 4) | 2, ...be16(dlid), 0, 0, ...be16(slid)];
  const bytes = Uint8Array.from([...lrh, ...datagramHeaders(qkey), ...OVERLAY_HEADER]);
  return { bytes, l3: 0, l4: lrh.length, ipSum: 0, udpSum: 0 };
}

/** BTH of a UD SEND in the default partition, of which the sender is a full member, and DETH; queue pairs and PSN zero. */
function datagramHeaders(qkey: number): number[] {
  const bth = [OPCODE_UD_SEND_ONLY, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
  return [...bth, ...be16(qkey >>> 16), ...be16(qkey & 0xffff), 0, 0, 0, 0];
}

function be16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}
