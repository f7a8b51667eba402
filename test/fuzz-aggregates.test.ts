import { describe, expect, test } from "vitest";
import * as layout from "../assembly/layout.js";
import { makeAggregateBed } from "./helpers/aggregate.js";
import type { Build } from "./helpers/engines.js";
import { Random } from "./helpers/property.js";
import { packMessages, type StreamMessage, unpackMessages } from "./model/stream.js";

/** Each aggregate ends with the memory, so that whatever reads or writes behind it traps. */
const RUNS: readonly [build: Build, aggregates: number][] = [
  ["release", 500_000],
  ["debug", 500_000],
];
const MESSAGES = 24;
const BYTES = 16_384;
/** Halves of a word with flags and length that mean something. */
const TELLING = [0, 1, 2, 6, 0x0f, 0x10, 0x20, 0x2f, 0x40, 0x4f, 0x50, 0x60, 0x80, 0xa0, 0xc0, 0xf0, 0xff];
const SOUND_FLAGS = [0, 0, 0, 0, 1, 2, 4, 5, 8, 9];

describe.each(RUNS)("%s build", (build, aggregates) => {
  test(`${aggregates} mutated aggregates: the twin's verdict, its records, and no byte besides`, async () => {
    const bed = await makeAggregateBed(build, MESSAGES, BYTES);
    const random = new Random(aggregates);
    const corpus = Array.from({ length: 600 }, (_, i) => someAggregate(random, i % 20 === 0));
    const verdicts = new Map<number, number>();
    for (let done = 0; done < aggregates; done++) {
      const bytes = mutated(random, random.pick(corpus));
      const max = random.below(8) === 0 ? random.below(MESSAGES + 1) : MESSAGES;
      const twin = unpackMessages(bytes, max);
      const from = bed.layAtEnd(bytes);
      bed.clearRecords();
      const count = bed.kernels.streamUnpackBurst(from, bytes.length, bed.records, max);
      const expected = twin.fault === layout.FAULT_NONE ? twin.messages.length : -twin.fault;
      if (count !== expected) expect({ count, bytes }).toEqual({ count: expected, bytes });
      for (const [i, { stream, sequence, flags, at, data }] of twin.messages.entries()) {
        const record = bed.record(i);
        const same = [from + at, data.length, stream, sequence, flags].every((value, k) => value === record[k]);
        if (!same) expect(record).toEqual([from + at, data.length, stream, sequence, flags]);
      }
      if (!bed.areUntouched(count < 0 ? max : count)) expect.fail(`a record too many of ${bytes}`);
      if (Buffer.compare(bed.u8.subarray(from), bytes) !== 0) expect.fail(`${bytes} was written to`);
      verdicts.set(twin.fault, (verdicts.get(twin.fault) ?? 0) + 1);
    }
    // Every fault that an aggregate can have, and sound ones too, often enough to mean something.
    for (let fault = layout.FAULT_NONE; fault <= layout.FAULT_SHORT_REST; fault++) {
      expect(verdicts.get(fault) ?? 0, `fault ${fault}`).toBeGreaterThan(aggregates / 500);
    }
  });
});

function someAggregate(random: Random, long: boolean): Uint8Array {
  const messages = Array.from({ length: random.between(1, 16) }, (): StreamMessage => {
    const flags = random.pick(SOUND_FLAGS);
    const length = flags & layout.STREAM_F_RST ? 0 : random.between(1, 40);
    return { stream: random.below(0x10000), sequence: random.below(0x10000), flags, data: random.bytes(length) };
  });
  if (long) messages.push({ stream: 1, sequence: 2, flags: 0, data: random.bytes(random.between(4090, 4300)) });
  return packMessages(messages, BYTES).bytes;
}

/** As it was in one of eight; else changed in one to three places, mostly in sub-headers. */
function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  const places = random.below(8) === 0 ? 0 : random.between(1, 3);
  let data = bytes.slice();
  for (let n = 0; n < places && data.length > 0; n++) {
    const at = random.below(4) === 0 ? random.below(data.length) : flagsAt(random, data);
    switch (random.below(6)) {
      case 0:
        data[at] = (data[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        data[at] = random.pick(TELLING);
        break;
      case 2:
        data = data.slice(0, random.below(3) === 0 ? at : data.length - random.below(Math.min(8, data.length)));
        break;
      case 3:
        data.copyWithin(at, random.below(data.length));
        break;
      case 4:
        data = Uint8Array.from([...data.subarray(0, 600), ...random.bytes(random.between(1, 12))]);
        break;
      default:
        data.set(random.bytes(Math.min(2, data.length - at)), at);
    }
  }
  return data;
}

/** The place of some sub-header's flags, going from sub-frame to sub-frame. */
function flagsAt(random: Random, data: Uint8Array): number {
  let at = 0;
  for (let hops = random.below(6); hops > 0; hops--) {
    const next = at + 6 + ((((data[at + 4] ?? 0) << 8) | (data[at + 5] ?? 0)) & 0xfff);
    if (next + 6 > data.length) break;
    at = next;
  }
  return Math.min(at + 4 + random.below(2), data.length - 1);
}
