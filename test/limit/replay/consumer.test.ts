/** The consumer's departures, by hand. */
import { expect, it } from "vitest";
import { Consumer, type Stall } from "../../../src/limit/replay/consumer.js";

type Departure = readonly [peer: number, doneMs: number];

/** At one frame a millisecond: arrivals as peer and time, until nothing more would happen. */
function departures(arrivals: readonly (readonly [peer: number, atMs: number])[], stalls: readonly Stall[] = []) {
  const consumer = new Consumer(1000, stalls);
  const found: Departure[] = [];
  const until = (ms: number) => {
    while (consumer.nextMs <= ms && consumer.nextMs < Number.POSITIVE_INFINITY) {
      const done = consumer.step();
      if (done) found.push([done.peer, done.doneMs]);
    }
  };
  for (const [peer, atMs] of arrivals) {
    until(atMs);
    consumer.push(peer, atMs, 1);
  }
  until(Number.POSITIVE_INFINITY);
  return found;
}

it.each<[string, [number, number][], Stall[], Departure[]]>([
  [
    "one after the other",
    [
      [0, 0],
      [0, 0],
      [0, 0.5],
    ],
    [],
    [
      [0, 1],
      [0, 2],
      [0, 3],
    ],
  ],
  [
    "idle time is not saved up",
    [
      [0, 0],
      [0, 10],
      [0, 10],
    ],
    [],
    [
      [0, 1],
      [0, 11],
      [0, 12],
    ],
  ],
  [
    "peers in turn",
    [
      [0, 0],
      [0, 0],
      [0, 0],
      [1, 0],
    ],
    [],
    [
      [0, 1],
      [1, 2],
      [0, 3],
      [0, 4],
    ],
  ],
  [
    "a turn is kept by whoever is being served",
    [
      [0, 0],
      [1, 0],
      [0, 0.5],
      [1, 0.5],
    ],
    [],
    [
      [0, 1],
      [1, 2],
      [0, 3],
      [1, 4],
    ],
  ],
  [
    "a stalled peer is passed over",
    [
      [0, 0],
      [1, 0],
    ],
    [{ peer: 0, fromMs: 0, toMs: 10 }],
    [
      [1, 1],
      [0, 11],
    ],
  ],
  [
    "what has begun is finished",
    [
      [0, 0],
      [0, 0],
    ],
    [{ peer: 0, fromMs: 0.5, toMs: 10 }],
    [
      [0, 1],
      [0, 11],
    ],
  ],
  [
    "stalls that touch are one",
    [
      [0, 0],
      [0, 0],
    ],
    [
      { peer: 0, fromMs: 4, toMs: 7 },
      { peer: 0, fromMs: 0, toMs: 5 },
    ],
    [
      [0, 8],
      [0, 9],
    ],
  ],
  [
    "a stall without an end",
    [
      [0, 0],
      [1, 0],
      [1, 3],
    ],
    [{ peer: 0, fromMs: 0, toMs: Number.POSITIVE_INFINITY }],
    [
      [1, 1],
      [1, 4],
    ],
  ],
  [
    "whose stalls end at one time go on in their order",
    [
      [0, 0],
      [1, 0],
      [2, 0],
      [0, 1],
    ],
    [
      { peer: 0, fromMs: 0, toMs: 5 },
      { peer: 1, fromMs: 0, toMs: 5 },
    ],
    [
      [2, 1],
      [0, 6],
      [1, 7],
      [0, 8],
    ],
  ],
])("%s", (_, arrivals, stalls, expected) => {
  expect(departures(arrivals, stalls)).toEqual(expected);
});
