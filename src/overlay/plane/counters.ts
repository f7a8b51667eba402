/** What an overlay counts besides its ports, by name. */
import * as layout from "../../../assembly/layout.js";
import type { Arena } from "../../memory.js";

const NAMES = {
  /** Records that were made for somebody unknown. */
  misses: layout.COUNTER_MISSES,
  /** Questions for the directory. */
  questions: layout.COUNTER_REFRESHES,
  heldFrames: layout.COUNTER_HELD_FRAMES,
  /** Frames given to guests of this host, from the underlay and from each other. */
  deliveredFrames: layout.COUNTER_LOCAL_FRAMES,
  floodCopies: layout.COUNTER_FLOOD_COPIES,
  flowsMade: layout.COUNTER_FLOWS_MADE,
  flowsAged: layout.COUNTER_FLOWS_AGED,
  /** Frames for endpoints that had gone, sent on to where they are. */
  forwardedFrames: layout.COUNTER_FORWARDED,
  /** Frames that another host had rejected, sent again. */
  resentFrames: layout.COUNTER_RESENT,
  fragmentsMade: layout.COUNTER_FRAGMENTS_MADE,
  /** Frames sent to a waypoint in place of their destination. */
  redirectedFrames: layout.COUNTER_REDIRECTED,
  /** Frames to queue pairs that were not kept for sending again, for want of room. */
  notKeptFrames: layout.COUNTER_NOT_RETAINED,
} as const;

export type OverlayCounters = Readonly<Record<keyof typeof NAMES, number>>;

export function readOverlayCounters(arena: Pick<Arena, "u64">, block: number): OverlayCounters {
  const read = Object.entries(NAMES).map(([name, index]) => [name, Number(arena.u64[block / 8 + index])]);
  return Object.fromEntries(read) as OverlayCounters;
}
