/**
 * Sessions whose connection is cut and comes back as a seed says, whose peer restarts, whose streams' users do as they like: each stream's
 * bytes come once and in order, or the stream ends with an error; nothing hangs; what is held has a bound.
 */
import { expect, test } from "vitest";
import { Random } from "../../helpers/property.js";
import { drawSession } from "./drawn.js";

const SCHEDULES = 1700;
const STEPS_MAX = 40_000;

interface Kind {
  readonly cuts: boolean;
  readonly restarts: boolean;
}

/** Runs one, and returns what was wrong with it. */
function run(salt: number, { cuts, restarts }: Kind): string[] {
  const random = new Random(salt);
  const { streams, options, wire, chatter, boundBytes } = drawSession(random);
  const found: string[] = [];
  let left = streams;
  let restart = restarts && random.below(2) === 0;
  let backMs = 0;
  for (let step = 0; step < STEPS_MAX; step++) {
    if (left > 0 && random.below(4) === 0) {
      left--;
      chatter.open();
    }
    if (wire.isUp && cuts && random.below(150) === 0) {
      if (restart && random.below(3) === 0) {
        restart = false;
        wire.restartTaker(random, options);
      } else {
        wire.cut(random);
      }
      backMs = wire.nowMs + random.below(5);
    }
    if (!wire.isUp && wire.nowMs >= backMs && wire.opener.state !== "ended") wire.connect();
    chatter.step(wire.opener, wire.taker, wire.nowMs);
    wire.step();
    if (Math.max(wire.opener.heldBytes, wire.taker.heldBytes) > boundBytes) found.push("holds more than its bound");
    const isEnded = wire.opener.state === "ended";
    if ((left === 0 || isEnded) && chatter.isOver && (isEnded || wire.opener.heldBytes + wire.taker.heldBytes === 0))
      break;
    // A taker that restarted knows nothing of streams that the first one had.
    if (isEnded && wire.taker.session === 3n) break;
    if (step === STEPS_MAX - 1) found.push("did not come to an end");
  }
  return [...found, ...chatter.faults()];
}

test.each([
  ["a good connection", { cuts: false, restarts: false }],
  ["a connection that is cut", { cuts: true, restarts: false }],
  ["a peer that may restart", { cuts: true, restarts: true }],
])(`${SCHEDULES} schedules of %s`, (_, kind) => {
  for (let salt = 0; salt < SCHEDULES; salt++) expect(run(salt, kind), `salt ${salt}`).toEqual([]);
});
