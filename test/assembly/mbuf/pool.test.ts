import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { holdsAsync } from "../../helpers/property.js";
import { type Chain, lengthOf, ModelPool } from "../../model/mbuf.js";

const MBUFS = 12;
const SHAPE = { mbufs: MBUFS, headroomBytes: 48, bufBytes: 192 };
const SEGMENTS_MAX = 4;
const REFUSED = 0xffff_ffff;

/** One step: which operation, on which chains, how much. Chains are picked modulo how many there are. */
const step = fc.record({
  op: fc.constantFrom(
    ...([
      "alloc",
      "bulk",
      "burst",
      "free",
      "freeBurst",
      "retain",
      "chain",
      "prepend",
      "append",
      "adj",
      "trim",
      "linearize",
    ] as const),
  ),
  a: fc.nat(1000),
  b: fc.nat(1000),
  amount: fc.oneof(fc.nat(20), fc.nat(200)),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The pool and its model, side by side. Each owner of a chain has an entry of its own. */
class Pair {
  readonly bed: Bed;
  readonly model = new ModelPool(MBUFS, SHAPE.bufBytes, SHAPE.headroomBytes);
  readonly owned: Chain[] = [];
  #next = 0;

  constructor(bed: Bed) {
    this.bed = bed;
  }

  run({ op, a, b, amount }: Step): void {
    const chain = this.owned[a % this.owned.length];
    if (op === "alloc" || op === "bulk" || op === "burst") this.#alloc(op, op === "alloc" ? 1 : b % 6);
    else if (!chain) return;
    else if (op === "free") this.#free(chain);
    else if (op === "freeBurst")
      this.#freeBurst(this.owned.slice(a % this.owned.length, (a % this.owned.length) + (b % 5)));
    else if (op === "retain") this.#retain(chain);
    else if (op === "chain") this.#chain(chain, this.owned[b % this.owned.length] as Chain);
    else {
      const m = addressOf(chain);
      const before = this.bed.recordsOf(m);
      if (!this[op](chain, m, amount)) expect(this.bed.recordsOf(m), `${op} refused, yet wrote`).toEqual(before);
    }
  }

  prepend(chain: Chain, m: number, amount: number): boolean {
    const bytes = this.#fresh(amount % 60);
    return this.#write(this.bed.kernels.prepend(m, bytes.length), bytes, this.model.prepend(chain, bytes));
  }

  append(chain: Chain, m: number, amount: number): boolean {
    const bytes = this.#fresh(amount);
    const at = this.bed.kernels.append(m, bytes.length, SHAPE.bufBytes);
    return this.#write(at, bytes, this.model.append(chain, bytes));
  }

  adj(chain: Chain, m: number, amount: number): boolean {
    const done = this.model.adj(chain, amount);
    expect(this.bed.kernels.adj(m, amount) !== 0).toBe(done);
    return done;
  }

  trim(chain: Chain, m: number, amount: number): boolean {
    const done = this.model.trim(chain, amount);
    expect(this.bed.kernels.trim(m, amount)).toBe(done ? 1 : 0);
    return done;
  }

  linearize(chain: Chain, m: number): boolean {
    const copied = this.model.linearize(chain);
    expect(this.bed.kernels.linearize(this.bed.pool, m) >>> 0).toBe(copied ?? REFUSED);
    return copied !== undefined;
  }

  /** Everything that both sides can be asked. */
  compare(): void {
    const { bed, model } = this;
    expect(bed.u32(bed.pool + layout.POOL_FREE_COUNT)).toBe(model.free);
    for (const chain of this.owned) {
      const m = addressOf(chain);
      expect(bed.segments(m)).toEqual(chain.map((segment) => segment.name));
      expect([...bed.bytes(m)]).toEqual(chain.flatMap((segment) => segment.bytes));
      expect(bed.kernels.headroom(m)).toBe(chain[0]?.start);
      expect(bed.u32(m + layout.MBUF_PKT_LEN)).toBe(lengthOf(chain));
      expect(bed.u32(m + layout.MBUF_WIRE_LEN)).toBe(lengthOf(chain));
      expect(bed.u16(m + layout.MBUF_SEGMENTS)).toBe(chain.length);
      expect(chain.map((segment) => bed.u16(segment.name + layout.MBUF_REF_COUNT))).toEqual(chain.map((s) => s.owners));
    }
    const census = bed.census(...this.owned.map(addressOf));
    expect(census).toEqual({ free: model.free, held: model.live.size, doubles: 0 });
  }

  #alloc(op: "alloc" | "bulk" | "burst", asked: number): void {
    const { kernels, pool, list } = this.bed;
    const { free } = this.model;
    const kernel = op === "bulk" ? kernels.allocBulk : kernels.allocBurst;
    const given =
      op === "alloc" ? [kernels.alloc(pool)].filter((m) => m !== 0) : this.bed.listed(kernel(pool, list, asked));
    expect(given.length).toBe(asked <= free ? asked : op === "bulk" ? 0 : free);
    for (const m of given) {
      expect((m - this.bed.records) % layout.MBUF_BYTES).toBe(0);
      this.owned.push(this.model.given(m));
    }
  }

  #free(chain: Chain): void {
    this.model.release(chain);
    this.owned.splice(this.owned.indexOf(chain), 1);
    this.bed.kernels.free(this.bed.pool, addressOf(chain));
  }

  #freeBurst(chains: readonly Chain[]): void {
    for (const chain of chains) {
      this.model.release(chain);
      this.owned.splice(this.owned.indexOf(chain), 1);
    }
    this.bed.kernels.freeBurst(this.bed.pool, this.bed.listOf(...chains.map(addressOf)), chains.length);
  }

  #retain(chain: Chain): void {
    this.model.retain(chain);
    this.owned.push(chain);
    this.bed.kernels.retain(addressOf(chain));
  }

  #chain(head: Chain, tail: Chain): void {
    // A chain with two owners cannot be hung up or hung onto: the other owner would not know.
    if (head === tail || [...head, ...tail].some((segment) => segment.owners > 1)) return;
    const fits = head.length + tail.length <= SEGMENTS_MAX;
    const before = this.bed.recordsOf(addressOf(head));
    expect(this.bed.kernels.chain(addressOf(head), addressOf(tail), SEGMENTS_MAX)).toBe(fits ? 1 : 0);
    if (fits) {
      head.push(...tail);
      this.owned.splice(this.owned.indexOf(tail), 1);
    } else expect(this.bed.recordsOf(addressOf(head))).toEqual(before);
  }

  #write(at: number, bytes: number[], done: boolean): boolean {
    expect(at !== 0).toBe(done);
    if (done) this.bed.arena.u8.set(bytes, at);
    return done;
  }

  /** Bytes that were not written before. */
  #fresh(length: number): number[] {
    return Array.from({ length }, () => {
      this.#next = (this.#next + 37) % 251;
      return this.#next + 1;
    });
  }
}

function addressOf(chain: Chain): number {
  return chain[0]?.name ?? 0;
}

describe.each(BUILDS)("the pool is its model (%s build)", (build) => {
  test("after any sequence of operations, with the census after each", async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 120 }), async (steps) => {
      const pair = new Pair(await makeBed(build, SHAPE));
      for (const one of steps) {
        pair.run(one);
        pair.compare();
      }
    });
    await holdsAsync(property, 60);
  });

  test("the buffer freed last is given out first", async () => {
    const bed = await makeBed(build, SHAPE);
    const [a, b] = [bed.kernels.alloc(bed.pool), bed.kernels.alloc(bed.pool)];
    bed.free(a);
    bed.free(b);
    expect(bed.kernels.alloc(bed.pool)).toBe(b);
    expect(bed.kernels.alloc(bed.pool)).toBe(a);
  });

  test("an alloc that finds too few is counted: once a call, and bulk takes nothing", async () => {
    const bed = await makeBed(build, SHAPE);
    const { kernels, pool, list } = bed;
    const empty = () => bed.u64(pool + layout.POOL_EMPTY);
    expect(kernels.allocBulk(pool, list, MBUFS + 1)).toBe(0);
    expect([bed.census().free, empty()]).toEqual([MBUFS, 1n]);
    expect(kernels.allocBurst(pool, list, MBUFS + 1)).toBe(MBUFS);
    expect(new Set(bed.listed(MBUFS)).size).toBe(MBUFS);
    expect([bed.u32(pool + layout.POOL_FREE_COUNT), empty()]).toEqual([0, 2n]);
    expect(kernels.alloc(pool)).toBe(0);
    expect(empty()).toBe(3n);
    kernels.freeBurst(pool, list, MBUFS);
    expect(bed.census()).toEqual({ free: MBUFS, held: 0, doubles: 0 });
  });

  test("buffers do not overlap: a byte pattern of each survives writing all others", async () => {
    const bed = await makeBed(build, SHAPE);
    bed.kernels.allocBulk(bed.pool, bed.list, MBUFS);
    const mbufs = bed.listed(MBUFS);
    for (const [i, m] of mbufs.entries()) bed.view(bed.u32(m), SHAPE.bufBytes).fill(i + 1);
    for (const [i, m] of mbufs.entries()) expect(bed.buffer(m).every((byte) => byte === i + 1)).toBe(true);
  });
});
