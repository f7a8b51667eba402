/**
 * A VM that goes to another host under traffic, with its adapter's state or without. It sends from there, and counts as there, from when the
 * directory has agreed; what its old host still gets for it is sent on. Who sends where is read off the underlay.
 */

import { isSame } from "../overlay/answers/ethernet.js";
import type { Delivery, Guest } from "./guest.js";
import type { ScenarioHost } from "./hosts.js";
import type { Outer } from "./outer.js";
import { Passage } from "./passage.js";
import { isFor, type Watch } from "./wire.js";

export class Move {
  readonly guest: Guest;
  readonly from: ScenarioHost;
  readonly to: ScenarioHost;
  readonly gqpnBefore: number | undefined;
  readonly generationBefore: number | undefined;
  readonly startMs: number;
  liveMs: number | undefined;
  /** Frames sent to the old host after the directory knew the new one; of these, those of senders that had turned to the new one before. */
  late = 0;
  stale = 0;
  lastBeforeMs: number | undefined;
  firstAfterMs: number | undefined;
  readonly #turned = new Set<string>();
  /** By sender. */
  readonly #passages = new Map<string, Passage>();
  readonly #countersBefore: readonly Counters[];
  #countersAfter: readonly Counters[] | undefined;
  /** Its name, of a move with the adapter's state. */
  readonly #name: string | undefined;
  readonly #hosts: readonly ScenarioHost[];
  #after: { readonly gqpn: number | undefined; readonly generation: number | undefined } | undefined;

  /** Begins it. */
  constructor(guest: Guest, to: ScenarioHost, hosts: readonly ScenarioHost[], withState: boolean, nowMs: number) {
    this.guest = guest;
    this.from = hosts.find(({ name }) => name === guest.host) as ScenarioHost;
    this.to = to;
    this.startMs = nowMs;
    this.gqpnBefore = guest.attachment?.gqpn;
    this.generationBefore = guest.attachment?.generation;
    this.#hosts = hosts;
    this.#countersBefore = hosts.map(countersOf);
    if (withState) this.#name = guest.move(to.name, nowMs);
    else guest.attach(to.name, nowMs);
  }

  /** Another move of the same guest begins: what hosts count from now on is that one's. */
  close(): void {
    this.#countersAfter = this.#hosts.map(countersOf);
  }

  /** Whether it has come to its end, now. */
  settle(nowMs: number): void {
    if (this.liveMs !== undefined || !this.guest.settle()) return;
    this.liveMs = nowMs;
    this.#after = { gqpn: this.guest.attachment?.gqpn, generation: this.guest.attachment?.generation };
  }

  delivered({ guest, host }: Delivery, nowMs: number): void {
    if (guest !== this.guest || this.#countersAfter) return;
    if (host === this.from.name) this.lastBeforeMs = nowMs;
    else if (host === this.to.name) this.firstAfterMs ??= nowMs;
  }

  readonly watch: Watch = (outer, frame, sender) => {
    if (!this.#isForGuest(outer, frame)) return;
    if (isFor(outer, this.to.core.address)) this.#turn(sender.name, outer.psn);
    else if (isFor(outer, this.from.core.address)) {
      this.#passage(sender.name).old(outer.psn);
      if (this.guest.host !== this.to.name) return;
      this.late++;
      if (this.#turned.has(sender.name)) this.stale++;
    }
  };

  /** A sender sends to the new host. */
  #turn(sender: string, psn: number | undefined): void {
    this.#passage(sender).new(psn);
    this.#turned.add(sender);
  }

  #passage(sender: string): Passage {
    const passage = this.#passages.get(sender) ?? new Passage();
    this.#passages.set(sender, passage);
    return passage;
  }

  /** From the last frame that it was given there to the first that it was given here; 0 where these overlap. */
  get blackoutMs(): number | undefined {
    if (this.lastBeforeMs === undefined || this.firstAfterMs === undefined) return undefined;
    return Math.max(0, this.firstAfterMs - this.lastBeforeMs);
  }

  get report() {
    const { guest, from, to, startMs, liveMs, late, stale, blackoutMs } = this;
    const after = this.#countersAfter ?? this.#hosts.map(countersOf);
    const grown = (key: keyof Counters) =>
      after.reduce((sum, counters, i) => sum + counters[key] - (this.#countersBefore[i]?.[key] ?? 0), 0);
    return {
      ...{ endpoint: guest.name, from: from.name, to: to.name, startMs, liveMs, blackoutMs },
      gqpn: { before: this.gqpnBefore, after: this.#after?.gqpn },
      generation: { before: this.generationBefore, after: this.#after?.generation },
      state: this.#state,
      /** Packet sequence numbers of what senders sent to the old host last, and to the new one first. */
      passages: [...this.#passages].flatMap(([sender, { last, first }]) => {
        return last === undefined || first === undefined ? [] : [{ sender, last, first }];
      }),
      /** Given to it on the two, all in all. */
      framesThere: guest.given.get(from.name) ?? 0,
      framesHere: guest.given.get(to.name) ?? 0,
      /** To the old host after the directory knew better; of senders that had turned already. */
      sentToOldHost: late,
      stale,
      /** By the old host to the new one; by senders that were told. */
      sentOn: grown("sentOn"),
      sentAgain: grown("resent"),
      movedMessages: grown("told"),
    };
  }

  /** What has gone with it; undefined without state. */
  get #state() {
    const [source, target] = [this.from, this.to].map(({ core }) => core.moves.find(({ name }) => name === this.#name));
    if (!source) return undefined;
    const { outcome, reason, stoppedMs, copied } = source;
    const resumedMs = target?.resumedMs;
    const standsMs = stoppedMs === undefined || resumedMs === undefined ? undefined : resumedMs - stoppedMs;
    const bytes = copied === undefined ? 0 : copied.preCopyBytes + copied.stopCopyBytes;
    const heldFrames = source.machine.counters.heldFrames + (target?.machine.counters.heldFrames ?? 0);
    const { forwardedFrames } = source.machine.counters;
    const differing = target?.differing ?? [];
    return { differing, outcome, reason, standsMs, bytes, rounds: copied?.rounds ?? 0, heldFrames, forwardedFrames };
  }

  #isForGuest({ gqpn, vni, headerBytes }: Outer, frame: Uint8Array): boolean {
    if (gqpn !== undefined) return gqpn === this.gqpnBefore;
    return vni === this.guest.vni && isSame(frame.subarray(headerBytes, headerBytes + 6), this.guest.mac);
  }
}

type Counters = ReturnType<typeof countersOf>;

function countersOf({ core }: ScenarioHost) {
  const { forwardedFrames, resentFrames, movedMessages } = core.counters;
  return { sentOn: forwardedFrames, resent: resentFrames, told: movedMessages };
}
