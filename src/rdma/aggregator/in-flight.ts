/** Transfers that were sent and not acknowledged, in order: what a new connection replays. */
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import { serialAdd } from "../aggregate/serial.js";
import { transferBytes } from "./counters.js";
import { readTransfer, type TransferBounds, writeTransfer } from "./state/transfer-bytes.js";
import type { StreamState } from "./stream-state.js";
import type { Transfer } from "./transfer.js";

export class InFlight {
  /** The number of the first, modulo 2^32. */
  #base = 0;
  #transfers: Transfer[] = [];
  /** So many of them went over the connection there is. */
  #sent = 0;
  #data = 0;

  get count(): number {
    return this.#transfers.length;
  }

  get bytes(): number {
    return this.#transfers.reduce((sum, transfer) => sum + transferBytes(transfer), 0);
  }

  /** Bytes of streams are under way. */
  get hasData(): boolean {
    return this.#data > 0;
  }

  /** A new one, which the caller sends. */
  add(transfer: Transfer): void {
    this.#transfers.push(transfer);
    this.#sent++;
    if (transfer.kind !== "control") this.#data++;
  }

  /** The next to send again; undefined: all were. */
  replay(): Transfer | undefined {
    return this.#sent < this.#transfers.length ? this.#transfers[this.#sent++] : undefined;
  }

  /** The oldest so many have arrived. */
  acknowledge(count: number): void {
    if (count === 0) return;
    const gone = this.#transfers.splice(0, Math.min(count, this.#sent));
    this.#sent -= gone.length;
    this.#base = (this.#base + gone.length) >>> 0;
    this.#data -= gone.filter(({ kind }) => kind !== "control").length;
  }

  /**
   * On a new connection, to a peer that has had so many transfers of the session: the others are to be sent again. False, and nothing
   * has changed, when it cannot have had as many, or as few.
   */
  resume(received: number): boolean {
    const arrived = (received - this.#base) >>> 0;
    if (arrived > this.#transfers.length) return false;
    this.#sent = this.#transfers.length;
    this.acknowledge(arrived);
    this.#sent = 0;
    return true;
  }

  /** Into a snapshot: base 32, sent 16, how many 16, and those. */
  write(out: SectionWriter): void {
    out.u32(this.#base);
    out.u16(this.#sent);
    out.u16(this.#transfers.length);
    for (const transfer of this.#transfers) writeTransfer(out, transfer);
  }

  /** From a snapshot, into none: as many as may be under way, made for these bounds and by these streams. */
  read(from: SectionReader, transfersMax: number, bounds: TransferBounds, states: Iterable<StreamState>): void {
    this.#base = from.u32("base");
    this.#sent = from.u16("sent");
    const count = from.u16("transfers", transfersMax, this.#sent);
    this.#transfers = from.list("transfers", count, () => readTransfer(from, bounds));
    this.#data = this.#transfers.filter(({ kind }) => kind !== "control").length;
    checkSequences(from, this.#transfers, states);
  }

  clear(): void {
    this.#transfers = [];
    this.#sent = 0;
    this.#data = 0;
  }
}

/** A number's messages follow one another, up to the next that its stream sends; where they begin anew it was another stream's before. */
function checkSequences(from: SectionReader, transfers: readonly Transfer[], states: Iterable<StreamState>): void {
  const next = new Map<number, number>();
  for (const transfer of transfers) {
    if (transfer.kind === "control") continue;
    for (const { stream, sequence } of transfer.kind === "whole" ? [transfer] : transfer.messages) {
      const due = next.get(stream) ?? sequence;
      from.check(sequence === due || sequence === 0, "sequence", sequence, `${due}, which is next of stream ${stream}`);
      next.set(stream, serialAdd(sequence, 1));
    }
  }
  for (const { stream, sendSequence } of states) {
    const due = next.get(stream) ?? sendSequence;
    const isNext = sendSequence === due || sendSequence === 0;
    from.check(isNext, "sendSequence", sendSequence, `${due}, behind what stream ${stream} has under way`);
  }
}
