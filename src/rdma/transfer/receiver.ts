/**
 * Transfers into one connection: receives posted over the slots of a registered region. What was taken lies in its slot until the next call
 * that takes, which posts the receive again.
 *
 *   const receiver = new TransferReceiver({ device, pd, qp, slots: 64, slotBytes: 4096, messagesMax: 1024 });
 *   for (let n = receiver.nextBurst(); n > 0; n = receiver.nextBurst()) … records at receiver.records
 */
import * as layout from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { Kernels } from "../../wasm.js";
import { type AggregateFault, faultName } from "../aggregate/faults.js";
import type { QueuePair } from "../verbs/queue-pair.js";
import type { MemoryRegion } from "../verbs/region.js";
import { statusName, type WcStatus } from "../verbs/words.js";
import { DeviceMemory } from "./memory.js";
import { checkTransfer, forget, regionOf, strideOf, type TransferOptions } from "./options.js";
import type { ReceiverImage } from "./state/images.js";
import type { ReceivedMessage, ReceivedTransfer } from "./transfer.js";

export interface TransferReceiverOptions extends TransferOptions {
  /** Messages that one call can take, 1 to 65536: an aggregate with more is bad. */
  readonly messagesMax: number;
}

export class TransferReceiver {
  readonly slots: number;
  readonly slotBytes: number;
  readonly messagesMax: number;
  /** Address, in the engine's memory, of the records of what was taken last, MESSAGE_BYTES each. */
  readonly records: number;
  readonly #options: TransferOptions;
  readonly #kernels: Kernels;
  readonly #memory: DeviceMemory;
  readonly #region: MemoryRegion;
  readonly #ptr: number;
  #isClosed = false;

  /**
   * Posts its receives: the queue pair must be in INIT or further, and have none posted. With an image, which was held against the device's
   * (src/rdma/agent/state), it goes on where that one was. Throws ConfigError for a bad option, or when
   * rdma.memoryBytes does not suffice. The queue pair's receive queue is this one's alone.
   */
  constructor(options: TransferReceiverOptions, image?: ReceiverImage) {
    const { device, pd, qp, slots, slotBytes } = options;
    checkTransfer(options, device.endpoint.limits.receiveDepth);
    this.messagesMax = checkInteger("messagesMax", options.messagesMax, 1, 65_536);
    if (!image) checkNew(qp);
    this.#options = options;
    this.slots = slots;
    this.slotBytes = slotBytes;
    this.#kernels = device.endpoint.owner.kernels;
    this.#memory = new DeviceMemory(device);
    const strideBytes = strideOf(slotBytes);
    try {
      this.#ptr = this.#memory.take(layout.RECEIVER_BYTES, image?.record);
      this.records = this.#memory.take(this.messagesMax * layout.MESSAGE_BYTES, image?.messages);
      this.#region = image
        ? regionOf(device, image.lkey)
        : pd.register(slots * strideBytes, { access: ["local-write"] });
    } catch (error) {
      this.#memory.close();
      throw error;
    }
    this.#memory.set(this.#ptr, [
      [layout.RECEIVER_QP, qp.ptr],
      [layout.RECEIVER_CQ, qp.recvCq.ptr],
      [layout.RECEIVER_LKEY, this.#region.lkey],
      [layout.RECEIVER_SLOTS, this.#region.address],
      [layout.RECEIVER_STRIDE_BYTES, strideBytes],
      [layout.RECEIVER_SLOT_BYTES, slotBytes],
      [layout.RECEIVER_SLOT_MASK, slots - 1],
      [layout.RECEIVER_MESSAGES, this.records],
      [layout.RECEIVER_MESSAGES_MAX, this.messagesMax],
      // Of a new one all slots are to be released.
      [layout.RECEIVER_TAKEN, image?.taken ?? 0],
      [layout.RECEIVER_RELEASED, image?.released ?? -slots],
      [layout.RECEIVER_STATUS, image?.status ?? 0],
    ]);
    if (image) return;
    forget(qp.recvCq);
    this.release();
  }

  /** Where it is, for one that goes on elsewhere: what was taken last is not known there. */
  get image(): ReceiverImage {
    return {
      lkey: this.#region.lkey,
      record: this.#memory.offsetOf(this.#ptr),
      messages: this.#memory.offsetOf(this.records),
      taken: this.#word(layout.RECEIVER_TAKEN),
      released: this.#word(layout.RECEIVER_RELEASED),
      status: this.#word(layout.RECEIVER_STATUS),
    };
  }

  /** Why nothing more arrives: the first failed completion's status, or "flushed" on a queue pair in ERROR without one. */
  get error(): WcStatus | undefined {
    const status = this.#word(layout.RECEIVER_STATUS);
    if (status !== layout.WC_SUCCESS) return statusName(status);
    return this.#options.qp.state === "error" ? "flushed" : undefined;
  }

  /** Releases what was taken before and takes the oldest transfer that has come; undefined when there is none. */
  next(): ReceivedTransfer | undefined {
    this.#checkOpen();
    switch (this.#kernels.receiverNext(this.#ptr)) {
      case layout.TAKEN_AGGREGATE:
        return { kind: "aggregate", count: this.#word(layout.RECEIVER_COUNT) };
      case layout.TAKEN_WHOLE:
        return { kind: "whole", imm: this.#word(layout.RECEIVER_IMM), bytes: this.#whole() };
      case layout.TAKEN_BAD:
        return { kind: "bad", fault: faultName(this.#word(layout.RECEIVER_FAULT)) as AggregateFault };
      default:
        return undefined;
    }
  }

  /**
   * Releases what was taken before and takes aggregates, as many as are there and messagesMax allows. Returns how many messages; their
   * records stand at records. 0: what comes next, if anything, is no sound aggregate with messages, and is still to be taken by next().
   */
  nextBurst(): number {
    this.#checkOpen();
    return this.#kernels.receiverBurst(this.#ptr);
  }

  /** Messages in aggregates, and transfers, that the last call has taken. */
  get messageCount(): number {
    return this.#word(layout.RECEIVER_COUNT);
  }

  get transfersTaken(): number {
    return this.#word(layout.RECEIVER_TRANSFERS);
  }

  /** Message i of what was taken last, as a view. */
  message(i: number): ReceivedMessage {
    checkInteger("i", i, 0, this.messageCount - 1);
    const { u8, u16, u32 } = this.#memory.arena;
    const record = this.records + i * layout.MESSAGE_BYTES;
    const ptr = u32[(record + layout.MESSAGE_PTR) >> 2] as number;
    return {
      stream: u16[(record + layout.MESSAGE_STREAM) >> 1] as number,
      sequence: u16[(record + layout.MESSAGE_SEQUENCE) >> 1] as number,
      flags: u32[(record + layout.MESSAGE_FLAGS) >> 2] as number,
      bytes: u8.subarray(ptr, ptr + (u32[(record + layout.MESSAGE_LEN) >> 2] as number)),
    };
  }

  /** Posts the receives of what was taken again, before anything else is taken. */
  release(): void {
    this.#checkOpen();
    this.#kernels.receiverRelease(this.#ptr);
  }

  /** Gives its memory back: what arrives afterwards finds no key, and ends the queue pair. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#region.deregister();
    this.#memory.close();
  }

  #whole(): Uint8Array {
    const at = this.#word(layout.RECEIVER_DATA);
    return this.#memory.arena.u8.subarray(at, at + this.#word(layout.RECEIVER_LENGTH));
  }

  #word(field: number): number {
    this.#checkOpen();
    return this.#memory.word(this.#ptr + field);
  }

  #checkOpen(): void {
    this.#options.device.endpoint.owner.checkOpen();
    if (this.#isClosed) throw new ConfigError("receiver", "closed", "one that was not closed");
  }
}

function checkNew({ state, receivesOpen }: QueuePair): void {
  if (state === "reset" || state === "error") throw new ConfigError("qp", state, "in INIT, RTR or RTS");
  checkInteger("qp.receivesOpen", receivesOpen, 0, 0);
}
