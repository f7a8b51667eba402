/**
 * A bursty trace from a seed: peers that send a little all the time, and now and then a burst of many frames close together, each at its
 * own times. The same seed gives the same trace on every machine.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { ReplayArrival } from "../../src/limit/replay/replay.js";

export interface BurstyTrace {
  readonly peers: number;
  readonly lengthMs: number;
}

/** Milliseconds between frames outside of bursts, and between the bursts of a peer. */
const QUIET_GAP_MS = [2, 20] as const;
const BETWEEN_BURSTS_MS = [2000, 10_000] as const;
/** Frames of a burst, and microseconds between them. */
const BURST_FRAMES = [300, 1500] as const;
const BURST_GAP_US = [50, 300] as const;
const FRAME_BYTES = [60, 1514] as const;

/** In order of time. */
export function bursts(seed: number, { peers, lengthMs }: BurstyTrace): ReplayArrival[] {
  const random = xoroshiro128plus(seed);
  const between = ([from, to]: readonly [number, number]) => uniformInt(random, from, to);
  const arrivals: ReplayArrival[] = [];
  const add = (peer: number, atMs: number) => {
    if (atMs <= lengthMs) arrivals.push({ peer, atMs, lengthBytes: between(FRAME_BYTES) });
  };
  for (let peer = 0; peer < peers; peer++) {
    for (let atMs = between(QUIET_GAP_MS); atMs <= lengthMs; atMs += between(QUIET_GAP_MS)) add(peer, atMs);
    let atMs = 0;
    for (;;) {
      atMs += between(BETWEEN_BURSTS_MS);
      if (atMs > lengthMs) break;
      for (let frames = between(BURST_FRAMES); frames > 0; frames--) {
        atMs += between(BURST_GAP_US) / 1000;
        add(peer, atMs);
      }
    }
  }
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}
