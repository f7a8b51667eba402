/** What both sides of a move are configured with, and the bounds. */
import { checkInteger } from "../../check.js";
import { checkGeneration, checkName } from "../../directory/check.js";
import { ConfigError } from "../../errors.js";
import type { DigestFunction } from "./section.js";

/** Times and bounds; each has a default. */
export interface MoveLimits {
  /** Longest piece of a section, 65,536. */
  readonly chunkBytes: number;
  /** Messages that are on their way at a time, 32. */
  readonly windowMessages: number;
  /** A message or a question is sent again after so long, 20. */
  readonly retryMs: number;
  /** Rounds before the stop, 8; 0 stops at once. */
  readonly roundsMax: number;
  /** So many rounds are sent however little is dirty, 0: a target that has seen the state can look up whom it speaks of. */
  readonly roundsMin: number;
  /** The stop comes when no more than this is dirty, 65,536. */
  readonly stopBytes: number;
  /** The whole state, 256 MiB. */
  readonly stateBytesMax: number;
  /** Frames that a stopped side keeps, 4096. */
  readonly holdMax: number;
  /** Frames that come after the VM has gone, and are sent on, 256; and for how long, 5000. */
  readonly forwardMax: number;
  readonly forwardMs: number;
  /** The source takes the VM back when the target has not committed so long after it had everything, 200. */
  readonly commitMs: number;
  /** A peer that says nothing for so long is given up by the source, and looked up in the directory by the target, 200. */
  readonly silenceMs: number;
  /** The longest that the way by the old host takes beyond the direct one, 5: so long newer frames wait for older ones. */
  readonly settleMs: number;
  /** The longest that frames wait for an old host that says nothing, 200. */
  readonly gateMs: number;
}

export interface MoveOptions extends Partial<MoveLimits> {
  /** The move's name, which both sides know and no other move has. */
  readonly move: string;
  /** This host, and the other one, by the directory's names. */
  readonly host: string;
  readonly peer: string;
  /** CRC-32C: Toolkit.crc32c. */
  readonly digest: DigestFunction;
  /** When this host's lease ends; kept up by `leased`. */
  readonly leasedUntilMs: number;
}

export interface SourceOptions extends MoveOptions {
  /** All adapters of the VM: they move together. */
  readonly adapters: readonly string[];
  /** Of the record by which this host has the VM. */
  readonly generation: number;
  /** What the target is to have room for, `stateBytesMax` by default; its own bound may be lower. */
  readonly stateBytes?: number;
}

export type CheckedMove = Omit<MoveOptions, keyof MoveLimits> & MoveLimits;

const DEFAULTS: MoveLimits = {
  chunkBytes: 65_536,
  windowMessages: 32,
  retryMs: 20,
  roundsMax: 8,
  roundsMin: 0,
  stopBytes: 65_536,
  stateBytesMax: 2 ** 28,
  holdMax: 4096,
  forwardMax: 256,
  forwardMs: 5000,
  commitMs: 200,
  silenceMs: 200,
  settleMs: 5,
  gateMs: 200,
};

/** Smallest and largest values. */
const BOUNDS: Readonly<Record<keyof MoveLimits, readonly [number, number]>> = {
  chunkBytes: [1, 2 ** 24],
  windowMessages: [1, 4096],
  retryMs: [1, 60_000],
  roundsMax: [0, 1000],
  roundsMin: [0, 1000],
  stopBytes: [0, 2 ** 32],
  stateBytesMax: [0, 2 ** 32],
  holdMax: [0, 2 ** 20],
  forwardMax: [0, 2 ** 20],
  forwardMs: [0, 3_600_000],
  commitMs: [1, 3_600_000],
  silenceMs: [1, 3_600_000],
  settleMs: [0, 60_000],
  gateMs: [0, 60_000],
};

/** The options with defaults, or ConfigError. */
export function checkMove(options: MoveOptions): CheckedMove {
  const { move, host, peer, digest, leasedUntilMs } = options;
  checkName("move", move);
  checkName("host", host);
  if (checkName("peer", peer) === host) throw new ConfigError("peer", peer, "another host than the source");
  if (typeof digest !== "function") throw new ConfigError("digest", digest, "a function");
  if (!Number.isFinite(leasedUntilMs)) throw new ConfigError("leasedUntilMs", leasedUntilMs, "a time in ms");
  const limits = Object.fromEntries(
    Object.entries(BOUNDS).map(([name, [min, max]]) => {
      const key = name as keyof MoveLimits;
      return [key, checkInteger(key, options[key] ?? DEFAULTS[key], min, max)];
    }),
  ) as unknown as MoveLimits;
  return { move, host, peer, digest, leasedUntilMs, ...limits };
}

/** Throws ConfigError. */
export function checkSource({ adapters, generation, stateBytes }: SourceOptions): void {
  checkGeneration("generation", generation);
  if (stateBytes !== undefined) checkInteger("stateBytes", stateBytes, 0, 2 ** 32);
  if (adapters.length === 0 || new Set(adapters).size < adapters.length) {
    throw new ConfigError("adapters", adapters, "one adapter at least, each named once");
  }
  for (const adapter of adapters) checkName("adapters", adapter);
}
