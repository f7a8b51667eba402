/**
 * What an adapter's state may be during a move, and what may follow on what: VFIO migration v2 (Linux include/uapi/linux/vfio.h,
 * enum vfio_device_mig_state) without the optional peer-to-peer states. The arcs are those of one step; from STOP_COPY or RESUMING a
 * device runs by way of STOP, as there, and out of ERROR by a reset, after which it has nothing.
 */
import { RinglaneError } from "../../errors.js";

export type MoveState = "RUNNING" | "PRE_COPY" | "STOP_COPY" | "STOP" | "RESUMING" | "ERROR";

const ARCS: Readonly<Record<MoveState, readonly MoveState[]>> = {
  RUNNING: ["PRE_COPY", "STOP", "ERROR"],
  PRE_COPY: ["RUNNING", "STOP_COPY", "ERROR"],
  STOP_COPY: ["STOP", "ERROR"],
  STOP: ["RUNNING", "STOP_COPY", "RESUMING", "ERROR"],
  RESUMING: ["STOP", "ERROR"],
  ERROR: ["STOP"],
};

/** The states on the way from one to another, the last included: the shortest, of equals the first. Throws IllegalTransition. */
export function wayTo(from: MoveState, to: MoveState): readonly MoveState[] {
  let ways: (readonly MoveState[])[] = [[from]];
  const seen = new Set([from]);
  while (ways.length > 0) {
    const arrived = ways.find((way) => way.at(-1) === to);
    if (arrived) return arrived.slice(1);
    ways = ways.flatMap((way) => {
      // ERROR is entered by what went wrong, never passed through.
      const nexts = ARCS[way.at(-1) as MoveState].filter(
        (next) => !seen.has(next) && (next === to || next !== "ERROR"),
      );
      for (const next of nexts) seen.add(next);
      return nexts.map((next) => [...way, next]);
    });
  }
  throw new IllegalTransition(from, to);
}

/** A machine tried to go where no arc leads: a bug of ours. */
export class IllegalTransition extends RinglaneError {
  constructor(from: MoveState, to: MoveState) {
    super("ILLEGAL_TRANSITION", `no way leads from ${from} to ${to}`);
  }
}
