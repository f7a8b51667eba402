/**
 * A LACP system: the machines of all its ports (IEEE 802.1AX-2008 clause 5, 2014 and 2020 clause 6). Link events,
 * frames and the time go in; frames and changes come out as actions. Nothing happens in between: no timer, no clock, no
 * socket. Whoever drives it calls `tick` when `nextMs` has come and carries out the actions in their order; state
 * changes come before frames.
 *
 *   link, receive, tick ──▶ receive ─▶ selection ─▶ mux ─▶ periodic, churn ──▶ (again until nothing moves)
 *                                                                 └─▶ state, conversations, churn, send ──▶ actions
 *
 * Bad configuration throws ConfigError; no frame does. A clock that steps back stands still.
 */
import { checkInteger } from "../../check.js";
import { earliest } from "../../earliest.js";
import { ConfigError } from "../../errors.js";
import { type LacpAction, nothingTold, type Told, tellChanges, tellPart } from "./action.js";
import { agree, type Distribution, type Part, version2Of } from "./agreement.js";
import { stepChurn } from "./churn.js";
import type { Conversations } from "./conversations.js";
import { decodeLacpdu, encodeLacpdu, type Lacpdu } from "./lacpdu.js";
import { decodeMarker } from "./marker.js";
import { answerMarker, askMarker, takeResponse } from "./marker-exchange.js";
import { stepMux } from "./mux.js";
import { checkDistribution, checkOptions, type LacpOptions } from "./options.js";
import { stepPeriodic } from "./periodic.js";
import { hasActorState, hasPartnerState, type PortRecord } from "./port-record.js";
import { SYNCHRONIZATION } from "./port-state.js";
import { receiveLacpdu, stepReceive } from "./receive.js";
import { type LacpPortReport, portReport } from "./report.js";
import { stepSelection } from "./selection.js";
import { SUBTYPE_MARKER, slowSubtype } from "./slow-protocol.js";
import { takeTransmission, transmitDeadline } from "./transmit.js";

export class LacpSystem {
  readonly #ports: readonly PortRecord[];
  readonly #byNumber: ReadonlyMap<number, PortRecord>;
  readonly #told: ReadonlyMap<number, Told>;
  readonly #version: 1 | 2;
  readonly #maxLinks: number;
  readonly #algorithm: LacpOptions["algorithm"];
  #distribution: Distribution | undefined;
  #parts: ReadonlyMap<number, Part> = new Map();
  #nowMs = Number.NEGATIVE_INFINITY;

  /** All links down. ConfigError names the option. */
  constructor(options: LacpOptions) {
    const { version, maxLinks, ports, distribution } = checkOptions(options);
    this.#version = version;
    this.#maxLinks = maxLinks;
    this.#ports = ports;
    this.#algorithm = options.algorithm;
    this.#distribution = distribution;
    this.#byNumber = new Map(ports.map((port) => [port.number, port]));
    this.#told = new Map(ports.map((port) => [port.number, nothingTold()]));
    if (distribution) this.#parts = agree(ports, distribution, this.#parts);
  }

  /** Port numbers, ascending. */
  get portNumbers(): readonly number[] {
    return this.#ports.map((port) => port.number);
  }

  /** When `tick` has something to do next, in ms; undefined while nothing runs. */
  get nextMs(): number | undefined {
    const deadlines = this.#ports.flatMap((port) => [
      port.currentWhile,
      port.periodicTimer,
      port.waitWhile,
      port.actorChurn.timer,
      port.partnerChurn.timer,
      transmitDeadline(port, this.#nowMs),
    ]);
    return earliest(deadlines);
  }

  /** The physical link has come up or gone down. A port that goes down is out of its aggregator at once. */
  link(port: number, up: boolean, nowMs: number): LacpAction[] {
    const record = this.#find(port);
    this.#advance(nowMs);
    record.portEnabled = up;
    return this.#finish();
  }

  /**
   * A frame to 01-80-c2-00-00-02 has arrived on the port, from its destination address on. Others are counted and left
   * alone.
   */
  receive(port: number, frame: Uint8Array, nowMs: number): LacpAction[] {
    const record = this.#find(port);
    this.#advance(nowMs);
    const actions: LacpAction[] = [];
    if (!record.portEnabled) record.counters.linkDown++;
    else if (slowSubtype(frame) === SUBTYPE_MARKER) actions.push(...this.#receiveMarker(record, frame));
    else {
      const pdu = decodeLacpdu(frame);
      if (typeof pdu === "string") record.counters.bad[pdu]++;
      else this.#receiveLacpdu(record, pdu);
    }
    return [...this.#finish(), ...actions];
  }

  /** Time has passed. Calling it early or often does no harm. */
  tick(nowMs: number): LacpAction[] {
    this.#advance(nowMs);
    return this.#finish();
  }

  /**
   * Asks the partner to answer once it has what was sent before; `transactionId` has 32 bits. Nothing on a link that is
   * down.
   */
  sendMarker(port: number, transactionId: number, nowMs: number): LacpAction[] {
    const record = this.#find(port);
    checkInteger("transactionId", transactionId, 0, 0xffff_ffff);
    this.#advance(nowMs);
    const frames = record.portEnabled ? [askMarker(record, transactionId)] : [];
    return [...this.#finish(), ...frames.map((frame) => ({ type: "send", port, frame }) as const)];
  }

  /** Gives the port another key (1-65535): it leaves its aggregator and joins the ports of that key. */
  setKey(port: number, key: number, nowMs: number): LacpAction[] {
    const record = this.#find(port);
    checkInteger("key", key, 1, 0xffff);
    this.#advance(nowMs);
    if (record.actor.key !== key) {
      record.actor = { ...record.actor, key };
      record.selected = "UNSELECTED";
      record.ntt = true;
    }
    return this.#finish();
  }

  /** Another conversation table, for a system that has one. The partner agrees again when it has the same. */
  setConversations(conversations: Conversations, nowMs: number): LacpAction[] {
    if (!this.#distribution) throw new ConfigError("conversations", conversations, "given when the system is made");
    const distribution = checkDistribution(conversations, this.#algorithm, this.#ports);
    this.#advance(nowMs);
    this.#distribution = distribution;
    for (const port of this.#ports) port.ntt = true;
    return this.#finish();
  }

  /** The port as it is now. */
  port(number: number): LacpPortReport {
    return portReport(this.#find(number), this.#parts.get(number));
  }

  #find(number: number): PortRecord {
    const port = this.#byNumber.get(number);
    if (port) return port;
    throw new ConfigError("port", number, `one of ${this.portNumbers.join(", ")}`);
  }

  /** Lets everything happen that was due before what comes now. */
  #advance(nowMs: number): void {
    if (!Number.isFinite(nowMs)) throw new ConfigError("nowMs", nowMs, "a finite number of milliseconds");
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#settle();
  }

  /**
   * Steps all machines until none moves: each transition makes a state that only another event can leave the same way.
   */
  #settle(): void {
    const nowMs = this.#nowMs;
    let moved = true;
    while (moved) {
      moved = false;
      for (const port of this.#ports) moved = stepReceive(port, nowMs) || moved;
      moved = stepSelection(this.#ports, this.#maxLinks) || moved;
      for (const port of this.#ports) {
        moved = stepMux(port, nowMs) || moved;
        moved = stepPeriodic(port, nowMs) || moved;
        const isActorInSync = hasActorState(port, SYNCHRONIZATION);
        moved = stepChurn(port.actorChurn, port.portEnabled, isActorInSync, nowMs) || moved;
        const isPartnerInSync = hasPartnerState(port, SYNCHRONIZATION);
        moved = stepChurn(port.partnerChurn, port.portEnabled, isPartnerInSync, nowMs) || moved;
      }
    }
  }

  #finish(): LacpAction[] {
    this.#settle();
    const actions = this.#ports.flatMap((port) => tellChanges(port, this.#told.get(port.number) as Told));
    if (this.#distribution) actions.push(...this.#updateConversations(this.#distribution));
    for (const port of this.#ports) {
      if (takeTransmission(port, this.#nowMs))
        actions.push({ type: "send", port: port.number, frame: this.#pdu(port) });
    }
    return actions;
  }

  #updateConversations(distribution: Distribution): LacpAction[] {
    const before = this.#parts;
    this.#parts = agree(this.#ports, distribution, before);
    return this.#ports.flatMap((port) => {
      const told = tellPart(port.number, before.get(port.number) as Part, this.#parts.get(port.number) as Part);
      if (told.length > 0) port.ntt = true;
      return told;
    });
  }

  #receiveLacpdu(port: PortRecord, pdu: Lacpdu): void {
    port.counters.lacpdusIn++;
    receiveLacpdu(port, pdu, this.#nowMs);
    for (const other of this.#ports) {
      const hasMoved =
        other !== port &&
        other.receive === "PORT_DISABLED" &&
        other.partner.system === pdu.actor.system &&
        other.partner.port === pdu.actor.port;
      if (hasMoved) other.portMoved = true;
    }
  }

  #receiveMarker(port: PortRecord, frame: Uint8Array): LacpAction[] {
    const pdu = decodeMarker(frame);
    if (typeof pdu === "string") {
      port.counters.bad[pdu]++;
      return [];
    }
    if (pdu.type === "marker") return [{ type: "send", port: port.number, frame: answerMarker(port, pdu) }];
    if (!takeResponse(port, pdu)) return [];
    return [{ type: "marker-response", port: port.number, transactionId: pdu.transactionId }];
  }

  #pdu(port: PortRecord): Uint8Array {
    const version2 = this.#distribution && version2Of(port, this.#parts.get(port.number) as Part, this.#distribution);
    const { mac: source, actor, partner } = port;
    return encodeLacpdu({ version: this.#version, source, actor, partner, collectorMaxDelay: 0, version2 });
  }
}
