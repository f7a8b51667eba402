import { describe, expect, test } from "vitest";
import { ChunkCursor } from "../../src/capture/chunks.js";
import { CaptureError } from "../../src/errors.js";

function bytes(from: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => from + i);
}

describe("ChunkCursor", () => {
  test("a record inside a chunk is a view into that chunk", () => {
    const cursor = new ChunkCursor();
    const chunk = bytes(0, 32).subarray(4, 20);
    cursor.push(chunk);
    expect(cursor.has(6)).toBe(true);
    const span = cursor.span(cursor.pos + 2, 4);
    expect([...span]).toEqual([6, 7, 8, 9]);
    expect(span.buffer).toBe(chunk.buffer);
    expect(cursor.view.getUint8(cursor.pos)).toBe(4);
  });

  test("a record over three chunks is gathered, and what follows is a view again", () => {
    const cursor = new ChunkCursor();
    const last = bytes(5, 10);
    cursor.push(bytes(0, 3));
    cursor.push(bytes(3, 2));
    expect(cursor.has(7)).toBe(false);
    cursor.push(last);
    expect(cursor.has(7)).toBe(true);
    expect([...cursor.span(cursor.pos, 7)]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    cursor.advance(7);
    expect(cursor.offset).toBe(7);
    expect(cursor.has(8)).toBe(true);
    expect([...cursor.span(cursor.pos, 8)]).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
    expect(cursor.span(cursor.pos, 8).buffer).toBe(last.buffer);
  });

  test("once it lacks bytes, the chunk may be overwritten", () => {
    const cursor = new ChunkCursor();
    const chunk = bytes(0, 5);
    cursor.push(chunk);
    cursor.has(2);
    cursor.advance(2);
    expect(cursor.has(4)).toBe(false);
    chunk.fill(0xa5);
    cursor.push(bytes(5, 1));
    expect(cursor.has(4)).toBe(true);
    expect([...cursor.span(cursor.pos, 4)]).toEqual([2, 3, 4, 5]);
  });

  test("an answer can grow: first the header, then the record", () => {
    const cursor = new ChunkCursor();
    for (let i = 0; i < 40; i++) cursor.push(bytes(i, 1));
    expect(cursor.has(16)).toBe(true);
    expect(cursor.has(40)).toBe(true);
    expect([...cursor.span(cursor.pos, 40)]).toEqual([...bytes(0, 40)]);
    expect(cursor.has(41)).toBe(false);
    expect(cursor.unread).toBe(40);
  });

  test("a claim of 64 MiB takes no memory before the bytes arrive", () => {
    const cursor = new ChunkCursor();
    cursor.push(bytes(0, 100));
    expect(cursor.has(64 << 20)).toBe(false);
    expect(cursor.bytes.length).toBeLessThanOrEqual(65_536);
  });

  test("a megabyte in chunks of one byte", () => {
    const cursor = new ChunkCursor();
    const total = 1 << 20;
    for (let i = 0; i < total; i++) {
      cursor.push(Uint8Array.of(i % 251));
      if (cursor.has(total) !== (i === total - 1)) throw new Error(`wrong answer after ${i + 1} bytes`);
    }
    expect(cursor.span(cursor.pos, total).every((byte, i) => byte === i % 251)).toBe(true);
  });

  test("empty chunks change nothing; damage is reported at the cursor", () => {
    const cursor = new ChunkCursor();
    cursor.push(new Uint8Array(0));
    expect(cursor.has(1)).toBe(false);
    expect(cursor.has(0)).toBe(true);
    cursor.push(bytes(0, 9));
    cursor.has(9);
    cursor.advance(5);
    const error = cursor.damage("odd");
    expect(error).toBeInstanceOf(CaptureError);
    expect(error.byteOffset).toBe(5);
    expect(error.message).toBe("damaged capture at byte 5: odd");
  });
});
