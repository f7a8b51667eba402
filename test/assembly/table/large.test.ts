import { expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { tableBytes, tableShape } from "../../../src/table/shape.js";
import { testKernels } from "../../helpers/engines.js";

/** The most entries a table may have. One key's bytes are its number, times an odd constant, in each of its words. */
const ENTRIES = layout.TABLE_CAPACITY_MAX;
const BURST = layout.BURST_MAX;

test("2^24 entries: every insert finds room, and every key its value", async () => {
  const shape = tableShape(16, ENTRIES);
  const { kernels, arena } = await testKernels(tableBytes(shape) + layout.TABLE_BYTES + 64 * BURST, "release");
  const table = arena.take(layout.TABLE_BYTES);
  const buckets = arena.take(tableBytes(shape));
  const keys = arena.take(16 * BURST) >> 2;
  const ptrs = arena.take(4 * BURST);
  const out = arena.take(4 * BURST);
  const { u32 } = arena;
  for (let i = 0; i < BURST; i++) u32[(ptrs >> 2) + i] = (keys << 2) + i * 16;
  const writeKeys = (from: number) => {
    for (let i = 0; i < BURST; i++) {
      for (let word = 0; word < 4; word++) u32[keys + i * 4 + word] = Math.imul(from + i, 0x9e3779b1) + word;
    }
  };

  kernels.tableInit(table, buckets, shape.buckets, 16, ENTRIES, 0x1234_5678_9abc_def0n);
  let refused = 0;
  for (let from = 0; from < ENTRIES; from += BURST) {
    writeKeys(from);
    for (let i = 0; i < BURST; i++) {
      if (kernels.tableInsert(table, (keys << 2) + i * 16, from + i) !== layout.TABLE_INSERTED) refused++;
    }
  }
  expect(refused).toBe(0);
  writeKeys(ENTRIES);
  expect(kernels.tableInsert(table, keys << 2, 1)).toBe(layout.TABLE_FULL);
  expect(kernels.tableLookupBurst(table, ptrs, out, BURST)).toBe(0);

  let wrong = 0;
  for (let from = 0; from < ENTRIES; from += BURST) {
    writeKeys(from);
    if (kernels.tableLookupBurst(table, ptrs, out, BURST) !== BURST) wrong++;
    for (let i = 0; i < BURST; i++) if (u32[(out >> 2) + i] !== from + i) wrong++;
  }
  expect(wrong).toBe(0);

  kernels.tableStats(table, out);
  const stat = (offset: number) => u32[(out + offset) >> 2] as number;
  expect(stat(layout.STATS_ENTRIES)).toBe(ENTRIES);
  expect(stat(layout.STATS_LONGEST)).toBe(2);
  expect(stat(layout.STATS_SECOND) / ENTRIES).toBeLessThan(0.15);
});
