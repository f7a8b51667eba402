/** An estimate of a trace from a seed; also bundled for a page. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { RdmaEstimate } from "../../src/rdma/estimate/estimate.js";

const MESSAGES = 5000;
const STREAMS = 40;
const DESTINATIONS = 5;
const GAP_NS = 40_000;
const LENGTH_BYTES = 1500;
/** One event in so many is a stream's end. */
const END_IN = 50;

export function figuresOf(seed: number) {
  const random = xoroshiro128plus(seed);
  const upTo = (max: number) => uniformInt(random, 0, max);
  const estimate = new RdmaEstimate({ windowsNs: [0, 20_000, 100_000, 1_000_000] });
  let atNs = 0;
  for (let i = 0; i < MESSAGES; i++) {
    atNs += upTo(GAP_NS);
    const stream = upTo(STREAMS - 1);
    const destination = stream % DESTINATIONS;
    if (upTo(END_IN) === 0) estimate.close(destination, stream, atNs);
    else estimate.send({ destination, ipVersion: 4, stream, atNs, lengthBytes: 1 + upTo(LENGTH_BYTES) });
  }
  return estimate.finish();
}
