import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../../src/buffer/frame.js";
import { FlowHasher } from "../../../src/hash/hasher.js";
import { hashPlanOf } from "../../../src/hash/options.js";
import { Addresses, identityKey } from "../../../src/lag/addresses.js";
import { type GroupRecord, makeGroupRecord } from "../../../src/lag/group-record.js";
import { PartitionRecord, partitionStride } from "../../../src/lag/partition-record.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { flowFrame, groupHash, macBytes } from "../../helpers/lag.js";
import { holds } from "../../helpers/property.js";

const LIMITS = { groups: 1, partitions: 4, buckets: 32, addresses: 32, heldFrames: 256 };
const PORTS = 6;
const VNICS = 4;
const GUARD_BYTES = 32;
const MODES = { buckets: layout.MODE_BUCKETS, modulo: layout.MODE_MODULO, turn: layout.MODE_TURN };

/** A bucket's owner as a test states it. */
type Owner = number | "nobody" | "moving";
interface Place {
  readonly mode: keyof typeof MODES;
  readonly owners: readonly Owner[];
}

const owner: fc.Arbitrary<Owner> = fc.oneof(
  { weight: 8, arbitrary: fc.nat(PORTS - 1) },
  { weight: 1, arbitrary: fc.constantFrom<Owner>("nobody", "moving") },
);
/** Three partitions of a group, which all have the same mode, and the same number of buckets where bits choose. */
const threePlaces: fc.Arbitrary<Place[]> = fc.oneof(
  fc.nat(5).chain((bits) => three(ofMode("buckets", 2 ** bits, 2 ** bits))),
  three(ofMode("modulo", 1, 16)),
  three(ofMode("turn", 1, 16)),
);

function three(place: fc.Arbitrary<Place>): fc.Arbitrary<Place[]> {
  return fc.array(place, { minLength: 3, maxLength: 3 });
}

function ofMode(mode: keyof typeof MODES, minLength: number, maxLength: number): fc.Arbitrary<Place> {
  return fc.array(owner, { minLength, maxLength }).map((owners) => ({ mode, owners }));
}

/** Whose vnic a frame came from (the last has no partition), or whose address and VLAN it has; how much of it a capture kept. */
const frame = fc.record({
  flow: fc.nat(0xffff),
  whose: fc.nat(VNICS - 1),
  vlan: fc.constantFrom(undefined, 0, 0x6000, 9, 0xf009, 10),
  keep: fc.constantFrom(undefined, undefined, undefined, 0, 5, 13, 17),
});

describe.each(BUILDS)("picks (%s build)", (build) => {
  let bed: Bed;
  let picks: number;
  let partitions: PartitionRecord[];

  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: 260, bufBytes: 320, headroomBytes: 64, spareBytes: 65536 });
    picks = bed.arena.take(layout.BURST_MAX * 4 + GUARD_BYTES);
  });

  /** A group whose partitions have the vnics 0 to 2, and MAC addresses by the same numbers: 0 untagged, 1 in VLAN 9, 2 both ways. */
  function makePartitions(flags: number): GroupRecord {
    const owner = bed as unknown as FrameOwner;
    const hasher = new FlowHasher(owner, hashPlanOf({ policy: "layer3+4" }));
    const record = makeGroupRecord(owner, LIMITS, VNICS, { ports: [], flags, network: 0, hash: hasher.ptr, mask: 0 });
    const addresses = new Addresses(bed.kernels, record, LIMITS.addresses, 0x5eedn, () => {});
    const stride = partitionStride(LIMITS.buckets);
    partitions = [[0], [9], [0, 9]].map((nets, i) => {
      const partition = new PartitionRecord(bed.arena, record.partitions + i * stride, stride);
      bed.poke32(record.owners + i * 4, partition.ptr);
      for (const net of nets) addresses.add(identityKey(Uint8Array.from(macBytes(i)), net), partition.ptr);
      return partition;
    });
    return record;
  }

  function layFrame({
    flow,
    whose,
    vlan,
    keep,
  }: {
    flow: number;
    whose: number;
    vlan: number | undefined;
    keep: number | undefined;
  }) {
    const bytes = flowFrame({ flow, sequence: 1, dst: macBytes(whose), ...(vlan === undefined ? {} : { vlan }) });
    const m = bed.frame(bytes);
    bed.arena.u16[(m + layout.MBUF_PORT) >> 1] = whose;
    // What a capture has cut lies in the buffer still, as from a frame before.
    if (keep !== undefined) for (const length of [layout.MBUF_LEN, layout.MBUF_PKT_LEN]) bed.poke32(m + length, keep);
    return { m, bytes: bytes.subarray(0, keep ?? bytes.length) };
  }

  test.each([
    ["by the vnic that sent", 0],
    ["by address and network", layout.GROUP_F_SWITCH],
  ])("are the twin's %s, whatever the bucket is in, and nothing else is written", (_, flags) => {
    const burst = fc.oneof(fc.array(frame, { maxLength: 40 }), fc.array(frame, { minLength: 256, maxLength: 256 }));
    const record = makePartitions(flags);
    holds(
      fc.property(threePlaces, burst, (places, frames) => {
        for (const [i, { mode, owners }] of places.entries()) reshape(partitions[i] as PartitionRecord, mode, owners);
        const [{ mode, owners }] = places as [Place];
        bed.poke32(record.ptr + layout.GROUP_MASK, mode === "buckets" ? owners.length - 1 : 0);
        const turns = [0, 0, 0];
        const laid = frames.map((frame) => ({ ...frame, ...layFrame(frame) }));
        const list = bed.listOf(...laid.map(({ m }) => m));
        bed.kernels.parseBurst(list, laid.length);
        bed.view(picks, layout.BURST_MAX * 4 + GUARD_BYTES).fill(UNTOUCHED);
        bed.kernels.lagPickBurst(record.ptr, list, laid.length, picks);
        const expected = laid.map(({ whose, vlan, keep, bytes }) => {
          const partition = flags === 0 ? vnicOwner(whose) : addressOwner(whose, vlan, keep);
          return partition === undefined ? layout.PICK_UNKNOWN : pickOf(places, partition, turns, bytes);
        });
        expect(laid.map((_, i) => bed.u32(picks + i * 4))).toEqual(expected);
        const end = picks + laid.length * 4;
        expect(bed.view(end, GUARD_BYTES).every((byte) => byte === UNTOUCHED)).toBe(true);
        for (const { m } of laid) bed.free(m);
      }),
      build === "debug" ? 40 : 100,
    );
  });

  function reshape(partition: PartitionRecord, mode: keyof typeof MODES, owners: readonly Owner[]): void {
    partition.init({ mode: MODES[mode], vnic: 0, tunnel: 0, net: 0, learnedMax: 0 }, owners.length);
    for (const [bucket, owner] of owners.entries()) {
      if (owner === "nobody") continue;
      partition.setOwner(bucket, owner === "moving" ? 5 : owner);
      if (owner === "moving") partition.move(bucket, 0, bucket % 2 === 0 ? "gated" : "forced");
    }
  }

  test("a frame of many is picked for no port: copies are sending's to make", () => {
    const record = makePartitions(layout.GROUP_F_SWITCH);
    const list = bed.listOf(bed.frame(flowFrame({ flow: 1, sequence: 1, dst: [255, 255, 255, 255, 255, 255] })));
    bed.kernels.parseBurst(list, 1);
    bed.kernels.lagPickBurst(record.ptr, list, 1, picks);
    expect(bed.u32(picks)).toBe(layout.PICK_UNKNOWN);
  });
});

function vnicOwner(whose: number): number | undefined {
  return whose < 3 ? whose : undefined;
}

/** VLAN 0 is a priority, not a network; an address that is not there is nobody's. */
function addressOwner(whose: number, tci: number | undefined, keep: number | undefined): number | undefined {
  const headerBytes = tci === undefined ? 14 : 18;
  if (keep !== undefined && keep < headerBytes) return undefined;
  const vlan = (tci ?? 0) % 4096;
  return { 0: [0, 2], 9: [1, 2] }[vlan]?.includes(whose) ? whose : undefined;
}

function pickOf(places: readonly Place[], partition: number, turns: number[], bytes: Uint8Array): number {
  const { mode, owners } = places[partition] as Place;
  const turn = turns[partition] as number;
  if (mode === "turn") turns[partition] = turn + 1;
  const owner = owners[(mode === "turn" ? turn : groupHash(bytes)) % owners.length];
  if (owner === "nobody") return layout.PICK_NONE;
  return owner === "moving" ? layout.PICK_MOVING : (owner as number);
}
