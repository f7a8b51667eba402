/**
 * The same job in plain JavaScript, by the same rules (docs/limits.md): a Map from the twelve bytes of addresses and ports to a
 * direction, and the directions' numbers in one Int32Array, which is as near to the kernel's records as JavaScript comes.
 */
const [OPEN, NEXT, ACK, ACKED, WINDOW, STAMP, ASKED, ASKS, ASKED_US, HOLES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const HOLES_MAX = 4;
/** Words of a direction: what is above, and a count with two words a hole. */
const WORDS = HOLES + 1 + 2 * HOLES_MAX;

export interface PlainHealth {
  segments: number;
  retransmissions: number;
  outOfOrder: number;
  duplicateAcks: number;
  zeroWindows: number;
  roundTrips: number;
}

/** Frames are plain: TCP in IPv4 without options, with timestamps at the usual place or none. */
export class PlainMonitor {
  readonly health: PlainHealth = {
    ...{ segments: 0, retransmissions: 0, outOfOrder: 0, duplicateAcks: 0, zeroWindows: 0, roundTrips: 0 },
  };
  /** The directions' state; what was copied of it can be set again. */
  readonly words: Int32Array;
  readonly #directions = new Map<string, number>();

  constructor(connections: number) {
    this.words = new Int32Array(2 * connections * WORDS);
  }

  observe(frame: Buffer, view: DataView, nowUs: number): void {
    const { words, health } = this;
    const at = this.#directionOf(frame);
    const other = at % (2 * WORDS) === 0 ? at + WORDS : at - WORDS;
    const headerBytes = ((frame[46] as number) >> 4) * 4;
    const bytes = view.getUint16(16) - 20 - headerBytes;
    health.segments++;
    if (view.getUint16(48) === 0) health.zeroWindows++;
    this.#place(at, other, view.getInt32(38), bytes);
    this.#acknowledge(at, other, view.getInt32(42), view.getUint16(48), bytes);
    if (headerBytes < 32 || view.getUint32(54) !== 0x0101080a) return;
    const stamp = view.getInt32(58);
    if (((stamp - (words[at + STAMP] as number)) | 0) > 0) {
      words[at + STAMP] = stamp;
      if (bytes > 0 && words[at + ASKS] === 0) {
        words[at + ASKS] = 1;
        words[at + ASKED] = stamp;
        words[at + ASKED_US] = nowUs;
      }
    }
    if (words[other + ASKS] === 0) return;
    const ahead = (view.getInt32(62) - (words[other + ASKED] as number)) | 0;
    if (ahead >= 0) words[other + ASKS] = 0;
    if (ahead === 0 && ((nowUs - (words[other + ASKED_US] as number)) | 0) >= 0) health.roundTrips++;
  }

  #directionOf(frame: Buffer): number {
    const key = frame.toString("latin1", 26, 38);
    const known = this.#directions.get(key);
    if (known !== undefined) return known;
    const back =
      frame.toString("latin1", 30, 34) +
      frame.toString("latin1", 26, 30) +
      frame.toString("latin1", 36, 38) +
      frame.toString("latin1", 34, 36);
    const at = this.#directions.size * WORDS;
    this.#directions.set(key, at);
    this.#directions.set(back, at + WORDS);
    return at;
  }

  #place(at: number, other: number, seq: number, bytes: number): void {
    const { words, health } = this;
    const next = words[at + NEXT] as number;
    const ahead = (seq - next) | 0;
    if (words[at + OPEN] === 0) {
      words[at + OPEN] = 1;
      words[at + NEXT] = seq + bytes;
      return;
    }
    if (words[at + HOLES] !== 0 && words[other + ACKED] !== 0)
      this.#fill(at, (next - 0x4000_0000) | 0, words[other + ACK] as number);
    if (ahead >= 0) {
      const holes = words[at + HOLES] as number;
      if (ahead > 0 && holes < HOLES_MAX) {
        words[at + HOLES + 1 + 2 * holes] = next;
        words[at + HOLES + 2 + 2 * holes] = seq;
        words[at + HOLES] = holes + 1;
      }
      words[at + NEXT] = seq + bytes;
      return;
    }
    if (bytes === 0) return;
    const end = (seq + bytes) | 0;
    if (((end - next) | 0) > 0) words[at + NEXT] = end;
    if (words[at + HOLES] !== 0 && this.#fill(at, seq, end)) health.outOfOrder++;
    else if (((end - next) | 0) <= 0 && !(ahead === -1 && bytes === 1)) health.retransmissions++;
  }

  /** Takes a range out of the holes; true when it had some of them. */
  #fill(at: number, from: number, to: number): boolean {
    const { words } = this;
    const holes = Array.from({ length: words[at + HOLES] as number }, (_, i) => {
      const hole = at + HOLES + 1 + 2 * i;
      return [words[hole] as number, words[hole + 1] as number] as const;
    });
    const left = holes.flatMap(([a, b]) => {
      if (((b - from) | 0) <= 0 || ((a - to) | 0) >= 0) return [[a, b] as const];
      return [[a, from] as const, [to, b] as const].filter(([x, y]) => ((y - x) | 0) > 0);
    });
    const isSame =
      left.length === holes.length && left.every(([a, b], i) => holes[i]?.[0] === a && holes[i]?.[1] === b);
    const kept = left.slice(0, HOLES_MAX);
    words[at + HOLES] = kept.length;
    for (const [i, [a, b]] of kept.entries()) {
      words[at + HOLES + 1 + 2 * i] = a;
      words[at + HOLES + 2 + 2 * i] = b;
    }
    return !isSame;
  }

  #acknowledge(at: number, other: number, ack: number, window: number, bytes: number): void {
    const { words, health } = this;
    const isSameWindow = words[at + WINDOW] === window;
    words[at + WINDOW] = window;
    const ahead = (ack - (words[at + ACK] as number)) | 0;
    if (words[at + ACKED] === 0 || ahead > 0) {
      words[at + ACKED] = 1;
      words[at + ACK] = ack;
      return;
    }
    if (ahead !== 0 || bytes > 0 || !isSameWindow || words[other + OPEN] === 0) return;
    if ((((words[other + NEXT] as number) - ack) | 0) > 0) health.duplicateAcks++;
  }
}
