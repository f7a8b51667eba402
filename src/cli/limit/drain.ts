/** What --drain-rate and --drain-stall say of the consumer, which a capture does not show. */
import { InvalidArgumentError } from "commander";
import { ConfigError, type ConsumerStall } from "../../index.js";
import { type AddressSet, addressSetOf } from "./address-set.js";
import type { Peers } from "./peers.js";

/** Frames a second, or so many times the mean rate of the capture. */
export type DrainRate = { readonly framesPerSecond: number } | { readonly timesMean: number };

export const DEFAULT_RATE: DrainRate = { timesMean: 1.25 };

export interface AskedStall {
  readonly text: string;
  readonly peers: AddressSet;
  readonly fromMs: number;
  readonly toMs: number;
}

/** More than any machine takes; of times the mean, too. */
const RATE_MAX = 1e12;
const RATE = /^(?<number>\d+(\.\d+)?(e\d{1,2})?)(?<times>x)?$/;
const STALL = /^(?<peer>.+):(?<from>\d+(\.\d+)?)-(?<to>\d+(\.\d+)?)?$/;

/** For commander: 50000 or 1.25x. */
export function drainRate(text: string): DrainRate {
  const { number, times } = RATE.exec(text)?.groups ?? {};
  const value = Number(number);
  if (!(value > 0) || value > RATE_MAX) {
    throw new InvalidArgumentError(
      `must be more than 0 and at most ${RATE_MAX}: frames a second, such as 50000, or times the mean rate, such as 1.25x`,
    );
  }
  return times ? { timesMean: value } : { framesPerSecond: value };
}

/** For commander, which hands over those before: 10.0.0.1:100-250, [fd00::1]:0-, 10.1.0.0/16:5-9.5, other:0-10. */
export function drainStall(text: string, before: readonly AskedStall[] = []): AskedStall[] {
  const { peer = "", from, to } = STALL.exec(text)?.groups ?? {};
  const peers = addressSetOf(/^\[.*\]$/.test(peer) ? peer.slice(1, -1) : peer);
  const [fromMs, toMs] = [Number(from), to === undefined ? Number.POSITIVE_INFINITY : Number(to)];
  if (!peers || !(fromMs < toMs)) {
    throw new InvalidArgumentError(
      "must be PEER:FROM-TO, with an address, a prefix or other, and milliseconds since the first packet, FROM less than TO (or no TO)",
    );
  }
  return [...before, { text, peers, fromMs, toMs }];
}

/** The consumer's rate on a capture of so many frames in so much time. */
export function framesPerSecondOf(rate: DrainRate, frames: number, lengthMs: number): number {
  if ("framesPerSecond" in rate) return rate.framesPerSecond;
  if (frames === 0) return 1;
  if (lengthMs > 0) return (rate.timesMean * 1000 * frames) / lengthMs;
  const all = frames === 1 ? "the only frame" : `all ${frames} frames`;
  const bound = `in frames a second, such as 50000: the capture has no mean rate, as ${all} came at one time`;
  throw new ConfigError("--drain-rate", `${rate.timesMean}x`, bound);
}

/** Throws ConfigError when a stall is of nobody in the capture. */
export function stallsOf(asked: readonly AskedStall[], peers: Peers): ConsumerStall[] {
  return asked.flatMap(({ text, peers: set, fromMs, toMs }) => {
    const stalled = peers.all.flatMap(({ address }, peer) => (set.has(address) ? { peer, fromMs, toMs } : []));
    if (stalled.length === 0)
      throw new ConfigError("--drain-stall", text, "of a peer that sends something in the capture");
    return stalled;
  });
}
