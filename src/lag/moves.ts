/**
 * Buckets on their way from one port to another, so that no frame overtakes another of its flow (assembly/lag/settle.ts):
 *   - "drain": the bucket's frames are held until nothing of it is in the old port's queue;
 *   - "marker": and until the peer has answered a marker that went out behind them (IEEE 802.1AX-2020 6.5), since links differ in
 *     delay, and what has left one may arrive after what left another later;
 *   - "none": at once.
 * A dead port's buckets move at once in any case, and a move that takes too long is forced, and counted.
 */
import type { PartitionRecord } from "./partition-record.js";

export type Order = "drain" | "marker" | "none";

interface Move {
  readonly record: PartitionRecord;
  readonly bucket: number;
  readonly from: number;
  readonly startedMs: number;
  /** The marker whose answer it waits for. */
  marker: number | undefined;
}

export class Moves {
  readonly #order: Order;
  readonly #timeoutMs: number;
  #moves: Move[] = [];
  /** Whether some bucket may still be moving. */
  unsettled = false;
  #lastMarker = 0;
  #forced = 0;

  constructor(order: Order, timeoutMs: number) {
    this.#order = order;
    this.#timeoutMs = timeoutMs;
  }

  /** Buckets that were moved although something of them was still in flight. */
  get forced(): number {
    return this.#forced;
  }

  /** Has a partition's buckets go where `after` says; isUsable says of the port that one leaves. Returns how many go. */
  begin(record: PartitionRecord, after: Uint8Array, isUsable: (port: number) => boolean, nowMs: number): number {
    let count = 0;
    this.unsettled = true;
    for (const [bucket, next] of after.entries()) {
      const { owner, next: before } = record.place(bucket);
      if ((before ?? owner) === next) continue;
      count++;
      const waits = this.#order !== "none" && isUsable(owner) && owner !== next;
      if (waits) this.#wait(record, bucket, owner, next, nowMs);
      else if (before === undefined) record.setOwner(bucket, next);
      // Frames of it are held: settling sends them before the bucket is the next owner's.
      else record.move(bucket, next, "forced");
    }
    return count;
  }

  /** Forces what leaves a port that has died. */
  abandon(port: number): void {
    for (const move of this.#moves) if (move.from === port) this.#force(move);
  }

  /** A number for a marker on each port that buckets wait to leave and that has none on its way; the caller sends them. */
  markersDue(): { port: number; transactionId: number }[] {
    const due: { port: number; transactionId: number }[] = [];
    for (const move of this.#moves) {
      if (this.#order !== "marker" || move.marker !== undefined) continue;
      let marker = due.find(({ port }) => port === move.from);
      if (!marker) {
        this.#lastMarker = (this.#lastMarker + 1) >>> 0;
        marker = { port: move.from, transactionId: this.#lastMarker };
        due.push(marker);
      }
      move.marker = marker.transactionId;
    }
    return due;
  }

  /** The peer has answered a marker: all that was sent on the port before has arrived. */
  answered(port: number, transactionId: number): void {
    for (const { record, bucket, from, marker } of this.#moves) {
      const next = record.place(bucket).next;
      if (from === port && marker === transactionId && next !== undefined) record.move(bucket, next, "drained");
    }
  }

  /** Forgets what has settled, forces what has taken too long. */
  tick(nowMs: number): void {
    this.#moves = this.#moves.filter(({ record, bucket }) => record.place(bucket).next !== undefined);
    for (const move of this.#moves) {
      if (nowMs - move.startedMs < this.#timeoutMs) continue;
      this.#forced++;
      this.#force(move);
    }
  }

  /** When tick has something to force. */
  get nextMs(): number | undefined {
    const [first] = this.#moves;
    return first && first.startedMs + this.#timeoutMs;
  }

  /** A partition goes: its moves with it. */
  forget(record: PartitionRecord): void {
    this.#moves = this.#moves.filter((move) => move.record !== record);
  }

  #wait(record: PartitionRecord, bucket: number, from: number, next: number, nowMs: number): void {
    this.#moves = this.#moves.filter((move) => move.record !== record || move.bucket !== bucket);
    this.#moves.push({ record, bucket, from, startedMs: nowMs, marker: undefined });
    record.move(bucket, next, this.#order === "marker" ? "gated" : "drained");
  }

  #force({ record, bucket }: Move): void {
    const next = record.place(bucket).next;
    if (next !== undefined) record.move(bucket, next, "forced");
  }
}
