/** Thousands of streams, one after the other: what an agent holds afterwards is what it held before. */
import { expect, test } from "vitest";
import { makeStation, type Station, type StationOptions, StationWire } from "../../helpers/agents.js";
import { Random } from "../../helpers/property.js";
import { Recorder } from "./recorder.js";

const B = "10.0.0.2";
const text = (words: string) => new TextEncoder().encode(words);

interface Bed {
  readonly a: Station;
  readonly b: Station;
  readonly wire: StationWire;
  /** Streams that B has taken and that are open still. */
  readonly open: Set<Recorder>;
}

/** B answers each stream with what it said, and ends when it ends. */
async function bed(options: StationOptions): Promise<Bed> {
  const random = new Random(1);
  const [a, b] = [await makeStation("10.0.0.1", random, options), await makeStation(B, random, options)];
  const open = new Set<Recorder>();
  b.agent.listen(80, (stream) => {
    const user = new Recorder();
    user.stream = stream;
    user.onBytes = (bytes) => void stream.write(bytes);
    user.onEnd = () => stream.end();
    user.onClose = () => void open.delete(user);
    open.add(user);
    return user;
  });
  return { a, b, wire: new StationWire(a, b, random), open };
}

/** Opens, writes and closes so many, a batch at a time, every third by a reset. */
function churn({ a, wire, open }: Bed, count: number, batch: number): void {
  for (let done = 0; done < count; done += batch) {
    const users = Array.from({ length: batch }, (_, i) => {
      const user = new Recorder();
      const stream = a.agent.connect({ address: B, port: 80 }, user);
      user.stream = stream;
      if ((done + i) % 3 !== 0) {
        user.onOpen = () => {
          stream.write(text("hello"));
          stream.end();
        };
      } else if (i % 2 === 0) {
        user.onOpen = () => stream.reset();
      } else {
        stream.reset();
      }
      return user;
    });
    if (!wire.run(() => users.every(({ isClosed }) => isClosed) && open.size === 0, 10_000))
      throw new Error(`after ${done}: ${users.filter(({ isClosed }) => !isClosed).length} and ${open.size} still open`);
    for (const [i, { error, text: heard }] of users.entries()) {
      expect(error).toBeUndefined();
      if ((done + i) % 3 !== 0) expect(heard).toBe("hello");
    }
    wire.frames.length = 0;
  }
}

test("20,000 streams of a session", { timeout: 120_000 }, async () => {
  const soak = await bed({});
  churn(soak, 200, 100);
  soak.wire.run(() => false, 100);
  const before = [soak.a.agent.sizes, soak.b.agent.sizes];
  churn(soak, 20_000, 100);
  soak.wire.run(() => false, 100);
  expect([soak.a.agent.sizes, soak.b.agent.sizes]).toEqual(before);
  expect(soak.a.agent.sessions[0]).toMatchObject({ streams: 0, heldBytes: 0 });
  // Nobody needs it: it is given back, with all that goes with it.
  const { a, b } = soak;
  const isOver = () => [a, b].every(({ agent }) => agent.sizes.connections + agent.sizes.sessions === 0);
  expect(soak.wire.run(isOver, 60_000)).toBe(true);
  const none = { connections: 0, links: 0, resting: 0, owners: 0, peers: 0, sessions: 0, directs: 0, numbers: 0 };
  expect([a.agent.sizes, b.agent.sizes]).toEqual([none, none]);
});

test("2,000 streams with a connection to each", { timeout: 120_000 }, async () => {
  const soak = await bed({ aggregates: false });
  churn(soak, 2000, 4);
  const none = { connections: 0, links: 0, resting: 0, owners: 0, peers: 0, sessions: 0, directs: 0, numbers: 0 };
  soak.wire.run(() => soak.a.agent.sizes.connections === 0 && soak.b.agent.sizes.connections === 0, 60_000);
  soak.wire.run(() => false, 100);
  expect([soak.a.agent.sizes, soak.b.agent.sizes]).toEqual([none, none]);
});
