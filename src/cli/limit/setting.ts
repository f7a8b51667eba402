/** What a replay goes by, when the capture has been read once: rates, the wall, and each peer's policy. */
import { ConfigError, type ConsumerStall } from "../../index.js";
import type { ArrivalSummary } from "./arrivals.js";
import { type AskedStall, DEFAULT_RATE, type DrainRate, framesPerSecondOf, stallsOf } from "./drain.js";
import type { PeerPolicies } from "./peer-policies.js";
import type { Peers } from "./peers.js";
import type { PolicyFile } from "./policy-file.js";
import { WALL_MAX } from "./wall.js";

export const DEFAULT_MBUF_BYTES = 2048;

const MBUF_BYTES_MIN = 64;
const MBUF_BYTES_MAX = 65_536;

export interface AskedReplay {
  readonly wall?: number;
  readonly mbufSize?: number;
  readonly drainRate?: DrainRate;
  readonly drainStall?: readonly AskedStall[];
}

export interface ReplaySetting {
  readonly framesPerSecond: number;
  /** Times the mean rate, where it was said so. */
  readonly timesMean: number | undefined;
  /** Nobody said how fast the consumer is. */
  readonly isRateAssumed: boolean;
  readonly stalls: readonly ConsumerStall[];
  readonly askedStalls: readonly AskedStall[];
  readonly mbufBytes: number;
  readonly wall: number;
  /** Nobody said how many mbufs there are: as many as all ceilings together. */
  readonly isWallAssumed: boolean;
  readonly policies: PeerPolicies;
}

/** What can be checked before the capture is read. Throws ConfigError. */
export function checkAsked({ wall, mbufSize }: AskedReplay, { wall: ofPolicy }: PolicyFile): void {
  if (wall !== undefined && ofPolicy !== undefined) {
    throw new ConfigError("--wall", wall, "left out with a policy that says it");
  }
  if (wall !== undefined && (wall < 1 || wall > WALL_MAX)) {
    throw new ConfigError("--wall", wall, `a whole number from 1 to ${WALL_MAX}`);
  }
  if (mbufSize !== undefined && (mbufSize < MBUF_BYTES_MIN || mbufSize > MBUF_BYTES_MAX)) {
    throw new ConfigError("--mbuf-size", mbufSize, `a whole number from ${MBUF_BYTES_MIN} to ${MBUF_BYTES_MAX}`);
  }
}

/** Throws ConfigError for what does not go with this capture. */
export function settingOf(
  asked: AskedReplay,
  { name, wall: ofPolicy, policies }: PolicyFile,
  { frames, lengthMs }: ArrivalSummary,
  peers: Peers,
): ReplaySetting {
  const rate = asked.drainRate ?? DEFAULT_RATE;
  const wanted = peers.all.map(({ address }) => policies.of(address).checked);
  const floors = wanted.reduce((sum, { floor }) => sum + floor, 0);
  const ceilings = wanted.reduce((sum, { ceiling }) => sum + ceiling, 0);
  const wall = asked.wall ?? ofPolicy ?? Math.min(Math.max(1, ceilings), WALL_MAX);
  if (wall < floors) {
    const bound = `at least ${floors}, the floors of the capture's ${wanted.length} peers together`;
    throw new ConfigError(ofPolicy === undefined ? "--wall" : `${name}: wall`, wall, bound);
  }
  return {
    framesPerSecond: framesPerSecondOf(rate, frames, lengthMs),
    timesMean: "timesMean" in rate ? rate.timesMean : undefined,
    isRateAssumed: asked.drainRate === undefined,
    stalls: stallsOf(asked.drainStall ?? [], peers),
    askedStalls: asked.drainStall ?? [],
    mbufBytes: asked.mbufSize ?? DEFAULT_MBUF_BYTES,
    wall,
    isWallAssumed: asked.wall === undefined && ofPolicy === undefined,
    policies,
  };
}
