/** Chunks put together again, and every way in which they can be wrong. */
import { describe, expect, it } from "vitest";
import { StateAssembly } from "../../../src/migrate/move/assembly.js";
import { type Chunk, chunksOf, manifestOf, type Section } from "../../../src/migrate/move/section.js";
import { counting } from "../../helpers/bytes.js";
import { crc32c } from "./crc32c.js";

const SECTIONS: readonly Section[] = [
  { adapter: "a0", name: "queues", bytes: counting(1000), dirty: 0 },
  { adapter: "a0", name: "none", bytes: new Uint8Array(), dirty: 0 },
  { adapter: "a1", name: "queues", bytes: counting(300), dirty: 0 },
];
const CHUNKS = SECTIONS.flatMap((section) => chunksOf(section, 256, crc32c));
const MANIFEST = manifestOf(SECTIONS, crc32c);

function filled(chunks: readonly Chunk[] = CHUNKS, maxBytes = 4096): StateAssembly {
  const assembly = new StateAssembly(["a0", "a1"], maxBytes, crc32c);
  for (const chunk of chunks) expect(assembly.add(chunk)).toBeUndefined();
  return assembly;
}

describe("StateAssembly", () => {
  it("has the published check value of its digest", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });

  it("gives the sections back", () => {
    expect(CHUNKS.length).toBe(7);
    expect(filled().finish(MANIFEST)).toEqual(SECTIONS);
    expect(filled().lenBytes).toBe(1300);
  });

  it("takes a later round of a section in place of the earlier one", () => {
    const newer = { adapter: "a0", name: "queues", bytes: counting(10), dirty: 1 };
    const assembly = filled([...CHUNKS, ...chunksOf(newer, 256, crc32c)]);
    expect(assembly.lenBytes).toBe(310);
    expect(assembly.finish(MANIFEST)).toBe("missing");
    const sections = [newer, ...SECTIONS.slice(1)];
    expect(assembly.finish(manifestOf(sections, crc32c))).toEqual(sections);
  });

  it("refuses each flipped bit by its digest", () => {
    const [chunk] = CHUNKS as [Chunk];
    for (let bit = 0; bit < 8 * chunk.bytes.length; bit++) {
      const bytes = chunk.bytes.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(filled([]).add({ ...chunk, bytes })).toBe("chunk-digest");
    }
  });

  it("refuses chunks out of order, too much, and what is not the VM's", () => {
    const [first, second] = CHUNKS as [Chunk, Chunk];
    expect(filled([]).add(second)).toBe("chunk-order");
    expect(filled([first, second]).add(second)).toBe("chunk-order");
    expect(filled([first]).add({ ...second, totalBytes: 1001 })).toBe("chunk-order");
    expect(filled([]).add({ ...first, totalBytes: 0.5 })).toBe("chunk-order");
    expect(filled([], 999).add(first)).toBe("too-long");
    expect(filled([]).add({ ...first, adapter: "a2" })).toBe("foreign-adapter");
  });

  it("refuses a state that is not what was sent", () => {
    expect(filled(CHUNKS.slice(0, -1)).finish(MANIFEST)).toBe("missing");
    expect(filled().finish({ ...MANIFEST, digest: MANIFEST.digest ^ 1 })).toBe("state-digest");
  });
});
