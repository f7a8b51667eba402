/** TCP segments as frames, field by field: what tests of connections' health say of a segment. */
import { concat, u16, u32 } from "./bytes.js";
import * as f from "./frames.js";

export interface End {
  /** Four bytes or sixteen. */
  readonly ip: readonly number[];
  readonly port: number;
}

export const ALICE: End = { ip: [10, 0, 0, 1], port: 40_000 };
export const BOB: End = { ip: [10, 0, 0, 2], port: 80 };
export const ALICE6: End = { ip: f.IPV6_A, port: 40_000 };
export const BOB6: End = { ip: f.IPV6_B, port: 80 };

export interface Segment {
  readonly from: End;
  readonly to: End;
  readonly seq: number;
  readonly ack?: number | undefined;
  /** Letters of SYN, FIN, RST and PSH; ACK is on when there is an ack. */
  readonly flags?: string;
  readonly window?: number;
  readonly bytes?: number;
  /** TSval and TSecr. */
  readonly stamps?: readonly [number, number] | undefined;
  /** Options before the timestamps, a multiple of 4 bytes. */
  readonly options?: ArrayLike<number>;
}

/** NOP, window scale. */
export const windowScale = (shift: number) => [1, 3, 3, shift];

export function segmentFrame(s: Segment, ip: f.Ipv4Options = {}): Uint8Array {
  const stamps = s.stamps ? [1, 1, 8, 10, ...u32(s.stamps[0]), ...u32(s.stamps[1])] : [];
  const options = concat(s.options ?? [], stamps);
  const bits = { F: 1, S: 2, R: 4, P: 8 } as Record<string, number>;
  const flags = [...(s.flags ?? "")].reduce(
    (sum, letter) => sum | (bits[letter] as number),
    s.ack === undefined ? 0 : 16,
  );
  const header = concat(
    [...u16(s.from.port), ...u16(s.to.port), ...u32(s.seq), ...u32(s.ack ?? 0)],
    [(5 + options.length / 4) << 4, flags, ...u16(s.window ?? 500), 0, 0, 0, 0],
    options,
    new Uint8Array(s.bytes ?? 0).fill(0x5a),
  );
  const inside = f.checksummed(6, header, 16);
  const ends = { src: s.from.ip, dst: s.to.ip };
  return f.ethernet(s.from.ip.length === 4 ? f.ipv4(inside, { ...ip, ...ends }) : f.ipv6(inside, ends));
}
