/** The kernels that pack and unpack, over memory at whose very end they work: a byte read or written beyond it traps. */
import fc from "fast-check";
import * as layout from "../../assembly/layout.js";
import type { StreamMessage } from "../model/stream.js";
import { UNTOUCHED } from "./bed.js";
import { type Build, testKernels } from "./engines.js";

export const GUARD_BYTES = 64;

export async function makeAggregateBed(build: Build, maxMessages: number, bytes: number) {
  const { raw: kernels, arena } = await testKernels(2 * bytes + maxMessages * layout.MESSAGE_BYTES + 1024, build);
  const { u8, u16, u32 } = arena;
  const aggregate = arena.take(layout.AGGREGATE_BYTES);
  const records = arena.take(maxMessages * layout.MESSAGE_BYTES + GUARD_BYTES);
  const data = arena.take(bytes);
  const end = u8.length;
  const word = (offset: number) => u32[(aggregate + offset) >> 2] as number;

  return {
    kernels,
    u8,
    aggregate,
    records,
    word,
    data,
    end,
    /** Lays bytes so that the last is the memory's last; their address. */
    layAtEnd(some: Uint8Array): number {
      u8.set(some, end - some.length);
      return end - some.length;
    },
    /** A message's record, its bytes anywhere. */
    putRecord(i: number, { stream, sequence, flags }: StreamMessage, ptr: number, len: number): void {
      const at = records + i * layout.MESSAGE_BYTES;
      u32[(at + layout.MESSAGE_PTR) >> 2] = ptr;
      u32[(at + layout.MESSAGE_LEN) >> 2] = len;
      u16[(at + layout.MESSAGE_STREAM) >> 1] = stream;
      u16[(at + layout.MESSAGE_SEQUENCE) >> 1] = sequence;
      u32[(at + layout.MESSAGE_FLAGS) >> 2] = flags;
    },
    /** What a record says: address, length, stream, sequence, flags. */
    record(i: number): [ptr: number, len: number, stream: number, sequence: number, flags: number] {
      const at = records + i * layout.MESSAGE_BYTES;
      return [
        u32[(at + layout.MESSAGE_PTR) >> 2] as number,
        u32[(at + layout.MESSAGE_LEN) >> 2] as number,
        u16[(at + layout.MESSAGE_STREAM) >> 1] as number,
        u16[(at + layout.MESSAGE_SEQUENCE) >> 1] as number,
        u32[(at + layout.MESSAGE_FLAGS) >> 2] as number,
      ];
    },
    /** Makes the records and the guard behind them 0xa5. */
    clearRecords(): void {
      u8.fill(UNTOUCHED, records, records + maxMessages * layout.MESSAGE_BYTES + GUARD_BYTES);
    },
    /** Whether the records from the i-th on, and the guard, are still 0xa5. */
    areUntouched(i: number): boolean {
      const all = u8.subarray(
        records + i * layout.MESSAGE_BYTES,
        records + maxMessages * layout.MESSAGE_BYTES + GUARD_BYTES,
      );
      return all.every((byte) => byte === UNTOUCHED);
    },
  };
}

export type AggregateBed = Awaited<ReturnType<typeof makeAggregateBed>>;

/** Every length class of the copy, and both sides of what 12 bits can say. */
const LENGTHS = [1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 48, 63, 64, 65, 80, 128, 300, 641, 1500, 4094, 4095, 4096, 5000];
const SOUND_FLAGS = [0, 1, 2, 3, 4, 5, 8, 9];
const sixteenBits = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff));

/** Messages that have a form. */
export const anyMessage: fc.Arbitrary<StreamMessage> = fc
  .record({
    stream: sixteenBits,
    sequence: sixteenBits,
    flags: fc.constantFrom(0, 0, 0, ...SOUND_FLAGS),
    length: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...LENGTHS) }, fc.integer({ min: 1, max: 100 })),
    empty: fc.boolean(),
    first: fc.nat(255),
  })
  .map(({ stream, sequence, flags, length, empty, first }) => {
    const isFin = (flags & layout.STREAM_F_FIN) !== 0;
    const most = isFin ? layout.SUB_LENGTH_MAX : length;
    const len = (flags & layout.STREAM_F_RST) !== 0 || (isFin && empty) ? 0 : Math.min(length, most);
    const data = Uint8Array.from({ length: len }, (_, i) => (first + i * 7) & 0xff);
    return { stream, sequence, flags, data };
  });
