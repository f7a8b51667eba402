/**
 * Senders' frames through a network, one after the other in virtual time, until all of them simply come to the new host. While nothing
 * is due and nothing has changed for a while, frames are counted and not sent one by one: five minutes of a table that is wrong cost no more than five.
 */
import { type Course, LEAD_MS } from "./course.js";
import type { BlackoutSettings } from "./options.js";
import type { PeerNetwork } from "./peer-network.js";
import { SenderTally } from "./tally.js";

/** How long all must have been well. */
export const CLEAN_MS = 1;
export const CLEAN_FRAMES = 20;

export function runPeer(network: PeerNetwork, settings: BlackoutSettings, course: Course): SenderTally[] {
  const tallies = course.streams.map((stream) => new SenderTally(stream));
  // Longer than any frame is on its way: what has changed shows by then.
  const calmMs = LEAD_MS + 8 * settings.linkDelayMs;
  for (;;) {
    const [sender, tally] = earliestOf(tallies);
    tally.add(network.send(sender, tally.nextMs));
    if (tallies.every(isSettled)) return tallies;
    if (tallies.every(({ steadyMs }) => steadyMs > calmMs)) skip(tallies, (network.nextMs ?? 0) - calmMs);
  }
}

/** Counts what is sent before a time. */
function skip(tallies: readonly SenderTally[], untilMs: number): void {
  for (const tally of tallies) {
    const frames = Math.floor((untilMs - tally.nextMs) / tally.stream.periodMs);
    if (frames > 0) tally.repeat(frames);
  }
}

function earliestOf(tallies: readonly SenderTally[]): [number, SenderTally] {
  let first = 0;
  for (const [i, { nextMs }] of tallies.entries()) if (nextMs < (tallies[first] as SenderTally).nextMs) first = i;
  return [first, tallies[first] as SenderTally];
}

function isSettled({ isClean, steadyMs, stream }: SenderTally): boolean {
  return isClean && steadyMs >= Math.max(CLEAN_MS, CLEAN_FRAMES * stream.periodMs);
}
