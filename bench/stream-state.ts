/**
 * npx tsx bench/stream-state.ts
 *
 * How long does the state of an aggregated session take? 1,000 open streams with credits: a snapshot, and a session made of it, with everything
 * checked. Median of 400 rounds.
 */
import { Aggregator } from "../src/rdma/aggregator/aggregator.js";
import { immOf } from "../src/rdma/aggregator/transfer.js";

const STREAMS = 1000;
const ROUNDS = 400;
const LIMITS = { streamsMax: STREAMS };
const FRAMING = { operation: "send", mtuBytes: 1024, ipVersion: 4 } as const;

const opener = new Aggregator({ ...LIMITS, role: "opener", session: 1n });
const taker = new Aggregator({ ...LIMITS, role: "taker", session: 2n });
taker.connected(opener.hello, FRAMING);
opener.connected(taker.hello, FRAMING);
for (let i = 0; i < STREAMS; i++) opener.open(80, 1);
carry(opener, taker);
for (const { stream } of taker.takeEvents()) taker.accept(stream);
carry(taker, opener);
opener.takeEvents();

function carry(from: Aggregator, to: Aggregator): void {
  for (let sent = from.take(0); sent; sent = from.take(0)) {
    if (sent.kind === "aggregate") to.aggregate(sent.messages);
    else to.immediate(immOf(sent), sent.bytes);
    from.acknowledged(1);
  }
}

const [extracting, restoring]: [number[], number[]] = [[], []];
let bytes: Uint8Array = new Uint8Array();
for (let round = 0; round < ROUNDS; round++) {
  const startMs = performance.now();
  bytes = opener.snapshot(0);
  const betweenMs = performance.now();
  if (!(Aggregator.restore(bytes, 0, LIMITS) instanceof Aggregator)) throw new Error("refused");
  extracting.push(betweenMs - startMs);
  restoring.push(performance.now() - betweenMs);
}
const medianUs = (times: number[]) => Math.round(1000 * (times.sort((a, b) => a - b)[ROUNDS >> 1] as number));
console.log(
  `${STREAMS} streams, ${bytes.length} bytes: extracted in ${medianUs(extracting)} us, restored in ${medianUs(restoring)} us`,
);
