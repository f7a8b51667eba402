/** The sender's record in linear memory (assembly/rdma/sender.ts), its slots, and what the host reads and writes of them. */
import * as layout from "../../../assembly/layout.js";
import type { MemoryRegion } from "../verbs/region.js";
import type { DeviceMemory } from "./memory.js";
import { regionOf, strideOf, type TransferOptions } from "./options.js";
import type { SenderImage } from "./state/images.js";
import type { SentTransfer } from "./transfer.js";

export class SenderRecord {
  readonly ptr: number;
  readonly #memory: DeviceMemory;
  readonly #region: MemoryRegion;
  readonly #slots: number;
  readonly #strideBytes: number;
  readonly #transfers: number;

  /** Goes on as the image says, if there is one. Throws ConfigError when there is no memory for it. */
  constructor(memory: DeviceMemory, { device, pd, qp, slots, slotBytes }: TransferOptions, image?: SenderImage) {
    this.#memory = memory;
    this.#slots = slots;
    this.#strideBytes = strideOf(slotBytes);
    this.ptr = memory.take(layout.SENDER_BYTES, image?.record);
    this.#transfers = memory.take(slots * layout.TRANSFER_BYTES, image?.transfers);
    this.#region = image ? regionOf(device, image.lkey) : pd.register(slots * this.#strideBytes);
    memory.set(this.ptr, [
      [layout.SENDER_ENDPOINT, device.endpoint.ptr],
      [layout.SENDER_QP, qp.ptr],
      [layout.SENDER_CQ, qp.sendCq.ptr],
      [layout.SENDER_LKEY, this.#region.lkey],
      [layout.SENDER_SLOTS, this.#region.address],
      [layout.SENDER_STRIDE_BYTES, this.#strideBytes],
      [layout.SENDER_SLOT_MASK, slots - 1],
      [layout.SENDER_TRANSFERS, this.#transfers],
    ]);
    if (image) this.#goOn(image);
  }

  /** What it says, for one like it on another device. */
  get image(): Omit<SenderImage, "stagedRecords" | "stagedBytes"> {
    const acked = this.count(layout.SENDER_ACKED);
    const sent = this.count(layout.SENDER_SENT);
    const unacknowledged = Array.from({ length: sent - acked }, (_, i) => {
      const record = this.#recordOf(acked + i);
      return {
        length: this.#memory.word(record + layout.TRANSFER_LENGTH),
        messages: this.#memory.word(record + layout.TRANSFER_MESSAGES),
        flags: this.#memory.word(record + layout.TRANSFER_FLAGS),
        imm: this.#memory.word(record + layout.TRANSFER_IMM),
      };
    });
    return {
      lkey: this.#region.lkey,
      record: this.#memory.offsetOf(this.ptr),
      transfers: this.#memory.offsetOf(this.#transfers),
      sent,
      acked,
      messagesSent: this.count(layout.SENDER_MESSAGES_SENT),
      messagesAcked: this.count(layout.SENDER_MESSAGES_ACKED),
      status: this.word(layout.SENDER_STATUS),
      unacknowledged,
    };
  }

  word(field: number): number {
    return this.#memory.word(this.ptr + field);
  }

  count(field: number): number {
    return this.#memory.count(this.ptr + field);
  }

  /** Writes the bytes of the transfer of that number into its slot. */
  fill(number: number, bytes: Uint8Array): void {
    this.#region.bytes.set(bytes, (number % this.#slots) * this.#strideBytes);
  }

  /** A copy of the transfer of that number, which is in its slot still. */
  transfer(number: number): SentTransfer {
    const record = this.#recordOf(number);
    const at = (number % this.#slots) * this.#strideBytes;
    const isWhole = (this.#memory.word(record + layout.TRANSFER_FLAGS) & layout.TRANSFER_F_WHOLE) !== 0;
    return {
      bytes: this.#region.bytes.slice(at, at + this.#memory.word(record + layout.TRANSFER_LENGTH)),
      imm: isWhole ? this.#memory.word(record + layout.TRANSFER_IMM) : undefined,
      messages: this.#memory.word(record + layout.TRANSFER_MESSAGES),
    };
  }

  close(): void {
    this.#region.deregister();
  }

  #goOn({ sent, acked, messagesSent, messagesAcked, status, unacknowledged }: SenderImage): void {
    for (const [field, value] of [
      [layout.SENDER_SENT, sent],
      [layout.SENDER_ACKED, acked],
      [layout.SENDER_MESSAGES_SENT, messagesSent],
      [layout.SENDER_MESSAGES_ACKED, messagesAcked],
    ] as const) {
      this.#memory.setCount(this.ptr + field, value);
    }
    this.#memory.set(this.ptr, [[layout.SENDER_STATUS, status]]);
    for (const [i, { length, messages, flags, imm }] of unacknowledged.entries()) {
      this.#memory.set(this.#recordOf(acked + i), [
        [layout.TRANSFER_LENGTH, length],
        [layout.TRANSFER_MESSAGES, messages],
        [layout.TRANSFER_FLAGS, flags],
        [layout.TRANSFER_IMM, imm],
      ]);
    }
  }

  /** Of the transfer of that number. */
  #recordOf(number: number): number {
    return this.#transfers + (number % this.#slots) * layout.TRANSFER_BYTES;
  }
}
