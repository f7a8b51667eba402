/**
 * The Selection Logic (IEEE 802.1AX-2008 5.4.14, 2014 6.4.14): which ports belong together, and on which aggregator.
 *
 * A link aggregation group is what has the same actor key, partner system and partner key; a port that is individual,
 * or whose partner is, is a group of its own. There are as many aggregators as ports, each numbered as a port, and an
 * aggregator takes the key of the group that is on it. A group keeps its aggregator as long as a member is on it; a new
 * one takes that of its lowest port, or the lowest that nobody is on. (The standard's recommended rule moves a running
 * group when a lower port joins; this one does not interrupt traffic for that.)
 *
 * Never selected: a port without a link, and one whose partner is this very system (a loop).
 */
import { comparePorts, compareSystems } from "./port-info.js";
import { hasActorState, hasPartnerState, type PortRecord } from "./port-record.js";
import { AGGREGATION } from "./port-state.js";

/**
 * Brings `selected`, `aggregator` and `ready` of all ports up to date; true when something changed. `ports` are in
 * order of number.
 */
export function stepSelection(ports: readonly PortRecord[], maxLinks: number): boolean {
  let changed = false;
  for (const port of ports) {
    if (port.selected !== "UNSELECTED" && port.lagId !== lagIdOf(port)) {
      port.selected = "UNSELECTED";
      changed = true;
    }
    if (port.selected === "UNSELECTED" && port.mux === "DETACHED") port.aggregator = undefined;
  }
  for (const port of ports) {
    if (port.selected === "UNSELECTED" && port.mux === "DETACHED") changed = select(port, ports) || changed;
  }
  for (const aggregator of new Set(ports.map((port) => port.aggregator))) {
    const members = ports.filter((port) => port.aggregator === aggregator && port.selected !== "UNSELECTED");
    changed = limit(members, maxLinks) || changed;
    changed = makeReady(members) || changed;
  }
  return changed;
}

export function isIndividual(port: PortRecord): boolean {
  return !hasActorState(port, AGGREGATION) || !hasPartnerState(port, AGGREGATION);
}

/** True when the partner is this system itself. */
export function isLoop(port: PortRecord): boolean {
  return compareSystems(port.actor, port.partner) === 0;
}

/** The group that the port should be in, undefined for none. */
function lagIdOf(port: PortRecord): string | undefined {
  if (!port.portEnabled || isLoop(port)) return undefined;
  const { systemPriority, system, key } = port.partner;
  const group = `${port.actor.key} ${systemPriority} ${system} ${key}`;
  return isIndividual(port) ? `${group} port ${port.number}` : group;
}

function select(port: PortRecord, ports: readonly PortRecord[]): boolean {
  const lagId = lagIdOf(port);
  if (lagId === undefined) return false;
  const member = ports.find((other) => other.selected !== "UNSELECTED" && other.lagId === lagId);
  const isTaken = (aggregator: number) => ports.some((other) => other.aggregator === aggregator);
  const isOwnFree = !isTaken(port.number);
  const aggregator =
    member?.aggregator ?? (isOwnFree ? port.number : ports.find(({ number }) => !isTaken(number))?.number);
  // Everyone else's aggregator is taken only while others leave theirs: the port tries again when they have.
  if (aggregator === undefined) return false;
  port.aggregator = aggregator;
  port.lagId = lagId;
  port.selected = "SELECTED";
  return true;
}

/**
 * Of more members than an aggregator holds, the worse ones stand by (2008 5.4.14.1, 5.7.1). The system with the better
 * identifier says which those are, so that both ends choose the same.
 */
function limit(members: PortRecord[], maxLinks: number): boolean {
  let changed = false;
  const ranked = members.sort((a, b) =>
    compareSystems(a.actor, a.partner) < 0 ? comparePorts(a.actor, b.actor) : comparePorts(a.partner, b.partner),
  );
  for (const [rank, port] of ranked.entries()) {
    const selected = rank < maxLinks ? "SELECTED" : "STANDBY";
    if (port.selected === selected) continue;
    port.selected = selected;
    changed = true;
  }
  return changed;
}

/** Whoever waits for the same aggregator attaches together, once all have waited. */
function makeReady(members: readonly PortRecord[]): boolean {
  const waiting = members.filter((port) => port.mux === "WAITING" && port.selected === "SELECTED");
  if (!waiting.every((port) => port.readyN)) return false;
  const unready = waiting.filter((port) => !port.ready);
  for (const port of unready) port.ready = true;
  return unready.length > 0;
}
