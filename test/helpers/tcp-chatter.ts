/**
 * TCP segments as no sender would send them: any mix of new, old, overlapping and far-off ones, acknowledgments and timestamps that
 * make sense mostly, several connections at once, of both IP versions and of networks with the same addresses. Sequence numbers and
 * TSvals begin just before they wrap.
 */
import type { Seen } from "./health.js";
import type { Random } from "./property.js";
import { ALICE, ALICE6, BOB, BOB6, type End, type Segment, segmentFrame, windowScale } from "./tcp.js";

interface Side {
  readonly end: End;
  readonly peer: number;
  first: number;
  next: number;
  ack: number;
  stampMs: number;
  heard: number;
  window: number;
  sent: Segment[];
}

interface Talk {
  readonly sides: readonly [Side, Side];
  readonly network: number;
  readonly hasStamps: boolean;
}

/** Mostly near enough together that holes stay few; wild: holes and leaps of any kind. */
export function chatter(random: Random, count: number, wild: boolean): Seen[] {
  const talks = [0, 1, 2, 3].map((i) => makeTalk(random, i));
  let nowNs = 1_700_000_000_000_000_000n + BigInt(random.below(1e9));
  return Array.from({ length: count }, () => {
    nowNs += BigInt(random.below(400_000));
    const talk = random.pick(talks);
    const i = random.below(2);
    const [side, other] = [talk.sides[i] as Side, talk.sides[1 - i] as Side];
    side.stampMs += random.pick([0, 0, 1, 3]);
    const segment = next(random, talk, side, other, wild);
    side.sent = [...side.sent.slice(-5), segment];
    if (segment.stamps && random.below(8) > 0) other.heard = segment.stamps[0];
    // A clock that goes back now and then.
    const timestampNs = random.below(50) === 0 ? nowNs - 5_000_000n : nowNs;
    const { peer } = side;
    return { data: segmentFrame(segment), timestampNs, peer, network: talk.network };
  });
}

function makeTalk(random: Random, i: number): Talk {
  const [a, b] = i === 2 ? [ALICE6, BOB6] : [ALICE, BOB];
  const side = (end: End, peer: number): Side => {
    const first = (0 - random.below(20_000)) >>> 0;
    const stampMs = 2 ** 32 - random.below(500);
    return { end, peer, first, next: first, ack: 0, stampMs, heard: 0, window: 500, sent: [] };
  };
  // Of the fourth, both ends have the same port: only addresses tell them apart.
  const ends = i === 3 ? [{ ...a, port: b.port }, b] : [a, b];
  const sides = [side(ends[0] as End, 2 * i), side(ends[1] as End, 2 * i + 1)] as const;
  return { sides, network: i === 1 ? 7 : 0, hasStamps: random.below(4) > 0 };
}

function next(random: Random, talk: Talk, side: Side, other: Side, wild: boolean): Segment {
  const common = {
    from: side.end,
    to: other.end,
    ack: side.ack,
    window: side.window,
    stamps: talk.hasStamps ? ([side.stampMs >>> 0, side.heard >>> 0] as const) : undefined,
  };
  const bytes = random.between(1, 1460);
  const newData = (): Segment => {
    const segment = { ...common, seq: side.next >>> 0, bytes };
    side.next = (side.next + bytes) >>> 0;
    return segment;
  };
  switch (random.below(wild ? 20 : 17)) {
    case 0: // the other end's all, seldom: it closes all holes
      if (random.below(3) > 0) return newData();
      side.ack = other.next;
      return { ...common, ack: side.ack, seq: side.next };
    case 1: // some of it
      side.ack = (other.next - random.below(20_000)) >>> 0;
      return { ...common, ack: side.ack, seq: side.next };
    case 2:
    case 3: // the same again
      return { ...common, seq: side.next };
    case 4:
    case 5: // a segment of lately, as it was
      return side.sent.length > 0 ? random.pick(side.sent) : newData();
    case 6: // anything of lately
      return { ...common, seq: (side.next - random.below(8000)) >>> 0, bytes };
    case 7: // something is missing before it
      side.next = (side.next + random.between(1, 3000)) >>> 0;
      return newData();
    case 8: // keep-alive
      return { ...common, seq: (side.next - 1) >>> 0, bytes: random.below(2) };
    case 9:
      side.window = random.pick([0, 0, 500, 501]);
      return { ...common, window: side.window, seq: side.next };
    case 10: {
      // A SYN: the first again, or of another connection.
      if (random.below(3) === 0) side.first = side.next = (side.next + random.below(100_000)) >>> 0;
      const options = random.below(3) > 0 ? windowScale(random.below(20)) : [];
      const seq = side.first;
      if (seq === side.next) side.next = (seq + 1) >>> 0;
      return { ...common, ack: random.below(2) ? side.ack : undefined, seq, flags: "S", options };
    }
    case 11: {
      const segment = { ...common, seq: side.next, bytes: random.below(100), flags: "F" };
      if (random.below(4) === 0) side.next = (side.next + segment.bytes + 1) >>> 0;
      return segment;
    }
    case 17:
      return { ...common, seq: random.below(2 ** 32), bytes: random.below(2) * bytes };
    case 18:
      return { ...common, seq: random.below(2 ** 32), ack: random.below(2 ** 32), flags: random.pick(["R", "S", ""]) };
    case 19: {
      const far = (side.next + random.pick([-1, 1]) * (2 ** 30 + random.between(-1, 1))) >>> 0;
      return { ...common, seq: far, bytes: random.below(2) * bytes };
    }
    default:
      return newData();
  }
}
