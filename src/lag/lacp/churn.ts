/**
 * The Actor and Partner Churn Detection machines (IEEE 802.1AX-2008 5.4.17, figures 5-16 and 5-17; 2014 6.4.17): a link
 * that is up but has not got into synchronization in a minute keeps changing its mind, and somebody should look at the
 * configuration.
 *
 *   NO_CHURN ──out of sync──▶ MONITOR ──60 s──▶ CHURN        in sync, or link down: NO_CHURN
 */
import { CHURN_DETECTION_MS, type Deadline, isDue } from "./timing.js";

export type ChurnState = "NO_CHURN" | "MONITOR" | "CHURN";

export interface ChurnMachine {
  state: ChurnState;
  timer: Deadline;
}

/** One step; true when the state changed. */
export function stepChurn(machine: ChurnMachine, isLinkUp: boolean, isInSync: boolean, nowMs: number): boolean {
  if (!isLinkUp || isInSync) {
    if (machine.state === "NO_CHURN") return false;
    machine.state = "NO_CHURN";
    machine.timer = undefined;
    return true;
  }
  if (machine.state === "NO_CHURN") {
    machine.state = "MONITOR";
    machine.timer = nowMs + CHURN_DETECTION_MS;
    return true;
  }
  if (!isDue(machine.timer, nowMs)) return false;
  machine.state = "CHURN";
  machine.timer = undefined;
  return true;
}
