/** Sections longer than what is planned at first: every number is where it was written, also the one for which the bytes grew. */
import { expect, it } from "vitest";
import { SectionReader } from "../../../src/migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../../src/migrate/state/bytes/section-writer.js";

it("keeps every number across each growth, of any width", () => {
  for (let lead = 0; lead < 16; lead++) {
    const writer = new SectionWriter(1);
    writer.zeros(lead);
    for (let i = 1; i <= 100; i++)
      writer
        .u8(i)
        .u16(i * 257)
        .u32(i * 0x01010101)
        .u64(BigInt(i) << 56n);
    const reader = new SectionReader(writer.done());
    reader.zeros("lead", lead);
    for (let i = 1; i <= 100; i++) {
      const read = [reader.u8("a"), reader.u16("b"), reader.u32("c"), reader.u64("d")];
      expect(read, `${i} behind ${lead}`).toEqual([i, i * 257, i * 0x01010101, BigInt(i) << 56n]);
    }
    reader.end();
  }
});
