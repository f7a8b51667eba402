/** Ends of a connection that carries transfers, and what goes one way over it: messages and wholes in one order. */
import { expect } from "vitest";
import { STREAM_F_URGENT } from "../../assembly/layout.js";
import { type SentTransfer, TransferReceiver, TransferSender } from "../../src/rdma/transfer/index.js";
import type { CompletionQueue } from "../../src/rdma/verbs/index.js";
import type { Random } from "./property.js";
import { type End, type EndShape, makeEnd } from "./rdma.js";

export interface TransferEnd extends End {
  readonly recvCq: CompletionQueue;
}

/** An end whose queue pair has a completion queue for each direction. */
export async function makeTransferEnd(shape: EndShape = {}): Promise<TransferEnd> {
  const end = await makeEnd({ mbufs: 128, ...shape });
  return renewed({ ...end, recvCq: end.device.createCq() });
}

/** The end with a new queue pair in the place of its own. */
export function renewed(end: TransferEnd): TransferEnd {
  end.qp.destroy();
  const { pd, cq, recvCq } = end;
  return { ...end, qp: end.device.createQp({ pd, type: "rc", sendCq: cq, recvCq }) };
}

/** What is sent and what arrives, as text, so that a whole schedule compares as one list. */
export function messageText(stream: number, sequence: number, flags: number, bytes: Uint8Array): string {
  return `${stream}/${sequence}/${flags} ${Buffer.from(bytes).toString("hex")}`;
}

export function wholeText(imm: number, bytes: Uint8Array): string {
  return `whole ${imm} ${Buffer.from(bytes).toString("hex")}`;
}

/** Takes what has come, by any of the calls, into the list. Returns how many transfers. */
export function takeAll(receiver: TransferReceiver, arrived: string[], random: Random): number {
  let transfers = 0;
  for (;;) {
    if (random.below(2) === 0) {
      while (receiver.nextBurst() > 0) {
        pushMessages(receiver, receiver.messageCount, arrived);
        transfers += receiver.transfersTaken;
      }
    }
    const transfer = receiver.next();
    if (!transfer) return transfers;
    transfers++;
    if (transfer.kind === "aggregate") pushMessages(receiver, transfer.count, arrived);
    else if (transfer.kind === "whole") arrived.push(wholeText(transfer.imm, transfer.bytes));
    else arrived.push(transfer.fault);
  }
}

function pushMessages(receiver: TransferReceiver, count: number, arrived: string[]): void {
  for (let i = 0; i < count; i++) {
    const { stream, sequence, flags, bytes } = receiver.message(i);
    arrived.push(messageText(stream, sequence, flags, bytes));
  }
}

/** One direction: a sender that stages and sends at random, and a receiver that takes at random. */
export class TransferFlow {
  readonly sender: TransferSender;
  readonly receiver: TransferReceiver;
  readonly sent: string[] = [];
  readonly arrived: string[] = [];
  readonly #random: Random;
  #left: number;

  constructor(from: TransferEnd, to: TransferEnd, random: Random, items: number) {
    this.#random = random;
    this.#left = items;
    const [slots, slotBytes] = [2 ** random.below(5), random.between(128, 1200)];
    this.sender = new TransferSender({ ...from, slots, slotBytes, stageMessages: random.between(1, 20) });
    // Fewer receives than sends, as often as not: then the sender is told to wait.
    const messagesMax = 256;
    this.receiver = new TransferReceiver({ ...to, slots: 2 ** random.below(5), slotBytes, messagesMax });
  }

  get isDone(): boolean {
    return this.#left === 0 && this.sender.staged === 0 && this.sender.inFlight === 0;
  }

  step(): void {
    const { sender, receiver } = this;
    for (let n = this.#random.below(8); n > 0 && this.#left > 0; n--) this.#offer();
    if (this.#left === 0 || this.#random.below(2) === 0) sender.sendStaged(sender.slotBytes);
    expect(sender.fault).toBeUndefined();
    sender.completed();
    if (this.#random.below(3) === 0) takeAll(receiver, this.arrived, this.#random);
  }

  finish(): void {
    takeAll(this.receiver, this.arrived, this.#random);
    expect(this.arrived).toEqual(this.sent);
    const { transfersSent, transfersAcknowledged, messagesSent, messagesAcknowledged } = this.sender;
    expect([transfersAcknowledged, messagesAcknowledged]).toEqual([transfersSent, messagesSent]);
    expect(messagesSent).toBe(this.sent.filter((item) => !item.startsWith("whole")).length);
    expect([this.sender.error, this.receiver.error, this.sender.unacknowledged()]).toEqual([undefined, undefined, []]);
  }

  close(): void {
    this.sender.close();
    this.receiver.close();
  }

  #offer(): void {
    const { sender } = this;
    const length = this.#random.between(1, Math.min(300, sender.slotBytes - 6));
    const bytes = this.#random.bytes(length);
    if (this.#random.below(8) === 0) {
      // Not past what is staged: order is one for both.
      if (sender.staged > 0 || !sender.sendWhole(bytes, length)) return;
      this.sent.push(wholeText(length, bytes));
    } else {
      const flags = this.#random.below(2) * STREAM_F_URGENT;
      const name = [this.#random.below(65536), this.#random.below(65536), flags] as const;
      if (!sender.stage(...name, bytes)) return;
      this.sent.push(messageText(...name, bytes));
    }
    this.#left--;
  }
}

/** A bad aggregate, or anything else, as a transfer. */
export function raw(...bytes: number[]): SentTransfer {
  return { bytes: Uint8Array.from(bytes), imm: undefined, messages: 0 };
}
