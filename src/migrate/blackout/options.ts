/** What a blackout bench is asked for: senders, links, the VM's stop, and what the four ways to learn of it are like. */
import { checkBoolean, checkInteger, checkNumber, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { SEED_MAX } from "../../sim/random.js";
import type { WasmSource } from "../../wasm.js";
import { BLACKOUT_SCHEMES, type BlackoutScheme } from "./schemes.js";

/** What the VTEP that a VM has left does with frames for it: nothing, or it floods them to all others. */
export const OLD_VTEP_WAYS = ["drop", "flood"] as const;

export interface BlackoutOptions {
  /** All four by default. */
  readonly schemes?: readonly BlackoutScheme[];
  /** 0 to 2^32 - 1; 1 by default. */
  readonly seed?: number;
  /** Moves, each with phases of its own, 1 to 1000; 10 by default. */
  readonly repetitions?: number;
  /** Hosts that send to the VM, 1 to 32; 3 by default. */
  readonly senders?: number;
  /** Of each sender, 1 to 10,000,000; 100,000 by default. All of them together must fit the VM's link. */
  readonly framesPerSecond?: number;
  /** Without FCS and outer headers, 60 to 1514; 256 by default. */
  readonly frameBytes?: number;
  /** One way between a host and the network's middle, 0 to 1000; 0.02 by default. */
  readonly linkDelayMs?: number;
  /** 1e6 to 1e12; 10e9 by default. */
  readonly linkRateBps?: number;
  /** From the VM's stop until its state is on the other host, 0 to 60,000; 10 by default. */
  readonly transferMs?: number;
  /** Between two frames that the VM sends itself, 0.1 to 3,600,000; 100 by default. */
  readonly vmSendsMs?: number;
  /** The VM sent shortly before its stop, and sends nothing after it; false by default. */
  readonly quiet?: boolean;
  /** Of bridges' dynamic entries, 10,000 to 1e9 (IEEE 802.1Q-2022 table 8-6); 300,000 by default. */
  readonly ageingMs?: number;
  /** Probability that an announcement's frame is lost, 0 to 1; 0 by default. */
  readonly announceLoss?: number;
  /** What a BGP speaker needs for an update, at most, 0 to 60,000; 10 by default. */
  readonly updateDelayMs?: number;
  /** MinRouteAdvertisementInterval, 0 to 600,000; 0 by default. RFC 4271 suggests 5000 inside an AS. */
  readonly mraiMs?: number;
  /** "drop" by default. */
  readonly oldVtep?: (typeof OLD_VTEP_WAYS)[number];
  /** One way between a host and the directory, at most, 0 to 60,000; 0.5 by default. */
  readonly directoryDelayMs?: number;
  /** Frames that the old host sends on at most, 0 to 2^20; 256 by default, which is HostOptions' default. */
  readonly sendOnMax?: number;
  /** The compiled data plane, as createEngine takes it. */
  readonly wasm?: WasmSource;
}

export type BlackoutSettings = Readonly<Required<Omit<BlackoutOptions, "wasm">>> & Pick<BlackoutOptions, "wasm">;

/** Of an Ethernet frame on the wire besides its bytes: preamble, FCS, gap (IEEE 802.3). */
export const WIRE_OVERHEAD_BYTES = 24;
/** Ethernet, IPv4, UDP and VXLAN (RFC 7348): what a tunnel puts in front of a frame. */
export const OUTER_BYTES = 50;
const MINUTE_MS = 60_000;

/** Least, most, and what counts when nothing is said. */
export const BLACKOUT_BOUNDS = {
  seed: [0, SEED_MAX, 1],
  repetitions: [1, 1000, 10],
  senders: [1, 32, 3],
  framesPerSecond: [1, 1e7, 100_000],
  frameBytes: [60, 1514, 256],
  linkDelayMs: [0, 1000, 0.02],
  linkRateBps: [1e6, 1e12, 10e9],
  transferMs: [0, MINUTE_MS, 10],
  vmSendsMs: [0.1, 60 * MINUTE_MS, 100],
  ageingMs: [10_000, 1e9, 300_000],
  announceLoss: [0, 1, 0],
  updateDelayMs: [0, MINUTE_MS, 10],
  mraiMs: [0, 10 * MINUTE_MS, 0],
  directoryDelayMs: [0, MINUTE_MS, 0.5],
  sendOnMax: [0, 2 ** 20, 256],
} as const satisfies Partial<Record<keyof BlackoutOptions, readonly [number, number, number]>>;

type NumberOption = keyof typeof BLACKOUT_BOUNDS;
const WHOLE: readonly NumberOption[] = ["seed", "repetitions", "senders", "frameBytes", "sendOnMax"];

/** With defaults. Throws ConfigError for what is out of its bounds, and for senders that together exceed the VM's link. */
export function checkBlackout(options: BlackoutOptions): BlackoutSettings {
  const numbers = Object.entries(BLACKOUT_BOUNDS).map(([name, [min, max, byDefault]]) => {
    const key = name as NumberOption;
    const check = WHOLE.includes(key) ? checkInteger : checkNumber;
    return [key, check(key, options[key] ?? byDefault, min, max)];
  });
  const settings = {
    ...(Object.fromEntries(numbers) as Record<NumberOption, number>),
    schemes: (options.schemes ?? BLACKOUT_SCHEMES).map((name, i) =>
      checkOneOf(`schemes[${i}]`, name, BLACKOUT_SCHEMES),
    ),
    quiet: checkBoolean("quiet", options.quiet ?? false),
    oldVtep: checkOneOf("oldVtep", options.oldVtep ?? "drop", OLD_VTEP_WAYS),
  };
  checkLoad(settings);
  return { ...settings, ...(options.wasm !== undefined && { wasm: options.wasm }) };
}

/** Frames that no link could carry would be lost without any move; and real hosts take each frame by itself. */
function checkLoad(settings: Omit<BlackoutSettings, "wasm">): void {
  const { schemes, senders, framesPerSecond, frameBytes, linkRateBps, transferMs, directoryDelayMs } = settings;
  const most = Math.floor(linkRateBps / (senders * bitsOf(frameBytes)));
  if (framesPerSecond > most) {
    const bound = `at most ${most}, which is what the VM's link takes of each of ${senders} senders`;
    throw new ConfigError("framesPerSecond", framesPerSecond, bound);
  }
  const pushSeconds = (transferMs + DIRECTORY_WAYS * directoryDelayMs) / 1000;
  const pushed = Math.floor(PUSHED_FRAMES_MAX / (senders * pushSeconds));
  if (!schemes.includes("directory-push") || framesPerSecond <= pushed) return;
  const bound = `at most ${pushed}: directory push sends ${PUSHED_FRAMES_MAX} frames through its hosts in a move, no more`;
  throw new ConfigError("framesPerSecond", framesPerSecond, bound);
}

/** What senders' frames together take of the VM's link: 1 is all of it. */
export function linkShare(settings: Omit<BlackoutSettings, "wasm">): number {
  const { senders, framesPerSecond, frameBytes, linkRateBps } = settings;
  return (senders * framesPerSecond * bitsOf(frameBytes)) / linkRateBps;
}

/** On a link, in a tunnel. */
function bitsOf(frameBytes: number): number {
  return 8 * (frameBytes + OUTER_BYTES + WIRE_OVERHEAD_BYTES);
}

/** Of one move with directory push. */
const PUSHED_FRAMES_MAX = 2_000_000;
/** From a host to the directory, or back: the old host asks one question, the new one two, it claims the VM, and others are told. */
export const DIRECTORY_WAYS = 8;
