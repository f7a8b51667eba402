/** What a device's section says, from the device as it is now. */
import * as layout from "../../../../assembly/layout.js";
import type { Arena } from "../../../memory.js";
import type { CompletionQueue } from "../../verbs/completion.js";
import { microseconds, type RdmaDevice } from "../../verbs/device.js";
import { RegionMemory } from "../../verbs/memory.js";
import { runsOf } from "./decode.js";
import type { CompletionImage, CqImage, DeviceImage, RegionImage } from "./image.js";
import { pathImage } from "./path.js";
import { QpTaker } from "./take-qp.js";

export function takeDevice(device: RdmaDevice, nowMs: number): DeviceImage {
  const { endpoint, limits, icrc, nextQpn } = device;
  const { arena } = endpoint.owner;
  const regions = regionImages(device);
  const qps = device.queuePairs;
  const taker = new QpTaker(device, microseconds(nowMs));
  const queuePairs = new Map(qps.map((qp) => [qp.qpn, taker.take(qp)]));
  const byPtr = new Map(qps.map(({ ptr, qpn }) => [ptr, qpn]));
  const ring = (field: number) => ringEntries(arena, arena.u32[(endpoint.ptr + field) >> 2] as number);
  // A queue pair that was destroyed may be in these, until its turn comes.
  const turns = (field: number) => ring(field).flatMap((ptr) => byPtr.get(ptr) ?? []);
  const waits = layout.QP_F_DEADLINE | layout.QP_F_RNR_WAIT;
  return {
    limits,
    icrc,
    nextQpn,
    protectionDomains: device.protectionDomains.length,
    counters: Array.from({ length: layout.RDMA_COUNTERS }, (_, i) => arena.u64[endpoint.counters / 8 + i] as bigint),
    uses: device.regionTable.uses,
    regions: new Map(regions.map((region) => [region.key, region])),
    bytes: regions.map(({ key }) => (device.region(key) as { bytes: Uint8Array }).bytes),
    completionQueues: device.completionQueues.map((cq) => cqImage(arena, cq, limits.completions)),
    addresses: device.addresses.map(({ ptr }) => pathImage(arena, ptr)),
    queuePairs,
    active: turns(layout.RDMA_ENDPOINT_ACTIVE),
    timed: turns(layout.RDMA_ENDPOINT_TIMED).filter((qpn) => ((queuePairs.get(qpn)?.flags ?? 0) & waits) !== 0),
    failed: [...new Set(ring(layout.RDMA_ENDPOINT_EVENTS))].filter((qpn) => queuePairs.has(qpn)),
    memory: new RegionMemory(0, limits.memoryBytes, runsOf(regions)),
  };
}

function regionImages({ regions, regionTable, memory }: RdmaDevice): RegionImage[] {
  return regions
    .map((region) => ({
      key: region.lkey,
      pd: region.pd,
      offset: memory.offsetOf(region.address),
      length: region.bytes.length,
      access: regionTable.accessOf(region),
      va: region.va,
    }))
    .sort((a, b) => a.offset - b.offset);
}

function cqImage({ u32, u64 }: Arena, { ptr, entries }: CompletionQueue, depth: number): CqImage {
  const [head, tail] = [u32[(ptr + layout.CQ_HEAD) >> 2] as number, u32[(ptr + layout.CQ_TAIL) >> 2] as number];
  const completions = Array.from({ length: (head - tail) >>> 0 }, (_, i): CompletionImage => {
    const at = entries + ((tail + i) & (depth - 1)) * layout.CQE_BYTES;
    const word = (field: number) => u32[(at + field) >> 2] as number;
    return {
      wrId: word(layout.CQE_WR_ID),
      status: word(layout.CQE_STATUS),
      opcode: word(layout.CQE_OPCODE),
      length: word(layout.CQE_LENGTH),
      imm: word(layout.CQE_IMM),
      qpn: word(layout.CQE_QPN),
      sourceQpn: word(layout.CQE_SOURCE_QPN),
      flags: word(layout.CQE_FLAGS),
    };
  });
  return { overruns: u64[(ptr + layout.CQ_OVERRUNS) >> 3] as bigint, completions };
}

/** What is in a ring (assembly/dma/ring.ts), oldest first. */
function ringEntries({ u32 }: Arena, ring: number): number[] {
  const word = (field: number) => u32[(ring + field) >> 2] as number;
  const [slots, mask, head, tail] = [layout.RING_SLOTS, layout.RING_MASK, layout.RING_HEAD, layout.RING_TAIL].map(word);
  const at = (i: number) => u32[((slots as number) >> 2) + (((tail as number) + i) & (mask as number))] as number;
  return Array.from({ length: ((head as number) - (tail as number)) >>> 0 }, (_, i) => at(i));
}
