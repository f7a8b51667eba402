/**
 * Room for what comes for the VM while it stands, and times that a move's links and directory take: what whoever runs hosts would set for theirs.
 */
import type { MoveLimits } from "../../migrate/move/options.js";
import { type BlackoutSettings, DIRECTORY_WAYS, linkShare } from "./options.js";

/** What a guest's queue may hold at most (EngineOptions.queueSize), and least. */
const QUEUE_MAX = 32_768;
export const QUEUE_MIN = 512;
/** The most that a move's limits may be. */
const [WINDOW_MAX, HOLD_MAX, GATE_MS_MAX] = [4096, 2 ** 20, 60_000];
/** Between a host and the network's middle: room asked for and given, the state and its acknowledgement, the rest, that the VM lives. */
const LINK_WAYS = 12;
/** What goes over a link in a move but frames, and what hosts need by themselves. */
const LINK_BITS = 8 * 32_768;
const WORK_MS = 1;

/** Frames that a guest's queue is to have room for: those that come until the VM goes on, as far as a queue can have it. */
export function queueFor(settings: BlackoutSettings): number {
  const frames = framesIn(settings, Math.max(settings.transferMs, moveMs(settings)));
  return Math.min(QUEUE_MAX, Math.max(QUEUE_MIN, 2 ** Math.ceil(Math.log2(frames))));
}

/** Of a move of a VM that has stopped: to send its state more than once before the rest would only keep it waiting. */
export function limitsFor(settings: BlackoutSettings, queueSize: number): Partial<MoveLimits> {
  const { linkDelayMs, sendOnMax } = settings;
  const takesMs = moveMs(settings);
  // Newer frames wait for those that go two links more, behind what the old host has held.
  const settleMs = 5 + Math.ceil(4 * linkDelayMs + linkShare(settings) * takesMs);
  const waitMs = 200 + Math.ceil(takesMs);
  // A message a frame, and on their way as many as come until one is acknowledged, twice.
  const framesAway = 2 * framesIn(settings, 4 * linkDelayMs);
  return {
    roundsMax: 1,
    ...{ silenceMs: waitMs, commitMs: waitMs, gateMs: Math.min(GATE_MS_MAX, waitMs) },
    ...{ settleMs, retryMs: 20 + settleMs, forwardMs: 5000 + waitMs, forwardMax: sendOnMax },
    holdMax: Math.min(HOLD_MAX, QUEUE_MIN + framesIn(settings, takesMs + settleMs)),
    windowMessages: Math.min(WINDOW_MAX, queueSize / 2, 64 + framesAway),
  };
}

function framesIn({ senders, framesPerSecond }: BlackoutSettings, ms: number): number {
  return Math.ceil((senders * framesPerSecond * ms) / 1000);
}

/** As long as a move takes. State is frames: as long as they took to come, by their share of the link, it takes to go; and its rest again. */
function moveMs(settings: BlackoutSettings): number {
  const { directoryDelayMs, linkDelayMs, linkRateBps } = settings;
  const waysMs = DIRECTORY_WAYS * directoryDelayMs + LINK_WAYS * linkDelayMs + (1000 * LINK_BITS) / linkRateBps;
  const share = linkShare(settings);
  return (waysMs + WORK_MS) * (1 + share + share ** 2);
}
