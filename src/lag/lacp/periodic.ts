/**
 * The Periodic Transmission machine (IEEE 802.1AX-2008 5.4.13, figure 5-11; 2014 6.4.13): asks for a PDU every second
 * or every 30, as the partner wants them. Two passive ends say nothing to each other, for ever. PERIODIC_TX is passed
 * through at once.
 */
import { hasActorState, hasPartnerState, type PortRecord } from "./port-record.js";
import { LACP_ACTIVITY, LACP_TIMEOUT } from "./port-state.js";
import { FAST_PERIODIC_MS, isDue, SLOW_PERIODIC_MS } from "./timing.js";

export type PeriodicState = "NO_PERIODIC" | "FAST_PERIODIC" | "SLOW_PERIODIC";

/** One step; true when the state changed or a PDU is to be sent. */
export function stepPeriodic(port: PortRecord, nowMs: number): boolean {
  const isActive = hasActorState(port, LACP_ACTIVITY) || hasPartnerState(port, LACP_ACTIVITY);
  if (!port.portEnabled || !isActive) {
    if (port.periodic === "NO_PERIODIC") return false;
    port.periodic = "NO_PERIODIC";
    port.periodicTimer = undefined;
    return true;
  }
  const wantsFast = hasPartnerState(port, LACP_TIMEOUT);
  const isAsked = isDue(port.periodicTimer, nowMs) || (port.periodic === "SLOW_PERIODIC" && wantsFast);
  if (port.periodic === "NO_PERIODIC") enter(port, true, nowMs);
  else if (isAsked) {
    port.ntt = true;
    enter(port, wantsFast, nowMs);
  } else if (port.periodic === "FAST_PERIODIC" && !wantsFast) enter(port, false, nowMs);
  else return false;
  return true;
}

function enter(port: PortRecord, isFast: boolean, nowMs: number): void {
  port.periodic = isFast ? "FAST_PERIODIC" : "SLOW_PERIODIC";
  port.periodicTimer = nowMs + (isFast ? FAST_PERIODIC_MS : SLOW_PERIODIC_MS);
}
