/**
 * A device's section, read: every field in its own bounds, every list no longer than the limits in the section's head allow. What fields say
 * of each other is check.ts's.
 */
import { ANSWERS_MAX, RDMA_COUNTERS } from "../../../../assembly/layout.js";
import { demand } from "../../../migrate/state/refusal.js";
import { RegionMemory } from "../../verbs/memory.js";
import type { RdmaLimits } from "../../verbs/sizes.js";
import { RecordReader } from "../records.js";
import type { CqImage, DeviceImage, QpImage, QpWords, RegionImage } from "./image.js";
import * as tables from "./tables.js";

/** Refuses (refusal.ts). capacity: what the device that takes it in has room for. */
export function decodeDevice(section: Uint8Array, capacity: RdmaLimits): DeviceImage {
  const reader = new RecordReader(section);
  const { isChecked, protectionDomains, nextQpn, ...limits } = reader.record(tables.HEAD, "");
  checkLimits(limits, capacity);
  const counters = Array.from(
    { length: RDMA_COUNTERS },
    (_, i) => reader.record(tables.COUNTER, `counters[${i}]`).value,
  );
  const uses = readUses(reader, limits);
  const regions = reader.records(tables.REGION, "regions", limits.regions);
  checkRuns(regions, limits);
  const addresses = reader.records(tables.PATH, "addresses", limits.addresses);
  const completionQueues = readCqs(reader, limits);
  const queuePairs = readQps(reader, limits);
  const turns = (path: string) => reader.records(tables.QPN, path, limits.queuePairs).map(({ qpn }) => qpn);
  const [active, timed, failed] = [turns("active"), turns("timed"), turns("failed")];
  const bytes = regions.map(({ length }, i) => reader.run(length, `regions[${i}].bytes`));
  reader.end();
  return {
    limits,
    icrc: isChecked ? "full" : "none",
    protectionDomains,
    nextQpn,
    counters,
    uses,
    regions: new Map(regions.map((region) => [region.key, region])),
    bytes,
    completionQueues,
    addresses,
    queuePairs,
    active,
    timed,
    failed,
    memory: new RegionMemory(0, limits.memoryBytes, runsOf(regions)),
  };
}

/** Regions as runs of memory. */
export function runsOf(regions: Iterable<RegionImage>) {
  return Array.from(regions, ({ offset, length }) => ({ offset, bytes: length }));
}

function checkLimits(limits: RdmaLimits, capacity: RdmaLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    const room = capacity[name as keyof RdmaLimits];
    demand(value <= room, name, value, `at most ${room}, what the device has room for`);
    if (name === "completionQueues" || name === "memoryBytes" || name === "addresses") continue;
    demand((value & (value - 1)) === 0, name, value, "a power of two");
  }
}

function readUses(reader: RecordReader, { regions }: RdmaLimits): Uint8Array {
  const uses = new Uint8Array(regions);
  let last = -1;
  for (const [i, { key }] of reader.records(tables.PLACE, "places", regions).entries()) {
    const place = key >>> 8;
    demand(place > last && place < regions, `places[${i}].key`, key, `of places in order, of ${regions}`);
    demand((key & 0xff) !== 0, `places[${i}].key`, key, "of a place that was used");
    uses[place] = key;
    last = place;
  }
  return uses;
}

/** Regions are in the order of their offsets, apart, and inside of the memory. */
function checkRuns(regions: readonly RegionImage[], { memoryBytes }: RdmaLimits): void {
  let end = 0;
  for (const [i, { offset, length }] of regions.entries()) {
    demand(offset % 64 === 0 && offset >= end, `regions[${i}].offset`, offset, `a multiple of 64, and at least ${end}`);
    end = offset + Math.ceil(length / 64) * 64;
    const bound = `such that it ends in ${memoryBytes} bytes of memory`;
    demand(end <= memoryBytes, `regions[${i}].length`, length, bound);
  }
}

function readCqs(reader: RecordReader, limits: RdmaLimits): CqImage[] {
  const heads = reader.records(tables.CQ, "completionQueues", limits.completionQueues);
  return heads.map(({ overruns }, i) => {
    const path = `completionQueues[${i}].completions`;
    return { overruns, completions: reader.records(tables.COMPLETION, path, limits.completions) };
  });
}

function readQps(reader: RecordReader, limits: RdmaLimits): Map<number, QpImage> {
  const qps = new Map<number, QpImage>();
  const places = new Set<number>();
  for (const [i, words] of reader.records(tables.QP, "queuePairs", limits.queuePairs).entries()) {
    const place = words.qpn & (limits.queuePairs - 1);
    demand(!places.has(place), `queuePairs[${i}].qpn`, words.qpn, "one whose place in the table no other has");
    places.add(place);
    qps.set(words.qpn, readQp(reader, words, `queuePairs[${i}]`, limits));
  }
  return qps;
}

function readQp(reader: RecordReader, words: QpWords, path: string, limits: RdmaLimits): QpImage {
  return {
    ...words,
    path: reader.records(tables.PATH, `${path}.path`, 1)[0],
    sends: reader.records(tables.SEND, `${path}.sends`, limits.sendDepth),
    receives: reader.records(tables.RECEIVE, `${path}.receives`, limits.receiveDepth),
    answers: reader.records(tables.ANSWER, `${path}.answers`, ANSWERS_MAX),
    atomics: reader.records(tables.ATOMIC, `${path}.atomics`, ANSWERS_MAX),
  };
}
