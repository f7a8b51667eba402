/**
 * A test bed for kernels: the bare data plane with one mbuf pool, no engine around it. Frames are laid into mbufs by hand,
 * records are read and poked by offset.
 */
import * as layout from "../../assembly/layout.js";
import type { Arena } from "../../src/memory.js";
import type { Kernels } from "../../src/wasm.js";
import { concat } from "./bytes.js";
import { type Build, testKernels } from "./engines.js";

export interface BedShape {
  readonly mbufs?: number;
  readonly headroomBytes?: number;
  readonly bufBytes?: number;
  /** Room in the arena for what the test takes itself. */
  readonly spareBytes?: number;
}

/** What a buffer holds that nothing was written to. */
export const UNTOUCHED = 0xa5;

export class Bed {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly pool: number;
  readonly mbufs: number;
  readonly headroomBytes: number;
  readonly bufBytes: number;
  readonly records: number;
  readonly buffers: number;
  /** Scratch for lists of addresses, BURST_MAX long. */
  readonly list: number;

  constructor(kernels: Kernels, arena: Arena, { mbufs = 32, headroomBytes = 128, bufBytes = 2112 }: BedShape) {
    this.kernels = kernels;
    this.arena = arena;
    this.mbufs = mbufs;
    this.headroomBytes = headroomBytes;
    this.bufBytes = bufBytes;
    this.pool = arena.take(layout.POOL_BYTES);
    this.records = arena.take(mbufs * layout.MBUF_BYTES);
    this.buffers = arena.take(mbufs * bufBytes);
    const stack = arena.take(mbufs * 4);
    this.list = arena.take(layout.BURST_MAX * 4);
    kernels.poolInit(this.pool, this.records, this.buffers, stack, mbufs, bufBytes, headroomBytes);
  }

  /** A frame in one mbuf a segment; its buffers' other bytes are UNTOUCHED. */
  frame(segments: Uint8Array | readonly Uint8Array[], wireLen?: number): number {
    const parts = segments instanceof Uint8Array ? [segments] : segments;
    const mbufs = parts.map((part) => this.#mbufOf(part));
    const [head, ...tail] = mbufs as [number, ...number[]];
    for (const m of tail) {
      if (this.kernels.chain(head, m, layout.SEGMENTS_MAX) !== 1) throw new Error("chain too long");
    }
    if (wireLen !== undefined) this.poke32(head + layout.MBUF_WIRE_LEN, wireLen);
    return head;
  }

  free(m: number): void {
    this.kernels.free(this.pool, m);
  }

  /** The addresses of a chain's mbufs. */
  segments(m: number): number[] {
    const list: number[] = [];
    for (let at = m; at !== 0; at = this.u32(at + layout.MBUF_NEXT)) list.push(at);
    return list;
  }

  /** A copy of a chain's bytes. */
  bytes(m: number): Uint8Array {
    return concat(
      ...this.segments(m).map((s) => this.view(this.u32(s + layout.MBUF_DATA), this.u32(s + layout.MBUF_LEN))),
    );
  }

  /** A copy of an mbuf's whole buffer. */
  buffer(m: number): Uint8Array {
    return this.view(this.u32(m + layout.MBUF_BUF), this.bufBytes).slice();
  }

  /** A copy of the records of a chain, one after the other. */
  recordsOf(m: number): Uint8Array {
    return concat(...this.segments(m).map((s) => this.view(s, layout.MBUF_BYTES)));
  }

  /** The list of addresses, written for a burst kernel. */
  listOf(...values: number[]): number {
    this.arena.u32.set(values, this.list >> 2);
    return this.list;
  }

  listed(n: number): number[] {
    return [...this.arena.u32.subarray(this.list >> 2, (this.list >> 2) + n)];
  }

  view(ptr: number, length: number): Uint8Array {
    return this.arena.u8.subarray(ptr, ptr + length);
  }

  u16(ptr: number): number {
    return this.arena.u16[ptr >> 1] as number;
  }

  u32(ptr: number): number {
    return this.arena.u32[ptr >> 2] as number;
  }

  u64(ptr: number): bigint {
    return this.arena.u64[ptr >> 3] as bigint;
  }

  poke32(ptr: number, value: number): void {
    this.arena.u32[ptr >> 2] = value;
  }

  /** A full round over the pool and the given chains: where every mbuf is. */
  census(...chains: number[]): { free: number; held: number; doubles: number } {
    this.kernels.censusBegin(this.pool);
    const free = this.kernels.censusPool(this.pool);
    const held = chains.reduce((sum, m) => sum + this.kernels.censusChain(this.pool, m), 0);
    return { free, held, doubles: this.kernels.censusDoubles(this.pool) };
  }

  #mbufOf(bytes: Uint8Array): number {
    const m = this.kernels.alloc(this.pool);
    if (m === 0) throw new Error("the bed's pool is empty");
    this.view(this.u32(m + layout.MBUF_BUF), this.bufBytes).fill(UNTOUCHED);
    const at = this.kernels.append(m, bytes.length, this.bufBytes);
    if (at === 0) throw new Error(`no room for ${bytes.length} bytes`);
    this.arena.u8.set(bytes, at);
    return m;
  }
}

export async function makeBed(build: Build, shape: BedShape = {}): Promise<Bed> {
  const { mbufs = 32, bufBytes = 2112, spareBytes = 65536 } = shape;
  const bytes =
    mbufs * (layout.MBUF_BYTES + bufBytes + 4) + layout.POOL_BYTES + layout.BURST_MAX * 4 + spareBytes + 1024;
  const { kernels, arena } = await testKernels(bytes, build);
  return new Bed(kernels, arena, shape);
}
