/** The sender's record in linear memory (assembly/rdma/sender.ts), its slots, and what the host reads and writes of them. */
import * as layout from "../../../assembly/layout.js";
import type { MemoryRegion } from "../verbs/region.js";
import type { DeviceMemory } from "./memory.js";
import { strideOf, type TransferOptions } from "./options.js";
import type { SentTransfer } from "./transfer.js";

export class SenderRecord {
  readonly ptr: number;
  readonly #memory: DeviceMemory;
  readonly #region: MemoryRegion;
  readonly #slots: number;
  readonly #strideBytes: number;
  readonly #transfers: number;

  /** Throws ConfigError when there is no memory for it. */
  constructor(memory: DeviceMemory, { device, pd, qp, slots, slotBytes }: TransferOptions) {
    this.#memory = memory;
    this.#slots = slots;
    this.#strideBytes = strideOf(slotBytes);
    this.ptr = memory.take(layout.SENDER_BYTES);
    this.#transfers = memory.take(slots * layout.TRANSFER_BYTES);
    this.#region = pd.register(slots * this.#strideBytes);
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
    const slot = number % this.#slots;
    const record = this.#transfers + slot * layout.TRANSFER_BYTES;
    const at = slot * this.#strideBytes;
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
}
