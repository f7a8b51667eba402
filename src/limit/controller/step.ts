/**
 * One look at one owner: from its policy, what was known, and what it did in a window, the limit that it should have and why. Pure, so a
 * recorded trace gives the same decisions wherever it is replayed.
 *
 * A reduction is certain; a raise is a wish, which the wall may cut or refuse. So the state does not believe it: the next window tells
 * what limit is in force, and a greater one than before is a raise.
 *
 * Noise must not move a limit to and fro. Thresholds that lie apart stop a constant load, not a random one, so one of the two moves
 * becomes patient when it proves wrong: by "filled" the reduction, which a raise has undone (too small a limit costs frames, too large a
 * one only memory); by other criteria the raise, which failing health has undone. It then needs PATIENCE times as many whole windows in a
 * row, and still more the next time. A move that proves right takes a step of patience back: a second reduction in a row, or a raise that
 * stood the test; a load that has changed for good is followed at the full pace after the first step. And one odd window does not undo what
 * has stood the test for long: a limit that was right for STOOD windows needs 2 in a row to go down, 3 after three times as many, 4 after
 * seven times.
 */

import type { LimitWindow } from "../window.js";
import { failureOf, timeAboveTarget } from "./criterion.js";
import type { CheckedPolicy } from "./policy-check.js";
import type { Failure, LimitReason } from "./reason.js";
import { joinWindows } from "./span.js";
import { usedOf } from "./used.js";

/** Times as many windows that a move needs after it has proved wrong once, twice, and so on. */
const PATIENCE = [1, 4, 64, 1024];

const STOOD = 16;
/** Noise is near the threshold. Where so small a part of it was filled, the load has gone, and no more windows than this are waited. */
const DEEP = 1 / 4;
const DEEP_PATIENCE = 8;
/** Windows in good health that show a raise to have been right. */
const PROVED = 64;

export interface StepState {
  /** The limit in force, as far as it is known. */
  readonly limit: number;
  /** Windows in a row that failed the first criterion, and that met the second. */
  readonly failing: number;
  readonly meeting: number;
  /** The last whole window's health was bad, or on the way there: no raise until one is good. */
  readonly ill: boolean;
  /** Windows in which the limit is not reduced, because it was raised. */
  readonly hold: number;
  /** Mbufs that came back since the last raise. */
  readonly returned: number;
  /** How long mbufs have been held for longer than target. */
  readonly aboveMs: number;
  /** Windows that passed the first criterion since the limit was last changed. */
  readonly stood: number;
  /** How often the move that may prove wrong has, less the times that it was right: a place in PATIENCE. */
  readonly wrong: number;
  /** The last move that the owner's own windows brought about. */
  readonly moved: "not" | "down" | "up";
  /** What pressure has cut off the window that is running, and whether that met the second criterion. */
  readonly span?: LimitWindow;
  readonly pressed: boolean;
}

export interface StepResult {
  readonly state: StepState;
  /** Less than the limit in force: what it is now. More: what it should be. */
  readonly limit: number;
  readonly reason: LimitReason;
}

/** What is known of an owner that has done nothing. */
export function firstState(limit: number): StepState {
  const counts = { failing: 0, meeting: 0, hold: 0, returned: 0, aboveMs: 0, stood: 0, wrong: 0 };
  return { limit, ...counts, ill: false, moved: "not", pressed: false };
}

/** Judges a window. When the state that comes back has no span, the window was a whole one and the next begins. */
export function step(policy: CheckedPolicy, before: StepState, window: LimitWindow): StepResult {
  const { span: cut, ...known } = notice(policy, before, window.limit);
  const whole = cut ? joinWindows(cut, window) : window;
  const state = { ...known, limit: window.limit, returned: known.returned + window.returned };
  if (!isWhole(policy, whole)) {
    // A raise that has proved wrong waits for whole windows.
    const met = meets(policy, window) && (policy.reduce.by === "filled" || state.wrong === 0);
    const pressed = { ...state, span: whole, meeting: state.meeting + (met ? 1 : 0), pressed: state.pressed || met };
    return wish(policy, pressed, window);
  }
  return judge(policy, state, whole, countMeeting(policy, state, window, whole));
}

/** Pressure cuts a window short, but not for ever. */
function isWhole(policy: CheckedPolicy, window: LimitWindow): boolean {
  const { descriptors, ms } = policy.window;
  return window.closedBy !== "pressure" || window.returned >= descriptors || window.ms >= ms;
}

/** What the limit in force tells: it was raised as wished, or somebody else needed it. */
function notice(policy: CheckedPolicy, state: StepState, limit: number): StepState {
  if (limit < state.limit) return { ...state, moved: "not", stood: 0 };
  if (limit === state.limit) return state;
  const filled = policy.reduce.by === "filled";
  const wrong = filled && state.moved === "down";
  const right = !filled && state.moved === "up" && state.stood >= PROVED;
  const { span: _, ...rest } = wrong ? morePatient(state) : right ? lessPatient(state) : state;
  return {
    ...rest,
    moved: "up",
    meeting: 0,
    returned: 0,
    failing: 0,
    stood: 0,
    pressed: false,
    hold: policy.holdWindows,
  };
}

/**
 * The second criterion. A frame that was refused met the limit, however many mbufs it would have needed; where nothing was filled, mbufs are
 * only on their way back.
 */
function meets(policy: CheckedPolicy, window: LimitWindow): boolean {
  return window.refused > 0 || (window.filled > 0 && usedOf(policy, window) >= policy.raise.filled * window.limit);
}

/** One burst that pressure has counted is not counted again when its window ends. */
function countMeeting(policy: CheckedPolicy, state: StepState, window: LimitWindow, whole: LimitWindow): number {
  if (!meets(policy, whole)) return 0;
  const counted = state.pressed && window.closedBy !== "pressure";
  return state.meeting + (!counted && meets(policy, window) ? 1 : 0);
}

function judge(policy: CheckedPolicy, state: StepState, whole: LimitWindow, meeting: number): StepResult {
  const aboveMs = timeAboveTarget(policy, whole, state.aboveMs);
  const failure = failureOf(policy, whole, aboveMs);
  const ill = aboveMs > 0 || (failure !== undefined && isIllness(failure));
  const next = {
    ...state,
    aboveMs,
    meeting: ill ? 0 : meeting,
    failing: failure === undefined || whole.limit <= policy.floor ? 0 : state.failing + 1,
    ill,
    stood: state.stood + (failure === undefined ? 1 : 0),
    hold: Math.max(0, state.hold - 1),
    pressed: false,
  };
  if (next.failing === 0 || failure === undefined) return wish(policy, next, whole);
  const needed = policy.reduce.windows * (next.ill ? 1 : caution(policy, state, whole));
  if (state.hold === 0 && next.failing >= needed) return reduce(policy, next, failure);
  const reason = { code: "patient", failing: next.failing, needed, hold: state.hold } as const;
  return { state: next, limit: whole.limit, reason };
}

/** Bad health, and not merely little use. */
function isIllness({ code }: Failure): boolean {
  return code !== "filled-below" && code !== "idle";
}

function reduce(policy: CheckedPolicy, state: StepState, failure: Failure): StepResult {
  const limit = Math.max(policy.floor, Math.floor(state.limit / 2));
  const filled = policy.reduce.by === "filled";
  const right = filled && !state.ill && state.moved === "down";
  const wrong = !filled && state.ill && state.moved === "up";
  const learned = wrong ? morePatient(state) : right ? lessPatient(state) : state;
  // Whoever stood still and goes on has not shown that the reduction was wrong.
  const moved = failure.code === "stalled" ? "not" : "down";
  return { state: { ...learned, limit, moved, failing: 0, meeting: 0, aboveMs: 0, stood: 0 }, limit, reason: failure };
}

/** Wishes for twice the limit where the second criterion is met often enough, and mbufs have come back. */
function wish(policy: CheckedPolicy, state: StepState, window: LimitWindow): StepResult {
  const { limit } = window;
  const needed = policy.raise.windows * (policy.reduce.by === "filled" ? 1 : patience(state));
  if (state.ill || state.meeting < needed || limit >= policy.ceiling) {
    return { state, limit, reason: { code: "none" } };
  }
  const earning = Math.ceil(policy.raise.returned * limit);
  if (state.returned < earning) {
    return { state, limit, reason: { code: "unearned", returned: state.returned, needed: earning } };
  }
  const reason = { code: "filled-high", high: usedOf(policy, window), limit, windows: state.meeting } as const;
  return { state, limit: Math.min(policy.ceiling, 2 * limit), reason };
}

/** Times as many windows as the policy says that a limit must have been too high for. */
function caution(policy: CheckedPolicy, state: StepState, window: LimitWindow): number {
  const { reduce } = policy;
  if (reduce.by !== "filled") return 1;
  const isDeep = usedOf(policy, window) < DEEP * reduce.below * window.limit;
  return Math.max(trust(state), isDeep ? Math.min(patience(state), DEEP_PATIENCE) : patience(state));
}

function patience({ wrong }: StepState): number {
  return PATIENCE[wrong] as number;
}

/** By bits, since logarithms need not be the same in every engine, and a trace must give the same decisions in all. */
function trust({ stood }: StepState): number {
  return 32 - Math.clz32(1 + Math.floor(stood / STOOD));
}

function morePatient(state: StepState): StepState {
  return { ...state, wrong: Math.min(PATIENCE.length - 1, state.wrong + 1) };
}

function lessPatient(state: StepState): StepState {
  return { ...state, wrong: Math.max(0, state.wrong - 1) };
}
