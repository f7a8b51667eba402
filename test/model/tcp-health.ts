/**
 * The health of TCP connections, the slow way: every sequence number is unwrapped, and of each direction all ranges that were seen are
 * kept. Written from docs/limits.md, RFC 9293, RFC 5681 section 2 and RFC 7323. Holes are what lies between the ranges; with a bound on
 * them the highest beyond it count as seen, as in the engine.
 */
import * as layout from "../../assembly/layout.js";
import { parse } from "./parse.js";

/** What one frame was found to be. */
export interface Finding {
  skipped?: boolean;
  segment?: boolean;
  data?: boolean;
  retransmission?: boolean;
  outOfOrder?: boolean;
  duplicateAck?: boolean;
  zeroWindow?: boolean;
  roundTripUs?: number;
}

interface Direction {
  first: number;
  /** Unwrapped, behind the highest that was seen. */
  next: number;
  /** Ascending, disjoint, unwrapped; the first begins at -Infinity. */
  seen: [from: number, to: number][];
  ack?: number;
  window?: number;
  shift?: number | undefined;
  stamp?: number;
  asked?: { stamp: number; atUs: number } | undefined;
}

/** The directions of a connection by their sender. */
type Connection = Map<string, Direction>;

const FAR = 2 ** 30;
const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];

/** a - b of numbers modulo 2^32, from -2^31 on. */
const ahead = (a: number, b: number) => (a - b) | 0;

export class TcpHealthModel {
  /** Holes of a direction that were forgotten, of all. */
  forgotten = 0;
  skipped = 0;
  readonly #connections = new Map<string, Connection>();
  readonly #holesMax: number;

  constructor(holesMax = Number.POSITIVE_INFINITY) {
    this.#holesMax = holesMax;
  }

  get size(): number {
    return this.#connections.size;
  }

  observe(frame: Uint8Array, timestampNs: bigint, network = 0, wire = frame.length): Finding {
    const { flags, l3, l4, payload, l4Len } = parse(frame, wire);
    if ((flags & layout.FLAG_TCP) === 0) return {};
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const isFragment = (flags & layout.FLAG_FRAGMENT) !== 0;
    const headerBytes = payload === 0 ? 0 : (view.getUint8(l4 + 12) >> 4) * 4;
    const bytes = l4Len - headerBytes;
    if (isFragment || payload === 0 || payload !== l4 + headerBytes || bytes >= FAR) {
      this.skipped++;
      return { skipped: true };
    }
    const bits = view.getUint8(l4 + 13);
    const window = view.getUint16(l4 + 14);
    const found: Finding = { segment: true };
    if (bytes > 0) found.data = true;
    if (window === 0 && (bits & (RST | SYN | FIN)) === 0) found.zeroWindow = true;

    const [source, destination] = (flags & layout.FLAG_IPV4) !== 0 ? [l3 + 12, l3 + 16] : [l3 + 8, l3 + 24];
    const length = destination - source;
    const sender = `${frame.subarray(source, destination)}:${view.getUint16(l4)}`;
    const receiver = `${frame.subarray(destination, destination + length)}:${view.getUint16(l4 + 2)}`;
    const key = `${network} ${[sender, receiver].sort().join(" ")}`;
    if (!this.#connections.has(key)) {
      if ((bits & RST) !== 0) return found;
      this.#connections.set(key, new Map());
    }
    if ((bits & RST) !== 0) return found;
    const connection = this.#connections.get(key) as Connection;
    const other = sender === receiver ? undefined : connection.get(receiver);
    const isSyn = (bits & SYN) !== 0;
    const len = bytes + (isSyn ? 1 : 0) + ((bits & FIN) !== 0 ? 1 : 0);
    const options = readOptions(frame.subarray(l4 + 20, Math.min(payload, frame.length)));

    this.#place(connection, sender, other, view.getUint32(l4 + 4), len, bytes, isSyn, found);
    const direction = connection.get(sender) as Direction;
    if (isSyn) direction.shift = options.shift;
    if ((bits & ACK) !== 0) {
      const isScaled = !isSyn && direction.shift !== undefined && other?.shift !== undefined;
      const scaled = isScaled ? window * 2 ** Math.min(direction.shift as number, 14) : window;
      if (isDuplicate(direction, other, view.getUint32(l4 + 8), scaled, len === 0)) found.duplicateAck = true;
    }
    if (options.stamps) {
      const nowUs = Number((timestampNs / 1000n) % 2n ** 32n);
      const us = roundTrip(direction, other, options.stamps, nowUs, len > 0, (bits & ACK) !== 0);
      if (us !== undefined) found.roundTripUs = us;
    }
    return found;
  }

  #place(
    connection: Connection,
    sender: string,
    other: Direction | undefined,
    number: number,
    len: number,
    bytes: number,
    isSyn: boolean,
    found: Finding,
  ): void {
    const known = connection.get(sender);
    if (!known || (isSyn && number !== known.first) || Math.abs(ahead(number, known.next)) > FAR) {
      const next = number + len;
      connection.set(sender, { first: number, next, seen: [[Number.NEGATIVE_INFINITY, next]] });
      return;
    }
    const seq = known.next + ahead(number, known.next);
    const end = seq + len;
    const { next } = known;
    see(known, Number.NEGATIVE_INFINITY, next - FAR);
    if (other?.ack !== undefined) {
      const distance = ahead(other.ack, next);
      if (Math.abs(distance) <= FAR) see(known, Number.NEGATIVE_INFINITY, next + Math.min(distance, 0));
    }
    if (len === 0 && seq < next) return;
    const isLate = unseen(known, seq, Math.min(end, next)) > 0;
    see(known, seq, end);
    known.next = Math.max(next, end);
    while (known.seen.length - 1 > this.#holesMax) {
      const [last, before] = [known.seen.pop(), known.seen.at(-1)] as [[number, number], [number, number]];
      before[1] = last[1];
      this.forgotten++;
    }
    if (isLate) found.outOfOrder = true;
    else if (seq < next && end <= next && !(seq === next - 1 && bytes === len)) found.retransmission = true;
  }
}

/** Adds a range; those that touch become one. */
function see(direction: Direction, from: number, to: number): void {
  const all = [...direction.seen, [from, to] as [number, number]].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  direction.seen = [];
  for (const range of all) {
    const last = direction.seen.at(-1);
    if (last && range[0] <= last[1]) last[1] = Math.max(last[1], range[1]);
    else direction.seen.push([...range]);
  }
}

/** How much of a range was not seen. */
function unseen({ seen }: Direction, from: number, to: number): number {
  return seen.reduce((rest, [a, b]) => rest - Math.max(0, Math.min(b, to) - Math.max(a, from)), Math.max(0, to - from));
}

function isDuplicate(
  direction: Direction,
  other: Direction | undefined,
  ack: number,
  window: number,
  isBare: boolean,
): boolean {
  const before = { ack: direction.ack, window: direction.window };
  direction.window = window;
  if (before.ack === undefined) {
    direction.ack = ack;
    return false;
  }
  const distance = ahead(ack, before.ack);
  if (distance > 0 || distance < -FAR) direction.ack = ack;
  const isOutstanding = other !== undefined && ahead(other.next, ack) > 0;
  return distance === 0 && isBare && window === before.window && isOutstanding;
}

function roundTrip(
  direction: Direction,
  other: Direction | undefined,
  [value, echo]: readonly [number, number],
  nowUs: number,
  isAnswered: boolean,
  hasAck: boolean,
): number | undefined {
  if (direction.stamp === undefined || ahead(value, direction.stamp) > 0) {
    direction.stamp = value;
    if (isAnswered) direction.asked ??= { stamp: value, atUs: nowUs };
  }
  if (!hasAck || !other?.asked) return undefined;
  const { stamp, atUs } = other.asked;
  const distance = ahead(echo, stamp);
  if (distance >= 0) other.asked = undefined;
  const us = ahead(nowUs, atUs);
  return distance === 0 && us >= 0 ? us : undefined;
}

interface Options {
  stamps?: readonly [number, number];
  shift?: number;
}

/** The first of each kind, before the first option that makes no sense. */
function readOptions(bytes: Uint8Array): Options {
  const options: Options = {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const kind = bytes[at];
    const length = kind === 1 ? 1 : (bytes[at + 1] ?? 0);
    if (kind !== 1 && (length < 2 || at + length > bytes.length)) break;
    if (kind === 8 && length === 10) options.stamps ??= [view.getUint32(at + 2), view.getUint32(at + 6)];
    if (kind === 3 && length === 3) options.shift ??= bytes[at + 2] as number;
    at += length;
  }
  return options;
}
