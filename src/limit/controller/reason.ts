/** Why a limit is what it is: a code, and the figures behind it. Plain data, so that it can be counted, stored and compared. */

/** What the first criterion, or a rule that holds beside every criterion, has found wrong in a window. */
export type Failure =
  /** So few of the mbufs set aside were filled at once. */
  | { readonly code: "filled-below"; readonly high: number; readonly limit: number; readonly below: number }
  /** Nothing was in use at any time. */
  | { readonly code: "idle"; readonly ms: number }
  /** So long was every mbuf that came back held for longer than the target. */
  | { readonly code: "sojourn-above"; readonly leastMs: number; readonly targetMs: number; readonly aboveMs: number }
  /** So many frames were refused, of so many. */
  | { readonly code: "drops-above"; readonly refused: number; readonly frames: number; readonly above: number }
  /** So many segments came again or out of order, of so many with data. */
  | { readonly code: "tcp-above"; readonly again: number; readonly segments: number; readonly above: number }
  /** Mbufs were held all the time, and none came back. */
  | { readonly code: "stalled"; readonly inUse: number; readonly ms: number };

export type LimitReason =
  | Failure
  /** Nothing speaks for a change. */
  | { readonly code: "none" }
  /** A failure that has not lasted long enough, or came too soon after a raise. */
  | { readonly code: "patient"; readonly failing: number; readonly needed: number; readonly hold: number }
  /** So much of the limit was filled at once, in so many windows in a row. */
  | { readonly code: "filled-high"; readonly high: number; readonly limit: number; readonly windows: number }
  /** Filled, but too few mbufs came back since the last raise. */
  | { readonly code: "unearned"; readonly returned: number; readonly needed: number }
  /** The owner had more than its share, and somebody who has less than his needs it. */
  | { readonly code: "shared"; readonly limit: number; readonly partition: string; readonly peer?: string };

/** The reason in words, for people. */
export function reasonText(reason: LimitReason): string {
  switch (reason.code) {
    case "none":
      return "nothing speaks for a change";
    case "filled-below":
      return `${percent(reason.high / reason.limit)} of ${reason.limit} filled, under ${percent(reason.below)}`;
    case "idle":
      return `nothing in use for ${ms(reason.ms)}`;
    case "sojourn-above":
      return `held at least ${ms(reason.leastMs)}, over ${ms(reason.targetMs)} for ${ms(reason.aboveMs)}`;
    case "drops-above":
      return `${reason.refused} of ${reason.frames} frames refused, over ${percent(reason.above)}`;
    case "tcp-above":
      return `${reason.again} of ${reason.segments} segments came again or out of order, over ${percent(reason.above)}`;
    case "stalled":
      return `holds ${reason.inUse}, and none came back for ${ms(reason.ms)}`;
    case "patient":
      return reason.hold > 0
        ? `raised too lately to go down: ${windows(reason.hold)} to go`
        : `failing for ${windows(reason.failing)} of ${reason.needed}`;
    case "filled-high":
      return `${percent(reason.high / reason.limit)} of ${reason.limit} filled, ${windows(reason.windows)} in a row`;
    case "unearned":
      return `${reason.returned} came back since the last raise, ${reason.needed} must`;
    case "shared":
      return `had ${reason.limit}, more than its share, and ${whose(reason)} has less than its own`;
  }
}

function whose({ partition, peer }: { partition: string; peer?: string }): string {
  return peer === undefined ? partition : `${peer} of ${partition}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function ms(value: number): string {
  return `${Number(value.toFixed(value < 10 ? 2 : 0))} ms`;
}

function windows(count: number): string {
  return count === 1 ? "1 window" : `${count} windows`;
}
