/** An unused device becomes what a section says, which decode.ts and check.ts have found sound. Nothing here can fail. */
import * as layout from "../../../../assembly/layout.js";
import type { Arena } from "../../../memory.js";
import type { CompletionQueue } from "../../verbs/completion.js";
import { microseconds, type RdmaDevice } from "../../verbs/device.js";
import type { QueuePair } from "../../verbs/queue-pair.js";
import { runsOf } from "./decode.js";
import type { CqImage, DeviceImage } from "./image.js";
import { pathOptions } from "./path.js";
import { putQp } from "./put-qp.js";

export function putDevice(device: RdmaDevice, image: DeviceImage, nowMs: number): void {
  const { endpoint } = device;
  const { arena } = endpoint.owner;
  const nowUs = microseconds(nowMs);
  device.become(image.limits, runsOf(image.regions.values()), image.nextQpn);
  arena.u32[(endpoint.ptr + layout.RDMA_ENDPOINT_NOW_US) >> 2] = nowUs;
  for (const [i, value] of image.counters.entries()) arena.u64[endpoint.counters / 8 + i] = value;
  for (let made = 0; made < image.protectionDomains; made++) device.allocPd();
  putRegions(device, image);
  for (const address of image.addresses) device.createAddress(pathOptions(address));
  for (const cq of image.completionQueues) putCq(arena, device.createCq(), cq);
  for (const qp of image.queuePairs.values()) putQp(device, qp, nowUs);
  const ptrs = (list: readonly number[]) => list.map((qpn) => (device.queuePair(qpn) as QueuePair).ptr);
  for (const [field, flag, list] of [
    [layout.RDMA_ENDPOINT_ACTIVE, layout.QP_F_ACTIVE, ptrs(image.active)],
    [layout.RDMA_ENDPOINT_TIMED, layout.QP_F_TIMED, ptrs(image.timed)],
  ] as const) {
    for (const ptr of list)
      arena.u32[(ptr + layout.QP_FLAGS) >> 2] = (arena.u32[(ptr + layout.QP_FLAGS) >> 2] as number) | flag;
    enqueue(arena, arena.u32[(endpoint.ptr + field) >> 2] as number, list);
  }
  enqueue(arena, endpoint.events, image.failed);
}

function putRegions(device: RdmaDevice, { regions, bytes, uses }: DeviceImage): void {
  const { u8 } = device.endpoint.owner.arena;
  const records = Array.from(regions.values(), ({ offset, ...region }) => ({
    ...region,
    address: device.memory.addressOf(offset),
  }));
  for (const [i, { address }] of records.entries()) u8.set(bytes[i] as Uint8Array, address);
  device.regionTable.adopt(records, uses);
}

function putCq({ u32, u64 }: Arena, { ptr, entries }: CompletionQueue, { overruns, completions }: CqImage): void {
  u64[(ptr + layout.CQ_OVERRUNS) >> 3] = overruns;
  u32[(ptr + layout.CQ_HEAD) >> 2] = completions.length;
  for (const [i, completion] of completions.entries()) {
    for (const [field, value] of [
      [layout.CQE_WR_ID, completion.wrId],
      [layout.CQE_STATUS, completion.status],
      [layout.CQE_OPCODE, completion.opcode],
      [layout.CQE_LENGTH, completion.length],
      [layout.CQE_IMM, completion.imm],
      [layout.CQE_QPN, completion.qpn],
      [layout.CQE_SOURCE_QPN, completion.sourceQpn],
      [layout.CQE_FLAGS, completion.flags],
    ] as const) {
      u32[(entries + i * layout.CQE_BYTES + field) >> 2] = value;
    }
  }
}

/** Into a ring (assembly/dma/ring.ts) that is empty and has room for all. */
function enqueue({ u32 }: Arena, ring: number, values: readonly number[]): void {
  const word = (field: number) => u32[(ring + field) >> 2] as number;
  const [slots, mask, head] = [word(layout.RING_SLOTS), word(layout.RING_MASK), word(layout.RING_HEAD)];
  for (const [i, value] of values.entries()) u32[(slots >> 2) + ((head + i) & mask)] = value;
  u32[(ring + layout.RING_HEAD) >> 2] = head + values.length;
}
