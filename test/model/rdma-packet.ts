/** RoCEv2 packets taken apart field by field: IBTA volume 1, 9.2 and 9.3, and annex A17. */
import { icrcOf } from "./crc.js";

export interface RdmaPacket {
  readonly isIpv4: boolean;
  readonly sourceMac: string;
  readonly destMac: string;
  readonly source: Uint8Array;
  readonly dest: Uint8Array;
  readonly sourcePort: number;
  readonly op: number;
  readonly solicited: boolean;
  readonly destQpn: number;
  readonly ackRequest: boolean;
  readonly psn: number;
  readonly reth?: { va: bigint; key: number; length: number };
  readonly aeth?: { syndrome: number; msn: number };
  readonly imm?: number;
  readonly atomic?: { va: bigint; key: number; swapAdd: bigint; compare: bigint };
  readonly original?: bigint;
  readonly deth?: { qkey: number; sourceQpn: number };
  readonly payload: Uint8Array;
  /** From the UDP header to the end of the payload's pad. */
  readonly transport: Uint8Array;
  readonly icrcHolds: boolean;
}

const RETHS = [6, 10, 11, 12];
const IMMS = [3, 5, 9, 11, 0x65];
const AETHS = [13, 15, 16, 17, 18];
const ATOMICS = [19, 20];
const ATOMIC_ACK = 18;

/** A frame without VLAN tag whose lengths are right. */
export function decode(frame: Uint8Array): RdmaPacket {
  const isIpv4 = (frame[14] as number) >> 4 === 4;
  const l3 = 14;
  const l4 = l3 + (isIpv4 ? 20 : 40);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const end = l4 + view.getUint16(l4 + 4);
  const bth = l4 + 8;
  const op = frame[bth] as number;
  const pad = ((frame[bth + 1] as number) >> 4) & 3;
  let at = bth + 12;
  const take = (bytes: number) => {
    at += bytes;
    return at - bytes;
  };
  const u32 = (off: number) => view.getUint32(off);
  const deth = op >> 5 === 3 ? take(8) : undefined;
  const reth = RETHS.includes(op) ? take(16) : undefined;
  const atomic = ATOMICS.includes(op) ? take(28) : undefined;
  const aeth = AETHS.includes(op) ? take(4) : undefined;
  const original = op === ATOMIC_ACK ? take(8) : undefined;
  const imm = IMMS.includes(op) ? take(4) : undefined;
  const packet = frame.slice(l3, end);
  return {
    isIpv4,
    destMac: macOf(frame.subarray(0, 6)),
    sourceMac: macOf(frame.subarray(6, 12)),
    source: frame.slice(...(isIpv4 ? ([26, 30] as const) : ([22, 38] as const))),
    dest: frame.slice(...(isIpv4 ? ([30, 34] as const) : ([38, 54] as const))),
    sourcePort: view.getUint16(l4),
    op,
    solicited: ((frame[bth + 1] as number) & 0x80) !== 0,
    destQpn: u32(bth + 4) & 0xffffff,
    ackRequest: ((frame[bth + 8] as number) & 0x80) !== 0,
    psn: u32(bth + 8) & 0xffffff,
    ...(deth !== undefined && { deth: { qkey: u32(deth), sourceQpn: u32(deth + 4) & 0xffffff } }),
    ...(reth !== undefined && { reth: { va: view.getBigUint64(reth), key: u32(reth + 8), length: u32(reth + 12) } }),
    ...(atomic !== undefined && {
      atomic: {
        va: view.getBigUint64(atomic),
        key: u32(atomic + 8),
        swapAdd: view.getBigUint64(atomic + 12),
        compare: view.getBigUint64(atomic + 20),
      },
    }),
    ...(aeth !== undefined && { aeth: { syndrome: frame[aeth] as number, msn: u32(aeth) & 0xffffff } }),
    ...(original !== undefined && { original: view.getBigUint64(original) }),
    ...(imm !== undefined && { imm: u32(imm) }),
    payload: frame.slice(at, end - 4 - pad),
    transport: frame.slice(l4, end - 4),
    icrcHolds: view.getUint32(end - 4, true) === icrcOf(isIpv4 ? "ipv4" : "ipv6", packet) >>> 0,
  };
}

function macOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
