/** What becomes of a sender's frame. */

/** Delivered at the old host, lost, delivered at the new host by way of the old one (held there, or sent on), delivered at the new one. */
export const FRAME_FATES = ["here", "lost", "via", "there"] as const;
export type FrameFate = (typeof FRAME_FATES)[number];

export interface Outcome {
  readonly fate: FrameFate;
  /** When the VM got it, the first time; undefined: never. */
  readonly arrivesMs: number | undefined;
  /** How often it did. */
  readonly deliveries: number;
  /** It was sent to the old host alone, though the VM had stopped there. */
  readonly toOld: boolean;
  /** Copies on links besides the one that is needed. */
  readonly copies: number;
}

/** All but times. */
export function isAlike(a: Outcome, b: Outcome): boolean {
  return a.fate === b.fate && a.copies === b.copies && a.toOld === b.toOld && a.deliveries === b.deliveries;
}
