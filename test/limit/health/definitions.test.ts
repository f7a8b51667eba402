/** Each definition of docs/limits.md, by hand-made segments. */
import { beforeEach, describe, expect, test } from "vitest";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { type HealthBed, healthBed, type Seen } from "../../helpers/health.js";
import { ALICE, ALICE6, BOB, BOB6, type Segment, segmentFrame, windowScale } from "../../helpers/tcp.js";
import type { Finding } from "../../model/tcp-health.js";

/** A first sequence number that wraps soon. */
const A = 2 ** 32 - 1500;
const B = 7_000_000;
const wrap = (number: number) => number >>> 0;

describe.each(BUILDS)("the health of a connection (%s build)", (build) => {
  let bed: HealthBed;
  let nowMs: number;
  beforeEach(async () => {
    bed = await healthBed(build, { connections: 16, idleSeconds: 10, seed: 1n });
    nowMs = 1000;
  });

  type Said = Partial<Segment> & { readonly afterMs?: number };
  const frame = ({ afterMs = 1, ...said }: Said, from = ALICE, to = BOB): Seen => {
    nowMs += afterMs;
    return { data: segmentFrame({ from, to, seq: A, ack: B, ...said }), timestampNs: BigInt(nowMs) * 1_000_000n };
  };
  const alice = (said: Said) => frame(said);
  const bob = (said: Said) => frame({ seq: B, ack: A, ...said }, BOB, ALICE);
  /** What is said of each, apart from that it is a segment, and has data. */
  const found = (...frames: Seen[]) =>
    bed.findings(frames).map(({ segment, data, ...rest }): Omit<Finding, "segment" | "data"> => rest);
  const [AGAIN, LATE, DUPLICATE, ZERO, NOTHING] = [
    { retransmission: true },
    { outOfOrder: true },
    { duplicateAck: true },
    { zeroWindow: true },
    {},
  ];

  describe("a retransmission", () => {
    test("is a segment all of whose data was seen", () => {
      const whole = { seq: A, bytes: 2000 };
      expect(found(alice(whole), alice(whole), alice({ seq: wrap(A + 500), bytes: 1500 }))).toEqual([
        NOTHING,
        AGAIN,
        AGAIN,
      ]);
    });

    test("is not one that has a byte more", () => {
      expect(found(alice({ bytes: 1000 }), alice({ bytes: 1001 }), alice({ bytes: 1001 }))).toEqual([
        NOTHING,
        NOTHING,
        AGAIN,
      ]);
    });

    test("may be of data that several segments had", () => {
      const parts = [alice({ bytes: 1000 }), alice({ seq: A + 1000, bytes: 1000 })];
      expect(found(...parts, alice({ seq: A + 300, bytes: 1500 }))).toEqual([NOTHING, NOTHING, AGAIN]);
    });

    test("may be a SYN or a FIN: each counts one", () => {
      const syn = { ack: undefined, flags: "S" };
      const fin = { seq: A + 1, flags: "F" };
      expect(found(alice(syn), alice(syn), alice(fin), alice(fin))).toEqual([NOTHING, AGAIN, NOTHING, AGAIN]);
    });

    test("is not a keep-alive: a byte, or none, below what comes next", () => {
      const keepAlive = { seq: A + 99 };
      const frames = [alice({ bytes: 100 }), alice({ ...keepAlive, bytes: 1 }), alice(keepAlive)];
      expect(found(...frames)).toEqual([NOTHING, NOTHING, NOTHING]);
      expect(found(alice({ seq: A + 98, bytes: 1 }))).toEqual([AGAIN]);
      expect(found(alice({ seq: A + 99, bytes: 1, flags: "F" }))).toEqual([NOTHING]);
    });

    test("is what lies before the first segment that was seen", () => {
      expect(found(alice({ seq: A + 500, bytes: 100 }), alice({ seq: A, bytes: 400 }))).toEqual([NOTHING, AGAIN]);
    });
  });

  describe("out of order", () => {
    test("is what fills a hole that later segments left, once", () => {
      const late = { seq: wrap(A + 1000), bytes: 1000 };
      const frames = [alice({ bytes: 1000 }), alice({ seq: wrap(A + 2000), bytes: 500 }), alice(late), alice(late)];
      expect(found(...frames)).toEqual([NOTHING, NOTHING, LATE, AGAIN]);
    });

    test("is also what fills a part of one, from either side or the middle, with seen data around it or new data behind", () => {
      const hole = [alice({ bytes: 1000 }), alice({ seq: wrap(A + 4000), bytes: 1 })];
      const parts = [
        { seq: wrap(A + 2000), bytes: 500 },
        { seq: wrap(A + 900), bytes: 200 },
        { seq: wrap(A + 3900), bytes: 1000 },
        { seq: wrap(A + 1000), bytes: 100 },
        { seq: wrap(A + 1000), bytes: 2900 },
        { seq: wrap(A + 1000), bytes: 3900 },
      ];
      expect(found(...hole, ...parts.map(alice))).toEqual([NOTHING, NOTHING, LATE, LATE, LATE, AGAIN, LATE, AGAIN]);
    });

    test("is data that its own acknowledgment overtook", () => {
      expect(found(alice({}), alice({ seq: A + 100 }), alice({ bytes: 100 }))).toEqual([NOTHING, NOTHING, LATE]);
    });

    test("is a retransmission once the other end has acknowledged it: it got there by another way", () => {
      const frames = [alice({ bytes: 100 }), alice({ seq: A + 200, bytes: 100 }), bob({ ack: A + 150 })];
      const parts = [alice({ seq: A + 100, bytes: 50 }), alice({ seq: A + 150, bytes: 50 })];
      expect(found(...frames, ...parts)).toEqual([NOTHING, NOTHING, NOTHING, AGAIN, LATE]);
    });

    test("is known of four holes; the highest of five is forgotten, and counted", () => {
      const segments = Array.from({ length: 6 }, (_, i) => alice({ seq: wrap(A + 200 * i), bytes: 100 }));
      const fills = Array.from({ length: 5 }, (_, i) => alice({ seq: wrap(A + 100 + 200 * i), bytes: 100 }));
      found(...segments);
      expect(bed.monitor.counters.forgottenHoles).toBe(1);
      expect(found(...fills)).toEqual([LATE, LATE, LATE, LATE, AGAIN]);
    });
  });

  describe("a duplicate acknowledgment (RFC 5681 section 2)", () => {
    const opening = () => [alice({ bytes: 1000 }), bob({ ack: A + 500 })];
    test("is one with all five properties", () => {
      expect(found(...opening(), bob({ ack: A + 500 }), bob({ ack: A + 500 }))).toEqual([
        NOTHING,
        NOTHING,
        DUPLICATE,
        DUPLICATE,
      ]);
    });

    test.each<[string, Said]>([
      ["(b) with data", { ack: A + 500, bytes: 1 }],
      ["(c) with a FIN", { ack: A + 500, flags: "F" }],
      ["(d) of more", { ack: A + 600 }],
      ["(d) of less than the greatest", { ack: A + 400 }],
      ["(e) with another window", { ack: A + 500, window: 501 }],
      ["with a reset", { ack: A + 500, flags: "R" }],
    ])("is not one %s", (_, said) => {
      expect(found(...opening(), bob(said))).toEqual([NOTHING, NOTHING, NOTHING]);
    });

    test("is not one (a) when nothing is outstanding", () => {
      const all = { ack: A + 1000 };
      expect(found(...opening(), bob(all), bob(all))).toEqual([NOTHING, NOTHING, NOTHING, NOTHING]);
    });

    test("is held against the greatest acknowledgment, not the last", () => {
      expect(found(...opening(), bob({ ack: A + 400 }), bob({ ack: A + 500 }))).toEqual([
        NOTHING,
        NOTHING,
        NOTHING,
        DUPLICATE,
      ]);
    });

    test("is held against the window in bytes: a SYN's is not scaled", () => {
      const syns = [
        alice({ ack: undefined, flags: "S", options: windowScale(7) }),
        bob({ ack: A + 1, flags: "S", options: windowScale(3), window: 4000 }),
        alice({ seq: A + 1, ack: B + 1, bytes: 100 }),
      ];
      const same = { seq: B + 1, ack: A + 1, window: 500 };
      expect(found(...syns, bob(same), bob({ ...same, window: 4000 }))).toEqual([
        NOTHING,
        NOTHING,
        NOTHING,
        DUPLICATE,
        NOTHING,
      ]);
    });
  });

  test("a zero window is one, unless with RST, SYN or FIN", () => {
    const said = ["", "P", "R", "S", "F"].map((flags) => bob({ flags, window: 0, ack: A }));
    expect(found(...said).map(({ zeroWindow }) => zeroWindow ?? false)).toEqual([true, true, false, false, false]);
    expect(found(bob({ window: 0, bytes: 10, seq: B + 2 }))).toEqual([ZERO]);
  });

  describe("a round trip", () => {
    const trip = (ms: number) => ({ roundTripUs: ms * 1000 });
    test("is from the first sight of a TSval to its first echo, for who echoes", () => {
      const frames = [
        alice({ bytes: 10, stamps: [100, 0] }),
        alice({ seq: A + 10, bytes: 10, stamps: [100, 0], afterMs: 5 }),
        bob({ ack: A + 20, stamps: [900, 99], afterMs: 5 }),
        bob({ ack: A + 20, stamps: [900, 100], afterMs: 5 }),
        bob({ ack: A + 20, stamps: [901, 100], afterMs: 5 }),
      ];
      expect(found(...frames)).toEqual([NOTHING, NOTHING, NOTHING, trip(15), NOTHING]);
    });

    test("is that of one TSval at a time; one that is passed over is not waited for", () => {
      const frames = [
        alice({ bytes: 10, stamps: [2 ** 32 - 1, 0] }),
        alice({ seq: A + 10, bytes: 10, stamps: [0, 0] }),
        bob({ ack: A + 20, stamps: [900, 0] }),
        bob({ ack: A + 20, stamps: [900, 2 ** 32 - 1] }),
        alice({ seq: A + 20, bytes: 10, stamps: [5, 0] }),
        bob({ ack: A + 30, stamps: [901, 5], afterMs: 7 }),
      ];
      expect(found(...frames)).toEqual([NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, trip(7)]);
    });

    test("does not begin with what need not be answered, nor with a TSval that this had", () => {
      const frames = [
        alice({ stamps: [100, 0] }),
        alice({ bytes: 10, stamps: [100, 0] }),
        bob({ ack: A + 10, bytes: 5, stamps: [900, 100], afterMs: 3000 }),
        alice({ seq: A + 10, ack: B + 5, stamps: [101, 900], afterMs: 4 }),
      ];
      expect(found(...frames)).toEqual([NOTHING, NOTHING, NOTHING, trip(4)]);
    });

    test("is not taken without an acknowledgment, or when the clock went back", () => {
      const frames = [
        alice({ bytes: 10, stamps: [100, 0] }),
        bob({ ack: undefined, stamps: [900, 100] }),
        bob({ stamps: [901, 100], afterMs: -50 }),
      ];
      expect(found(...frames)).toEqual([NOTHING, NOTHING, NOTHING]);
    });

    test("is found wherever the option stands, and not behind options that make no sense", () => {
      const asks = (seq: number, stamp: number) => alice({ seq: A + seq, bytes: 10, stamps: [stamp, 0] });
      let window = 600;
      const echo = (stamp: number, options: number[]) =>
        bob({ ack: A, stamps: [900, stamp], options, window: window++, afterMs: 2 });
      expect(found(asks(0, 1), echo(1, [2, 4, 5, 0xb4]))).toEqual([NOTHING, trip(2)]);
      expect(found(asks(10, 2), echo(2, [254, 3, 9, 1]))).toEqual([NOTHING, trip(2)]);
      found(asks(20, 3));
      const senseless = [
        [2, 1, 0, 0],
        [2, 0, 0, 0],
        [2, 99, 0, 0],
        [0, 0, 0, 0],
      ];
      for (const options of senseless) expect(found(echo(3, options))).toEqual([NOTHING]);
      expect(found(echo(3, []))).toEqual([trip(10)]);
    });

    test("goes by the monitor's time where frames have none", () => {
      const at = (frame: Seen): Seen => ({ ...frame, timestampNs: 0n });
      bed.monitor.age(5000.25);
      found(at(alice({ bytes: 10, stamps: [100, 0] })));
      bed.monitor.age(5001.5);
      expect(found(at(bob({ ack: A + 10, stamps: [900, 100] })))).toEqual([{ roundTripUs: 1250 }]);
    });
  });

  describe("a connection", () => {
    test("begins anew with another SYN, and with what is farther off than any window", () => {
      const data = { seq: A, bytes: 100 };
      const syn = { ack: undefined, flags: "S", seq: A - 1000 };
      expect(found(alice(data), alice(syn), alice({ seq: A - 999, bytes: 10 }), alice(syn))).toEqual([
        NOTHING,
        NOTHING,
        NOTHING,
        AGAIN,
      ]);
      for (const off of [2 ** 30 + 1000, -(2 ** 30) - 1000]) {
        expect(found(alice({ seq: wrap(A + off), bytes: 10 }), alice({ seq: wrap(A + off), bytes: 10 }))).toEqual([
          NOTHING,
          AGAIN,
        ]);
        found(alice(data));
      }
    });

    test("is one of its network, its addresses and its ports, in both directions", () => {
      const say = (from: typeof ALICE, to: typeof BOB, network = 0) => ({ ...frame({ bytes: 10 }, from, to), network });
      const others: [typeof ALICE, typeof BOB, number?][] = [
        [ALICE, BOB],
        [ALICE, BOB, 1],
        [{ ...ALICE, port: 40_001 }, BOB],
        [ALICE, { ...BOB, port: 81 }],
        [
          { ...ALICE, port: BOB.port },
          { ...BOB, port: ALICE.port },
        ],
        [{ ...ALICE, ip: [10, 0, 0, 3] }, BOB],
        [ALICE6, BOB6],
        [ALICE6, BOB6, 2 ** 31 - 1],
        [
          { ...ALICE6, port: BOB.port },
          { ...BOB6, port: ALICE.port },
        ],
      ];
      for (const ends of others) expect(found(say(...ends))).toEqual([NOTHING]);
      expect(bed.monitor.counters.connections).toBe(others.length);
      for (const [from, to, network] of others) expect(found(say(to, from, network))).toEqual([NOTHING]);
      expect(bed.monitor.counters.connections).toBe(others.length);
      for (const ends of others) expect(found(say(...ends))).toEqual([AGAIN]);
    });

    test("may have one end", () => {
      expect(found(frame({ bytes: 10 }, ALICE, ALICE), frame({ bytes: 10 }, ALICE, ALICE))).toEqual([NOTHING, AGAIN]);
    });

    test("is not begun by a reset, and says nothing in one", () => {
      expect(found(alice({ flags: "R" }))).toEqual([NOTHING]);
      expect(bed.monitor.counters.connections).toBe(0);
      expect(found(alice({ bytes: 10 }), alice({ bytes: 10, flags: "R" }))).toEqual([NOTHING, NOTHING]);
    });

    test("that finds no room is counted, and its segments count for what they are without it", () => {
      const talk = (port: number, said: Said = {}) => frame({ bytes: 10, ...said }, { ...ALICE, port }, BOB);
      for (let port = 1; port <= 16; port++) found(talk(port));
      const before = bed.monitor.counters;
      expect(before).toMatchObject({ connections: 16, made: 16, refused: 0 });
      expect(found(talk(99), talk(99, { window: 0 }), talk(1))).toEqual([NOTHING, ZERO, AGAIN]);
      expect(bed.monitor.counters).toMatchObject({ connections: 16, made: 16, refused: 2 });
    });

    test("goes when it was quiet for too long, and makes room", () => {
      const talk = (port: number) =>
        frame({ bytes: 10 }, { ...ALICE, port }, port % 2 ? BOB : { ...BOB, port: port + 1 });
      const walk = (seconds: number) => bed.monitor.age(seconds * 1000, 64);
      walk(100);
      for (let port = 1; port <= 12; port++) found(talk(port));
      found(frame({ bytes: 10 }, ALICE6, BOB6));
      walk(106);
      expect(found(talk(3), frame({ bytes: 10 }, BOB6, ALICE6))).toEqual([AGAIN, NOTHING]);
      expect([walk(110), walk(111), walk(112)]).toEqual([0, 11, 0]);
      expect(bed.monitor.counters).toMatchObject({ connections: 2, made: 13, aged: 11 });
      expect(found(talk(3), talk(4))).toEqual([AGAIN, NOTHING]);
      expect(walk(117)).toBe(1);
      for (let port = 100; port < 113; port++) expect(found(talk(port))).toEqual([NOTHING]);
      expect(bed.monitor.counters).toMatchObject({ connections: 15, refused: 0 });
    });

    test("is looked for in bounded steps", () => {
      bed.monitor.age(1_000_000);
      for (let port = 1; port <= 16; port++) found(frame({ bytes: 1 }, { ...ALICE, port }, BOB));
      const steps = Array.from({ length: 64 }, () => bed.monitor.age(1_020_000, 1));
      expect(steps.reduce((sum, gone) => sum + gone)).toBe(16);
      expect(Math.max(...steps)).toBeLessThanOrEqual(3);
    });
  });

  test("fragments, cut headers and lengths beyond any window are skipped, and counted", () => {
    const tcp = f.tcp(new Uint8Array(100));
    const whole = f.ethernet(f.ipv4(tcp));
    const frames: Seen[] = [
      { data: f.ethernet(f.ipv4(f.slice(tcp, 0, 48), { fragment: 0x2000 })), timestampNs: 1n },
      { data: whole.subarray(0, 50), originalLength: whole.length, timestampNs: 1n },
      { data: f.ethernet(f.ipv4(f.tcp([], { dataOffset: 4 }))), timestampNs: 1n },
      { data: f.ethernet(f.ipv4(f.tcp([], { dataOffset: 15 }))), timestampNs: 1n },
    ];
    expect(found(...frames)).toEqual(frames.map(() => ({ skipped: true })));
    const longest = {
      data: f.ethernet(f.ipv4(tcp, { totalLength: 0 })),
      originalLength: 2 ** 30 + 54,
      timestampNs: 1n,
    };
    expect(found(longest)).toEqual([{ skipped: true }]);
    expect(bed.monitor.counters).toMatchObject({ skipped: 5, connections: 0 });
    // Nothing of TCP, nothing to count.
    expect(bed.findings([{ data: f.ethernet(f.ipv4(f.udp([]))), timestampNs: 1n }])).toEqual([{}]);
  });

  test("a cut capture's lengths are those that the IP header says", () => {
    const cut = (seen: Seen): Seen => ({ ...seen, data: seen.data.subarray(0, 54), originalLength: seen.data.length });
    const frames = [alice({ bytes: 1000 }), alice({ seq: A + 1000, bytes: 400 }), alice({ bytes: 1400 })].map(cut);
    expect(bed.findings(frames).map(({ data, retransmission }) => [data, retransmission])).toEqual([
      [true, undefined],
      [true, undefined],
      [true, true],
    ]);
  });
});
