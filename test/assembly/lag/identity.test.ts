import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { Addresses, identityKey } from "../../../src/lag/addresses.js";
import { type GroupRecord, identityBucketCount } from "../../../src/lag/group-record.js";
import type { Arena } from "../../../src/memory.js";
import type { Kernels } from "../../../src/wasm.js";
import { UNTOUCHED } from "../../helpers/bed.js";
import { BUILDS, type Build, testKernels } from "../../helpers/engines.js";
import { holdsAsync, Random } from "../../helpers/property.js";

const GUARD_BYTES = 64;
const PARTITIONS = 3;
const WORD = 2n ** 64n;

/** An identity with guards around its buckets, and records whose learned counts it keeps. */
class TestIdentity {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly count: number;
  readonly ptr: number;
  readonly buckets: number;
  readonly partitions: number[];
  readonly #before: number;
  readonly #end: number;

  constructor(kernels: Kernels, arena: Arena, count: number) {
    this.kernels = kernels;
    this.arena = arena;
    this.count = count;
    this.ptr = arena.take(layout.IDENTITY_BYTES);
    this.partitions = Array.from({ length: PARTITIONS }, () => arena.take(layout.PARTITION_BYTES));
    this.#before = arena.take(GUARD_BYTES);
    this.buckets = arena.take((count + 1) * layout.IDENTITY_BUCKET_BYTES);
    this.#end = this.buckets + (count + 1) * layout.IDENTITY_BUCKET_BYTES;
    arena.take(GUARD_BYTES);
    arena.u8.fill(UNTOUCHED, this.#before, this.#end + GUARD_BYTES);
  }

  init(multiplier: bigint): void {
    this.kernels.identityInit(this.ptr, this.buckets, this.count, multiplier);
  }

  set tick(tick: number) {
    this.arena.u32[(this.ptr + layout.IDENTITY_TICK) >> 2] = tick;
  }

  field(offset: number): number {
    return this.arena.u32[(this.ptr + offset) >> 2] as number;
  }

  learnedOf(partition: number): number {
    return this.arena.u32[(partition + layout.PARTITION_LEARNED) >> 2] as number;
  }

  image(): Uint8Array {
    return this.arena.u8.slice(this.buckets, this.#end);
  }

  get isGuarded(): boolean {
    const before = this.arena.u8.subarray(this.#before, this.buckets);
    const behind = this.arena.u8.subarray(this.#end, this.#end + GUARD_BYTES);
    return [...before, ...behind].every((byte) => byte === UNTOUCHED);
  }
}

async function makeIdentity(build: Build, count: number): Promise<TestIdentity> {
  const { kernels, arena } = await testKernels((count + 1) * layout.IDENTITY_BUCKET_BYTES + 4096, build);
  return new TestIdentity(kernels, arena, count);
}

/** The twin: lists of four, one for each bucket, by the description in identity.ts. */
class Twin {
  readonly #buckets: { key: bigint; value: number; seen: number }[][];
  readonly #multiplier: bigint;
  readonly #bits: bigint;

  constructor(count: number, multiplier: bigint) {
    this.#buckets = Array.from({ length: count + 1 }, () => []);
    this.#multiplier = multiplier | 1n;
    this.#bits = BigInt(Math.log2(count));
  }

  #places(key: bigint) {
    const first = Number(((key * this.#multiplier) % WORD) >> (64n - this.#bits));
    return [this.#buckets[first], this.#buckets[first + 1]] as { key: bigint; value: number; seen: number }[][];
  }

  find(key: bigint) {
    return this.#places(key)
      .flat()
      .find((entry) => entry.key === key);
  }

  insert(key: bigint, value: number, seen: number): boolean {
    const known = this.find(key);
    const room = this.#places(key).find((bucket) => bucket.length < layout.IDENTITY_WAYS);
    if (known) Object.assign(known, { value, seen });
    else room?.push({ key, value, seen });
    return known !== undefined || room !== undefined;
  }

  remove(keep: (entry: { key: bigint; value: number; seen: number }) => boolean): number {
    let gone = 0;
    for (const [i, bucket] of this.#buckets.entries()) {
      this.#buckets[i] = bucket.filter(keep);
      gone += bucket.length - (this.#buckets[i]?.length as number);
    }
    return gone;
  }

  get entries() {
    return this.#buckets.flat();
  }
}

const isLearned = (value: number) => (value & layout.IDENTITY_F_LEARNED) !== 0;

/** Few keys, so that operations meet; some with a zero address, some that only the last byte of the network tells apart. */
const key = fc
  .record({ mac: fc.nat(60), high: fc.boolean(), net: fc.constantFrom(0, 1, 4094, layout.NET_TUNNELS + 1023) })
  .map(({ mac, high, net }) => identityKey(Uint8Array.of(high ? 0xfe : 0, 0, 0, 0, 0, mac), net));
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("insert" as const),
      key,
      whose: fc.nat(PARTITIONS - 1),
      learned: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lookup" as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("age" as const), seconds: fc.nat(20), maxAge: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), whose: fc.nat(PARTITIONS - 1) }) },
);

describe.each(BUILDS)("identities (%s build)", (build) => {
  test("are a map of bounded buckets: a refusal changes nothing, and nothing is touched beyond", async () => {
    const shape = fc.record({
      bits: fc.integer({ min: 1, max: 4 }),
      multiplier: fc.bigInt({ min: 0n, max: WORD - 1n }),
    });
    await holdsAsync(
      fc.asyncProperty(shape, fc.array(operation, { maxLength: 120 }), async ({ bits, multiplier }, operations) => {
        const identity = await makeIdentity(build, 2 ** bits);
        const { kernels, ptr, partitions } = identity;
        const twin = new Twin(2 ** bits, multiplier);
        identity.init(multiplier);
        let tick = 0;
        for (const operation of operations) {
          const before = identity.image();
          if (operation.do === "insert") {
            const value = (partitions[operation.whose] as number) | (operation.learned ? layout.IDENTITY_F_LEARNED : 0);
            const taken = twin.insert(operation.key, value, tick);
            expect(kernels.identityInsert(ptr, operation.key, value)).toBe(taken ? 1 : 0);
            if (!taken) expect(identity.image()).toEqual(before);
          } else if (operation.do === "remove") {
            expect(kernels.identityRemove(ptr, operation.key)).toBe(twin.find(operation.key)?.value ?? 0);
            twin.remove((entry) => entry.key !== operation.key);
          } else if (operation.do === "lookup") {
            expect(kernels.identityLookup(ptr, operation.key)).toBe(twin.find(operation.key)?.value ?? 0);
            expect(identity.image()).toEqual(before);
          } else if (operation.do === "age") {
            tick += operation.seconds;
            identity.tick = tick;
            const isFresh = ({ value, seen }: { value: number; seen: number }) =>
              !isLearned(value) || tick - seen <= operation.maxAge;
            expect(kernels.identityAge(ptr, operation.maxAge)).toBe(twin.remove(isFresh));
          } else {
            const gone = (partitions[operation.whose] as number) | layout.IDENTITY_F_LEARNED;
            expect(kernels.identityForget(ptr, gone & ~layout.IDENTITY_F_LEARNED)).toBe(
              twin.remove(({ value }) => value !== gone),
            );
          }
          const learned = twin.entries.filter(({ value }) => isLearned(value));
          expect(identity.field(layout.IDENTITY_ENTRIES)).toBe(twin.entries.length);
          expect(identity.field(layout.IDENTITY_LEARNED)).toBe(learned.length);
          for (const partition of partitions) {
            const own = learned.filter(({ value }) => (value & ~layout.IDENTITY_F_LEARNED) === partition);
            expect(identity.learnedOf(partition)).toBe(own.length);
          }
          expect(identity.isGuarded).toBe(true);
        }
        for (const { key, value } of twin.entries) expect(kernels.identityLookup(ptr, key)).toBe(value);
      }),
      build === "debug" ? 60 : 120,
    );
  });

  test("the address of zeroes is one as any other, and no address is in another network", async () => {
    const identity = await makeIdentity(build, 4);
    const { kernels, ptr, partitions } = identity;
    identity.init(3n);
    const zero = identityKey(new Uint8Array(6), 0);
    expect(kernels.identityLookup(ptr, zero)).toBe(0);
    expect(kernels.identityInsert(ptr, zero, partitions[0] as number)).toBe(1);
    expect(kernels.identityLookup(ptr, zero)).toBe(partitions[0]);
    for (const net of [1, 4095, layout.NET_TUNNELS]) {
      expect(kernels.identityLookup(ptr, identityKey(new Uint8Array(6), net))).toBe(0);
    }
    expect(kernels.identityRemove(ptr, zero)).toBe(partitions[0]);
    expect(identity.field(layout.IDENTITY_ENTRIES)).toBe(0);
  });
});

describe("configured addresses", () => {
  function addressesOver(identity: TestIdentity, most: number, seed: bigint, forgotten: () => void): Addresses {
    const record = { identity: identity.ptr, identityBuckets: identity.buckets, identityCount: identity.count };
    return new Addresses(identity.kernels, record as GroupRecord, most, seed, forgotten);
  }

  test("all find room though a multiplier has none for them: another is taken, and what was learned is gone", async () => {
    const random = new Random();
    let rebuilt = 0;
    for (let round = 0; round < 40; round++) {
      const identity = await makeIdentity("debug", 4);
      const { kernels, partitions } = identity;
      let forgotten = 0;
      const addresses = addressesOver(identity, 12, BigInt(random.below(2 ** 31)), () => forgotten++);
      const learned = identityKey(random.bytes(6), 9);
      kernels.identityInsert(identity.ptr, learned, (partitions[2] as number) | layout.IDENTITY_F_LEARNED);
      const keys = Array.from({ length: 12 }, (_, i) => identityKey(Uint8Array.of(2, i, ...random.bytes(4)), i & 1));
      for (const [i, key] of keys.entries()) {
        addresses.add(key, partitions[i & 1] as number);
        for (const [j, before] of keys.entries()) {
          expect(kernels.identityLookup(identity.ptr, before)).toBe(j <= i ? partitions[j & 1] : 0);
          const add = () => addresses.check({ keys: [before], macs: ["it"] });
          if (j <= i)
            expect(add).toThrow('macs[0] is "it"; it must be an address that no partition of its network has');
          else expect(add).not.toThrow();
        }
      }
      // The first time is when it is made.
      if (forgotten > 1) {
        rebuilt++;
        expect(kernels.identityLookup(identity.ptr, learned)).toBe(0);
        expect(identity.field(layout.IDENTITY_LEARNED)).toBe(0);
      }
      const others = Array.from({ length: 12 }, (_, i) => identityKey(Uint8Array.of(6, i, 0, 0, 0, 0), 0));
      expect(() => addresses.check({ keys: others.slice(0, 1), macs: ["it"] })).toThrow(
        'macs is "13 in the group"; it must be at most 12',
      );
      for (const key of keys) addresses.remove(key);
      expect(identity.field(layout.IDENTITY_ENTRIES)).toBe(identity.field(layout.IDENTITY_LEARNED));
      expect(() => addresses.check({ keys: others, macs: [] })).not.toThrow();
      expect(identity.isGuarded).toBe(true);
    }
    expect(rebuilt).toBeGreaterThan(0);
  });

  test.each([1024, 65_536])("as many as there may be, %i, find room", async (most) => {
    const identity = await makeIdentity("release", identityBucketCount(most));
    const random = new Random(most);
    const addresses = addressesOver(identity, most, BigInt(random.below(2 ** 31)), () => {});
    const keys = Array.from({ length: most }, (_, i) =>
      identityKey(Uint8Array.of(2, i >> 16, i >> 8, ...random.bytes(2), i), 0),
    );
    for (const key of keys) addresses.add(key, identity.partitions[0] as number);
    expect(identity.field(layout.IDENTITY_ENTRIES)).toBe(most);
  });
});
