/** What both ends of a transfer are made over: one connected queue pair, and slots in a region of its device's memory. */
import { checkInteger, checkPowerOfTwo } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { CompletionQueue } from "../verbs/completion.js";
import type { RdmaDevice } from "../verbs/device.js";
import type { ProtectionDomain } from "../verbs/protection-domain.js";
import type { QueuePair } from "../verbs/queue-pair.js";
import type { MemoryRegion } from "../verbs/region.js";

export interface TransferOptions {
  readonly device: RdmaDevice;
  readonly pd: ProtectionDomain;
  /** Of type "rc", with a completion queue for sends and another for receives, which nobody else polls. */
  readonly qp: QueuePair;
  /** Transfers that can be under way: a power of two, at most the queue pair's sendDepth or receiveDepth and the queue's completions. */
  readonly slots: number;
  /** Bytes of the longest transfer, 64 to 1048576. */
  readonly slotBytes: number;
}

/** Throws ConfigError; depth and cq are those of the direction that is meant. */
export function checkTransfer(options: TransferOptions, depth: number): void {
  const { device, qp, slots, slotBytes } = options;
  device.endpoint.owner.checkOpen();
  if (qp.type !== "rc") throw new ConfigError("qp", qp.type, "a reliable connection's");
  if (qp.sendCq === qp.recvCq) {
    throw new ConfigError("qp", "one completion queue", "a queue pair with one for sends and another for receives");
  }
  checkPowerOfTwo("slots", slots, 1, Math.min(depth, device.endpoint.limits.completions));
  checkInteger("slotBytes", slotBytes, 64, 2 ** 20);
}

/** From one slot to the next: an odd number of cache lines, so that slots do not all fall into the same few cache sets. */
export function strideOf(slotBytes: number): number {
  return (Math.ceil(slotBytes / 64) | 1) * 64;
}

/** The region that a moved device has. Throws ConfigError without it. */
export function regionOf(device: RdmaDevice, lkey: number): MemoryRegion {
  const region = device.region(lkey);
  if (!region) throw new ConfigError("lkey", lkey, "a region's of the device");
  return region;
}

/** Drops what a completion queue holds: it is another connection's. */
export function forget(cq: CompletionQueue): void {
  cq.poll();
}
