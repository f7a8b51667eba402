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
  /** It waits for nothing any more, but for room on the next port. */
  isForced: boolean;
}

export class Moves {
  readonly #order: Order;
  readonly #timeoutMs: number;
  /** Whether some bucket may still be moving. */
  unsettled = false;
  /** By bucket (keyOf), the oldest first. */
  readonly #moves = new Map<number, Move>();
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
      this.#moves.delete(keyOf(record, bucket));
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
    for (const move of this.#moves.values()) if (move.from === port) this.#force(move);
  }

  /** A number for a marker on each port that buckets wait to leave and that has none on its way; the caller sends them. */
  markersDue(): { port: number; transactionId: number }[] {
    if (this.#order !== "marker") return [];
    const due = new Map<number, number>();
    for (const move of this.#moves.values()) {
      if (move.marker !== undefined || move.isForced) continue;
      if (!due.has(move.from)) {
        this.#lastMarker = (this.#lastMarker + 1) >>> 0;
        due.set(move.from, this.#lastMarker);
      }
      move.marker = due.get(move.from);
    }
    return [...due].map(([port, transactionId]) => ({ port, transactionId }));
  }

  /** The peer has answered a marker: all that was sent on the port before has arrived. */
  answered(port: number, transactionId: number): void {
    for (const { record, bucket, from, marker, isForced } of this.#moves.values()) {
      const next = record.place(bucket).next;
      const isAnswered = from === port && marker === transactionId && !isForced;
      if (isAnswered && next !== undefined) record.move(bucket, next, "drained");
    }
  }

  /** Forgets what has settled, forces what has taken too long. */
  tick(nowMs: number): void {
    for (const [key, move] of this.#moves) {
      if (!isMoving(move)) this.#moves.delete(key);
      else if (!move.isForced && nowMs - move.startedMs >= this.#timeoutMs) {
        this.#forced++;
        this.#force(move);
      }
    }
  }

  /** When tick has something to force. */
  get nextMs(): number | undefined {
    for (const move of this.#moves.values()) {
      if (!move.isForced && isMoving(move)) return move.startedMs + this.#timeoutMs;
    }
    return undefined;
  }

  /** A partition goes: its moves with it. */
  forget(record: PartitionRecord): void {
    for (const [key, move] of this.#moves) if (move.record === record) this.#moves.delete(key);
  }

  #wait(record: PartitionRecord, bucket: number, from: number, next: number, nowMs: number): void {
    const move = { record, bucket, from, startedMs: nowMs, marker: undefined, isForced: false };
    this.#moves.set(keyOf(record, bucket), move);
    record.move(bucket, next, this.#order === "marker" ? "gated" : "drained");
  }

  #force(move: Move): void {
    move.isForced = true;
    const next = move.record.place(move.bucket).next;
    if (next !== undefined) move.record.move(move.bucket, next, "forced");
  }
}

/** Of no other bucket: records lie further apart than they have buckets. */
function keyOf(record: PartitionRecord, bucket: number): number {
  return record.ptr + bucket;
}

function isMoving({ record, bucket }: Move): boolean {
  return record.place(bucket).next !== undefined;
}
