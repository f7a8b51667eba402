/**
 * Transfers out of one connection: messages in aggregates, or bytes as a whole, each one SEND from a slot of a registered region. A slot is free
 * again when the peer has acknowledged it; until then its bytes stay, to be sent again on another connection.
 *
 *   const sender = new TransferSender({ device, pd, qp, slots: 64, slotBytes: 4096 });
 *   sender.stage(7, 0, 0, bytes);
 *   sender.sendStaged(4096);   // then device.poll()
 *   sender.completed();
 */
import * as layout from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { Kernels } from "../../wasm.js";
import { type AggregateFault, faultName } from "../aggregate/faults.js";
import { statusName, type WcStatus } from "../verbs/words.js";
import { DeviceMemory } from "./memory.js";
import { checkTransfer, forget, type TransferOptions } from "./options.js";
import { SenderRecord } from "./sender-record.js";
import { StagedMessages } from "./staged.js";
import type { SenderImage } from "./state/images.js";
import type { SentTransfer } from "./transfer.js";

export interface TransferSenderOptions extends TransferOptions {
  /** What stage holds until it is sent: messages, 1 to 65536 (256 by default), and their bytes, 64 to 2^24 (65536 by default). */
  readonly stageMessages?: number;
  readonly stageBytes?: number;
}

export class TransferSender {
  readonly slots: number;
  readonly slotBytes: number;
  readonly #options: TransferOptions;
  readonly #kernels: Kernels;
  readonly #memory: DeviceMemory;
  readonly #record: SenderRecord;
  readonly #staged: StagedMessages;
  #isClosed = false;

  /**
   * With an image, which was held against the device's (src/rdma/agent/state), it goes on where that one was. Throws ConfigError for a bad
   * option, or when rdma.memoryBytes does not suffice. The queue pair's send queue is this one's alone.
   */
  constructor(options: TransferSenderOptions, image?: SenderImage) {
    const { device, qp, slots, slotBytes } = options;
    checkTransfer(options, device.endpoint.limits.sendDepth);
    const messages = checkInteger("stageMessages", options.stageMessages ?? 256, 1, 65_536);
    const bytes = checkInteger("stageBytes", options.stageBytes ?? 65_536, 64, 2 ** 24);
    this.#options = options;
    this.slots = slots;
    this.slotBytes = slotBytes;
    this.#kernels = device.endpoint.owner.kernels;
    this.#memory = new DeviceMemory(device);
    try {
      this.#staged = new StagedMessages(this.#memory, messages, bytes, image?.stagedRecords, image?.stagedBytes);
      this.#record = new SenderRecord(this.#memory, options, image);
    } catch (error) {
      this.#memory.close();
      throw error;
    }
    if (!image) forget(qp.sendCq);
  }

  /** Where it is, for one that goes on elsewhere. Nothing may be staged. */
  get image(): SenderImage {
    this.#checkOpen();
    checkInteger("staged", this.staged, 0, 0);
    return { ...this.#record.image, ...this.#staged.offsets };
  }

  /** Transfers that can be sent now; 0 in a state that does not send, and after close. */
  get slotsFree(): number {
    return this.#isClosed ? 0 : this.#kernels.senderRoom(this.#record.ptr);
  }

  /** Transfers that were sent and not acknowledged, as of the last completed(). */
  get inFlight(): number {
    return this.transfersSent - this.transfersAcknowledged;
  }

  /** Since it was made: transfers, and the messages in aggregates. */
  get transfersSent(): number {
    return this.#count(layout.SENDER_SENT);
  }

  get transfersAcknowledged(): number {
    return this.#count(layout.SENDER_ACKED);
  }

  get messagesSent(): number {
    return this.#count(layout.SENDER_MESSAGES_SENT);
  }

  get messagesAcknowledged(): number {
    return this.#count(layout.SENDER_MESSAGES_ACKED);
  }

  /** Why nothing more is acknowledged: the first failed completion's status, or "flushed" on a queue pair in ERROR without one. */
  get error(): WcStatus | undefined {
    const status = this.#word(layout.SENDER_STATUS);
    if (status !== layout.WC_SUCCESS) return statusName(status);
    return this.#options.qp.state === "error" ? "flushed" : undefined;
  }

  /** Why the last sendMessages or sendStaged ended before a message that can never be packed. */
  get fault(): AggregateFault | undefined {
    return faultName(this.#word(layout.SENDER_AGGREGATE + layout.AGGREGATE_FAULT));
  }

  /**
   * Packs n messages, records of MESSAGE_BYTES at an address of the engine's memory, into aggregates of at most roomBytes while slots are
   * free, and posts them. Returns how many messages, from the front. Fewer with slots still free: the next one alone is longer than
   * roomBytes, or has no form (fault). Its bytes are copied.
   */
  sendMessages(records: number, n: number, roomBytes: number): number {
    this.#checkOpen();
    checkInteger("roomBytes", roomBytes, 0, this.slotBytes);
    return this.#kernels.senderPack(this.#record.ptr, records, n, roomBytes);
  }

  /** Messages that were staged and not sent. */
  get staged(): number {
    return this.#staged.count;
  }

  /** Copies a message: stream and sequence of 16 bits, flags as STREAM_F_. False when there is no room until all that is staged was sent. */
  stage(stream: number, sequence: number, flags: number, bytes: Uint8Array): boolean {
    this.#checkOpen();
    return this.#staged.add(stream, sequence, flags, bytes);
  }

  /** sendMessages of what was staged; the rest stays staged. */
  sendStaged(roomBytes: number): number {
    const sent = this.sendMessages(this.#staged.records, this.#staged.count, roomBytes);
    this.#staged.packed(sent);
    return sent;
  }

  /** Forgets what was staged and not sent. */
  clearStaged(): void {
    this.#staged.clear();
  }

  /** Sends bytes as they are, at most slotBytes, with an immediate of 32 bits; false when no slot is free. */
  sendWhole(bytes: Uint8Array, imm: number): boolean {
    checkInteger("imm", imm, 0, 2 ** 32 - 1);
    return this.#post(bytes, 0, layout.TRANSFER_F_WHOLE, imm);
  }

  /** Sends again what another sender had in flight; false when no slot is free. */
  resend({ bytes, imm, messages }: SentTransfer): boolean {
    return imm === undefined ? this.#post(bytes, messages, 0, 0) : this.sendWhole(bytes, imm);
  }

  /** Takes the completions that have come: returns how many transfers were acknowledged, in the order in which they were sent. */
  completed(): number {
    this.#checkOpen();
    return this.#kernels.senderComplete(this.#record.ptr);
  }

  /** Copies of what was sent and not acknowledged, oldest first; the peer may have it all the same. */
  unacknowledged(): SentTransfer[] {
    this.#checkOpen();
    const first = this.transfersAcknowledged;
    return Array.from({ length: this.inFlight }, (_, i) => this.#record.transfer(first + i));
  }

  /** Gives its memory back: only when the queue pair sends no more (RESET, ERROR or destroyed) or nothing is in flight. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#record.close();
    this.#memory.close();
  }

  #post(bytes: Uint8Array, messages: number, flags: number, imm: number): boolean {
    checkInteger("bytes.length", bytes.length, 0, this.slotBytes);
    if (this.slotsFree === 0) return false;
    this.#record.fill(this.transfersSent, bytes);
    this.#kernels.senderPost(this.#record.ptr, bytes.length, messages, flags, imm);
    return true;
  }

  #word(field: number): number {
    this.#checkOpen();
    return this.#record.word(field);
  }

  #count(field: number): number {
    this.#checkOpen();
    return this.#record.count(field);
  }

  #checkOpen(): void {
    this.#options.device.endpoint.owner.checkOpen();
    if (this.#isClosed) throw new ConfigError("sender", "closed", "one that was not closed");
  }
}
