/** Traces by hand, and traces of all kinds beside a plain twin. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RdmaEstimate, type RdmaEstimateOptions } from "../../../src/index.js";
import { wireCost } from "../../../src/rdma/estimate/wire-cost.js";
import { departuresOf, type TwinEvent } from "../../model/consolidation.js";

const US = 1000;
const SECOND = 1e9;

/** When, of which stream, and how many bytes; none ends the stream. */
type Event = readonly [us: number, stream: number, lengthBytes: number];

function estimateOf(events: readonly Event[], options: Partial<RdmaEstimateOptions> = {}) {
  const estimate = new RdmaEstimate({ windowsNs: [100 * US], ...options });
  for (const [us, stream, lengthBytes] of events) {
    const atNs = us * US;
    if (lengthBytes === 0) estimate.close(0, stream, atNs);
    else estimate.send({ destination: 0, ipVersion: 4, stream, atNs, lengthBytes });
  }
  return estimate.finish().totals;
}

/** Two streams that are open; what is told of a trace behind them leaves them out. */
const OPEN: Event[] = [
  [0, 1, 8],
  [0, 2, 8],
  [0, 2, 2000], // goes past, and takes along what waits: nothing here waits
];
const OPEN_TRANSFERS = 2;
const OPEN_US = 1000;

describe("many streams at once", () => {
  const events = Array.from({ length: 16 }, (_, stream): Event => [5, stream, 64]);

  it.each([
    [2048, 1, 74 + 16 * 70],
    [1024, 2, 74 + 58 + 16 * 70],
  ])(
    "16 of 64 bytes at MTU %i: 16 transfers to 1 of %i packets, 46 %% to at least 80 %%",
    (mtuBytes, packets, bytes) => {
      const { before, windows } = estimateOf(events, { mtuBytes });
      expect(before).toEqual({ transfers: 16, packets: 16, wireBytes: 16 * 138, utilization: 1024 / (16 * 138) });
      expect(before.utilization).toBeCloseTo(0.464, 3);
      const [after] = windows;
      expect(after).toMatchObject({ transfers: 1, packets, wireBytes: bytes, utilization: 1024 / bytes });
      expect(after?.utilization).toBeGreaterThanOrEqual(0.8);
      expect(after?.messages).toEqual({ merged: 16, alone: 0, large: 0, straight: 0 });
      expect(after?.delayUs).toEqual({ p50: 100, p99: 100, most: 100 });
    },
  );

  it("as SENDs", () => {
    const { before, windows } = estimateOf(events, { mtuBytes: 2048, operation: "send" });
    expect([before.wireBytes, windows[0]?.wireBytes]).toEqual([16 * 122, 58 + 16 * 70]);
  });
});

describe("what waits for what", () => {
  const consolidated = (events: readonly Event[], options: Partial<RdmaEstimateOptions> = {}) => {
    const moved = events.map(([us, stream, bytes]): Event => [OPEN_US + us, stream, bytes]);
    const { windows, payloadBytes } = estimateOf([...OPEN, ...moved], options);
    const [window] = windows;
    expect(window?.payloadBytes).toBe(payloadBytes);
    return { ...window, transfers: (window?.transfers as number) - OPEN_TRANSFERS };
  };

  it("those within the window of the first, to its last nanosecond", () => {
    expect(
      consolidated([
        [0, 1, 10],
        [100, 2, 10],
      ]),
    ).toMatchObject({ transfers: 1, delayUs: { most: 100 } });
    expect(
      consolidated([
        [0, 1, 10],
        [100.001, 2, 10],
      ]),
    ).toMatchObject({ transfers: 2, messages: { merged: 2, alone: 2 } });
  });

  it("the window begins anew with the first that waits", () => {
    // 0 and 90 leave at 100; 110 and 190 at 210.
    const events: Event[] = [
      [0, 1, 10],
      [90, 2, 10],
      [110, 1, 10],
      [190, 2, 10],
    ];
    expect(consolidated(events)).toMatchObject({ transfers: 2, messages: { merged: 6 } });
  });

  it("without a window, what comes at one time", () => {
    const events: Event[] = [
      [0, 1, 10],
      [0, 2, 10],
      [1, 1, 10],
    ];
    expect(consolidated(events, { windowsNs: [0] })).toMatchObject({ transfers: 2, delayUs: { most: 0 } });
  });

  it("until it is full: by bytes, by count", () => {
    const three: Event[] = [
      [0, 1, 44],
      [1, 2, 44],
      [2, 1, 44],
    ];
    expect(consolidated(three, { limitBytes: 150 })).toMatchObject({ transfers: 1, delayUs: { most: 2 } });
    // The third does not fit, so it takes nobody along: it leaves later, alone.
    expect(consolidated(three, { limitBytes: 149 })).toMatchObject({ transfers: 2, messages: { merged: 4, alone: 1 } });
    expect(consolidated(three, { messagesMax: 2 })).toMatchObject({ transfers: 2, messages: { merged: 4, alone: 1 } });
  });

  it("a large one goes past others, not past its own stream", () => {
    const [small, large]: Event[] = [
      [0, 1, 10],
      [10, 2, 1019],
    ];
    // The small one waits on, and alone.
    expect(consolidated([small, large] as Event[])).toMatchObject({ transfers: 2, delayUs: { most: 100 } });
    expect(consolidated([small, [10, 1, 1019]] as Event[])).toMatchObject({ transfers: 2, delayUs: { most: 10 } });
    // 1,018 and its sub-header fill a packet exactly, and wait.
    expect(consolidated([small, [10, 2, 1018]] as Event[])).toMatchObject({ transfers: 1, messages: { merged: 4 } });
  });

  it("a stream's own messages are not merged among themselves", () => {
    expect(
      consolidated([
        [0, 1, 10],
        [1, 1, 10],
        [2, 1, 10],
      ]),
    ).toMatchObject({ transfers: 3, messages: { alone: 3 } });
  });

  it("an end takes along what waits of the stream, and leaves one alone", () => {
    const events: Event[] = [
      [0, 1, 10],
      [1, 2, 10],
      [5, 1, 0],
      [6, 2, 10],
    ];
    expect(consolidated(events)).toMatchObject({
      transfers: 2,
      messages: { merged: 4, straight: 1 },
      delayUs: { most: 5 },
    });
  });

  it("a stream that is silent for 30 s is not there", () => {
    const late = 30 * (SECOND / US);
    expect(
      consolidated([
        [0, 1, 10],
        [1, 2, 10],
        [late, 2, 10],
      ]),
    ).toMatchObject({ messages: { straight: 0 } });
    expect(
      consolidated([
        [0, 1, 10],
        [1, 2, 10],
        [late + 1, 2, 10],
      ]),
    ).toMatchObject({ messages: { straight: 1 } });
  });

  it("one stream alone has what it had before, at any window", () => {
    const events = Array.from({ length: 50 }, (_, i): Event => [i, 7, 1 + i * 40]);
    const { before, windows } = estimateOf(events, { windowsNs: [0, 1000 * US] });
    for (const window of windows) {
      expect(window).toMatchObject({ ...before, delayUs: { most: 0 }, messages: { straight: 50 } });
    }
  });
});

it("keeps destinations apart, and their IP versions", () => {
  const estimate = new RdmaEstimate({ windowsNs: [US], operation: "send" });
  for (const destination of [3, 9]) {
    for (const stream of [1, 2, 1, 2]) {
      const ipVersion = destination === 9 ? 6 : 4;
      estimate.send({ destination, ipVersion, stream: destination * 10 + stream, atNs: 5, lengthBytes: 58 });
    }
  }
  const { destinations, totals } = estimate.finish();
  const bytes = (headers: number) => headers + 4 * 64;
  expect(destinations.map((one) => [one.destination, one.streams, one.windows[0]?.wireBytes])).toEqual([
    [3, 2, bytes(58)],
    [9, 2, bytes(78)],
  ]);
  expect(totals).toMatchObject({ streams: 4, messages: 8, payloadBytes: 8 * 58 });
  expect(totals.windows[0]).toMatchObject({ transfers: 2, wireBytes: bytes(58) + bytes(78) });
});

it("of nothing has no utilization", () => {
  const nothing = { transfers: 0, packets: 0, wireBytes: 0, utilization: null };
  expect(estimateOf([])).toMatchObject({ streams: 0, messages: 0, before: nothing, windows: [nothing] });
});

describe("beside the twin", () => {
  const event = fc.record({
    gapNs: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(20_000), fc.constant(31 * SECOND)),
    stream: fc.nat(3),
    lengthBytes: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.nat(1100), fc.constant(0)),
  });
  const options = fc.record({
    windowNs: fc.constantFrom(0, 1, 100, 10_000),
    mtuBytes: fc.constantFrom(256, 512, 1024),
    limitBytes: fc.constantFrom(64, 256, 300, 2048),
    messagesMax: fc.constantFrom(2, 3, 64),
    operation: fc.constantFrom("write" as const, "send" as const),
  });

  it("leaves as it does, and loses no byte", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), options, (gaps, { windowNs, ...rest }) => {
        let atNs = 0;
        const events: TwinEvent[] = gaps.map(({ gapNs, stream, lengthBytes }) => {
          atNs += gapNs;
          return { atNs, stream, lengthBytes };
        });
        const largestBytes = Math.min(rest.mtuBytes, rest.limitBytes);
        const departures = departuresOf(events, { windowNs, largestBytes, ...rest });
        const totals = estimateOf(
          events.map(({ atNs: ns, stream, lengthBytes }) => [ns / US, stream, lengthBytes]),
          { windowsNs: [windowNs], ...rest },
        );
        const costs = departures.map(({ bytes }) => wireCost(bytes, { ...rest, ipVersion: 4 }));
        const delays = departures.flatMap((one) => one.messages.map((message) => one.atNs - message.atNs));
        const payload = events.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
        const [after] = totals.windows;
        expect(after).toMatchObject({
          transfers: departures.length,
          packets: costs.reduce((sum, { packets }) => sum + packets, 0),
          wireBytes: costs.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
          payloadBytes: payload,
        });
        expect(totals.payloadBytes).toBe(payload);
        expect(after?.delayUs.most).toBeCloseTo(Math.max(0, ...delays) / US, 9);
        expect(Math.max(0, ...delays)).toBeLessThanOrEqual(windowNs);
        // Each stream's messages leave in the order in which they came.
        for (const stream of [0, 1, 2, 3]) {
          const left = departures.flatMap(({ messages }) => messages.filter((message) => message.stream === stream));
          expect(left).toEqual(events.filter((one) => one.stream === stream && one.lengthBytes > 0));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("bounds", () => {
  it.each([
    [{ windowsNs: [-1] }, "windowsNs[0] is -1; it must be a whole number from 0 to 1000000000"],
    [{ windowsNs: [1, 1e10] }, "windowsNs[1]"],
    [{ windowsNs: [1], mtuBytes: 1000 }, "mtuBytes is 1000; it must be one of 256, 512, 1024, 2048, 4096"],
    [{ windowsNs: [1], limitBytes: 63 }, "limitBytes is 63"],
    [{ windowsNs: [1], messagesMax: 1 }, "messagesMax is 1; it must be a whole number from 2 to 1024"],
    [{ windowsNs: [1], operation: "read" as "send" }, 'operation is "read"'],
  ])("%j is refused", (options, message) => {
    expect(() => new RdmaEstimate(options)).toThrow(message);
  });

  it("refuses time that goes backwards, and lengths that are none", () => {
    const estimate = new RdmaEstimate({ windowsNs: [1] });
    const message = { destination: 0, ipVersion: 4, stream: 0, atNs: 5, lengthBytes: 1 } as const;
    estimate.send(message);
    expect(() => estimate.send({ ...message, atNs: 4 })).toThrow("atNs is 4; it must be at least 5");
    expect(() => estimate.close(0, 0, Number.NaN)).toThrow("atNs");
    expect(() => estimate.send({ ...message, lengthBytes: 1.5 })).toThrow("lengthBytes is 1.5");
  });
});
