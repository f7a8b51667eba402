/** What is the same for all schemes in one repetition: when the VM is where, when senders send, and when the VM itself does. */
import { Random } from "../../sim/random.js";
import type { BlackoutSettings } from "./options.js";

/** The VM stops at time 0. */
export const STOP_MS = 0;
/** Senders send so long before that. */
export const LEAD_MS = 5;

export type Place = "old" | "new";

/** Frames at a constant rate: the nth is sent at firstMs + n * periodMs. */
export interface Stream {
  readonly firstMs: number;
  readonly periodMs: number;
}

export interface Course {
  /** When the VM's state is on the new host. */
  readonly resumeMs: number;
  readonly streams: readonly Stream[];
  /** When the VM sends by itself: the first time, and how often, before its stop and from its resume on; undefined: nothing. */
  readonly said: { readonly before: Stream; readonly after: Stream | undefined };
  /** A stream of random numbers of this repetition. */
  random(name: string): Random;
}

export function courseOf(settings: BlackoutSettings, repetition: number): Course {
  const { senders, framesPerSecond, transferMs, vmSendsMs, quiet } = settings;
  const random = (name: string) => new Random(settings.seed, `blackout/${repetition}/${name}`);
  const periodMs = 1000 / framesPerSecond;
  const phases = random("phases");
  const resumeMs = STOP_MS + transferMs;
  return {
    resumeMs,
    random,
    streams: Array.from({ length: senders }, () => ({ firstMs: phases.unit() * periodMs - LEAD_MS, periodMs })),
    said: {
      before: { firstMs: -LEAD_MS, periodMs: vmSendsMs },
      after: quiet ? undefined : { firstMs: resumeMs + phases.unit() * vmSendsMs, periodMs: vmSendsMs },
    },
  };
}

/** Where the VM runs; undefined while it stands. */
export function placeAt({ resumeMs }: Course, ms: number): Place | undefined {
  if (ms < STOP_MS) return "old";
  return ms >= resumeMs ? "new" : undefined;
}
