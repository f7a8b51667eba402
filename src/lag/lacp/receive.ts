/**
 * The Receive machine (IEEE 802.1AX-2008 5.4.12, figure 5-10; 2014 6.4.12): keeps what is known of the partner, and for
 * how long.
 *
 *                 link up                timer (3 s)
 *   PORT_DISABLED ───────▶ EXPIRED ──────────────────▶ DEFAULTED
 *         ▲                 │   ▲                          │
 *         │ link down   PDU │   │ timer (3 s or 90 s)      │ PDU
 *         └── from all      └─▶ CURRENT ◀──────────────────┘
 *
 * INITIALIZE is passed through at once, so no port is ever seen there. LACP_DISABLED is not here: a port without LACP
 * has no machines. Entering EXPIRED asks for a PDU (corrigendum 1 of 2018), so a link that comes up does not wait for
 * the periodic timer.
 *
 * Beyond the standard: `partnerAgrees` is true only when the last PDU itself showed both ends in synchronization and
 * echoed this port as it is. The Mux machine distributes on nothing less.
 */
import type { Lacpdu } from "./lacpdu.js";
import { isSamePort, type PortInfo } from "./port-info.js";
import { DEFAULT_PARTNER, hasActorState, type PortRecord, setActorState, setPartnerState } from "./port-record.js";
import { AGGREGATION, DEFAULTED, EXPIRED, LACP_ACTIVITY, LACP_TIMEOUT, SYNCHRONIZATION } from "./port-state.js";
import { isDue, LONG_TIMEOUT_MS, SHORT_TIMEOUT_MS } from "./timing.js";

export type ReceiveState = "PORT_DISABLED" | "EXPIRED" | "DEFAULTED" | "CURRENT";

/** State that an echo must show as it is, or the partner is told again (update_NTT). */
const ECHOED = LACP_ACTIVITY | LACP_TIMEOUT | AGGREGATION | SYNCHRONIZATION;

/** One step by link state and time; true when the state changed. */
export function stepReceive(port: PortRecord, nowMs: number): boolean {
  if (port.portMoved && port.receive === "PORT_DISABLED") {
    initialize(port);
    return true;
  }
  if (!port.portEnabled) {
    if (port.receive === "PORT_DISABLED") return false;
    disable(port);
    return true;
  }
  if (port.receive === "PORT_DISABLED") {
    expire(port, nowMs);
    return true;
  }
  if (!isDue(port.currentWhile, nowMs)) return false;
  if (port.receive === "CURRENT") expire(port, nowMs);
  else takeDefaults(port);
  return true;
}

/** Enters CURRENT with what the partner says. The link must be up. */
export function receiveLacpdu(port: PortRecord, pdu: Lacpdu, nowMs: number): void {
  updateSelected(port, pdu.actor);
  const changed = port.actor.state ^ pdu.partner.state;
  if (!isSamePort(pdu.partner, port.actor) || (changed & ECHOED) !== 0) port.ntt = true;
  recordPdu(port, pdu);
  port.currentWhile = nowMs + (hasActorState(port, LACP_TIMEOUT) ? SHORT_TIMEOUT_MS : LONG_TIMEOUT_MS);
  port.receive = "CURRENT";
  setActorState(port, EXPIRED, false);
}

function initialize(port: PortRecord): void {
  port.selected = "UNSELECTED";
  recordDefault(port);
  setActorState(port, EXPIRED, false);
  port.portMoved = false;
}

function disable(port: PortRecord): void {
  port.receive = "PORT_DISABLED";
  setPartnerState(port, SYNCHRONIZATION, false);
  port.partnerAgrees = false;
  port.currentWhile = undefined;
  port.markers.clear();
}

function expire(port: PortRecord, nowMs: number): void {
  port.receive = "EXPIRED";
  setPartnerState(port, SYNCHRONIZATION, false);
  setPartnerState(port, LACP_TIMEOUT, true);
  port.partnerAgrees = false;
  port.currentWhile = nowMs + SHORT_TIMEOUT_MS;
  setActorState(port, EXPIRED, true);
  port.ntt = true;
}

function takeDefaults(port: PortRecord): void {
  port.receive = "DEFAULTED";
  updateSelected(port, DEFAULT_PARTNER);
  recordDefault(port);
  port.currentWhile = undefined;
  setActorState(port, EXPIRED, false);
}

function recordDefault(port: PortRecord): void {
  port.partner = DEFAULT_PARTNER;
  port.partnerAgrees = false;
  port.partnerVersion = 0;
  port.partnerVersion2 = undefined;
  setActorState(port, DEFAULTED, true);
}

/** Another partner, or one that may (or may not) be aggregated all of a sudden, must be selected for anew. */
function updateSelected(port: PortRecord, partner: PortInfo): void {
  const aggregationChanged = ((port.partner.state ^ partner.state) & AGGREGATION) !== 0;
  if (!isSamePort(port.partner, partner) || aggregationChanged) port.selected = "UNSELECTED";
}

function recordPdu(port: PortRecord, pdu: Lacpdu): void {
  const { actor, partner } = pdu;
  const isEchoed = isSamePort(partner, port.actor) && ((partner.state ^ port.actor.state) & AGGREGATION) === 0;
  const isIndividual = (actor.state & AGGREGATION) === 0;
  const isMaintained =
    (actor.state & LACP_ACTIVITY) !== 0 ||
    (hasActorState(port, LACP_ACTIVITY) && (partner.state & LACP_ACTIVITY) !== 0);
  const isSynchronized = (actor.state & SYNCHRONIZATION) !== 0 && (isEchoed || isIndividual) && isMaintained;
  port.partner = actor;
  setPartnerState(port, SYNCHRONIZATION, isSynchronized);
  port.partnerAgrees =
    isSynchronized && isEchoed && (partner.state & port.actor.state & SYNCHRONIZATION) === SYNCHRONIZATION;
  port.partnerVersion = pdu.version;
  port.partnerVersion2 = pdu.version2;
  setActorState(port, DEFAULTED, false);
}
