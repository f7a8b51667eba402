/**
 * The Mux machine with independent control (IEEE 802.1AX-2008 5.4.15, figure 5-14; 2014 6.4.15): puts the port on its
 * aggregator and opens it, first inwards, then outwards, and closes it in the opposite order.
 *
 *   DETACHED ──selected──▶ WAITING ──ready──▶ ATTACHED ──partner in sync──▶ COLLECTING ──partner agrees──▶ DISTRIBUTING
 *       ▲                     │                  │  ▲                          │  ▲          and collects         │
 *       └────── unselected ───┴── or standby ────┘  └─── out of sync or so ────┘  └───── does not any more ───────┘
 *
 * Attaching and opening take no time here: the caller acts on the returned `state` actions before it sends the next
 * frame. "Partner agrees" is stricter than the standard, see receive.ts.
 */
import { hasPartnerState, type PortRecord, setActorState } from "./port-record.js";
import { COLLECTING, DISTRIBUTING, SYNCHRONIZATION } from "./port-state.js";
import { AGGREGATE_WAIT_MS, isDue } from "./timing.js";

export type MuxState = "DETACHED" | "WAITING" | "ATTACHED" | "COLLECTING" | "DISTRIBUTING";

/** One transition at most; true when the state changed. */
export function stepMux(port: PortRecord, nowMs: number): boolean {
  const isSelected = port.selected === "SELECTED";
  const isInSync = isSelected && hasPartnerState(port, SYNCHRONIZATION);
  const isAgreed = isInSync && hasPartnerState(port, COLLECTING) && port.partnerAgrees;
  switch (port.mux) {
    case "DETACHED":
      return port.selected !== "UNSELECTED" && enterWaiting(port, nowMs);
    case "WAITING":
      if (port.selected === "UNSELECTED") return enterDetached(port);
      if (isSelected && port.ready) return enterAttached(port);
      return expireWaitWhile(port, nowMs);
    case "ATTACHED":
      if (!isSelected) return enterDetached(port);
      return isInSync && enterCollecting(port);
    case "COLLECTING":
      if (!isInSync) return enterAttached(port);
      return isAgreed && enterDistributing(port);
    case "DISTRIBUTING":
      return !isAgreed && enterCollecting(port);
  }
}

function enterDetached(port: PortRecord): true {
  setActorState(port, SYNCHRONIZATION | COLLECTING | DISTRIBUTING, false);
  // What the partner echoed was the synchronization that just ended.
  port.partnerAgrees = false;
  port.readyN = false;
  port.ready = false;
  port.waitWhile = undefined;
  port.ntt = true;
  port.mux = "DETACHED";
  return true;
}

function enterWaiting(port: PortRecord, nowMs: number): true {
  port.waitWhile = nowMs + AGGREGATE_WAIT_MS;
  port.mux = "WAITING";
  return true;
}

function expireWaitWhile(port: PortRecord, nowMs: number): boolean {
  if (!isDue(port.waitWhile, nowMs)) return false;
  port.waitWhile = undefined;
  port.readyN = true;
  return true;
}

function enterAttached(port: PortRecord): true {
  setActorState(port, SYNCHRONIZATION, true);
  setActorState(port, COLLECTING | DISTRIBUTING, false);
  port.ready = false;
  port.readyN = false;
  port.ntt = true;
  port.mux = "ATTACHED";
  return true;
}

function enterCollecting(port: PortRecord): true {
  setActorState(port, COLLECTING, true);
  setActorState(port, DISTRIBUTING, false);
  port.ntt = true;
  port.mux = "COLLECTING";
  return true;
}

function enterDistributing(port: PortRecord): true {
  setActorState(port, DISTRIBUTING, true);
  port.mux = "DISTRIBUTING";
  return true;
}
