/**
 * Delayed route update: a VTEP on each host, over an underlay that knows all of them, and BGP EVPN to say where the VM is (RFC 7432; RFC 8365
 * for VXLAN). A sender's VTEP sends to the old one until it has the new route. The old one drops what comes for a VM that is no
 * longer there, or, where it may, floods it to all others.
 */
import { earliest } from "../../earliest.js";
import { type Course, placeAt, STOP_MS } from "./course.js";
import type { MacRoutes } from "./mac-routes.js";
import { type BlackoutSettings, OUTER_BYTES } from "./options.js";
import type { Outcome } from "./outcome.js";
import type { PeerNetwork } from "./peer-network.js";
import { type RouteUpdate, routesTo, routeUpdates } from "./route-update.js";
import { Wire } from "./wire.js";

/** 192.0.2.1 and .2. */
const OLD_VTEP = 0xc0000201;
const NEW_VTEP = 0xc0000202;
const LOST = { fate: "lost", arrivesMs: undefined, deliveries: 0 } as const;

export class RoutedNetwork implements PeerNetwork {
  readonly #course: Course;
  readonly #settings: BlackoutSettings;
  readonly #outerBytes: number;
  /** Of each sender's VTEP. */
  readonly #routes: readonly MacRoutes[];
  readonly #updates: readonly RouteUpdate[];
  readonly #senderUp: readonly Wire[];
  readonly #oldUp: Wire;
  readonly #oldDown: Wire;
  readonly #newDown: Wire;
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(settings: BlackoutSettings, course: Course) {
    this.#course = course;
    this.#settings = settings;
    this.#outerBytes = settings.frameBytes + OUTER_BYTES;
    this.#updates = routeUpdates(settings, course, [OLD_VTEP, NEW_VTEP]);
    this.#routes = this.#updates.map(() => routesTo(OLD_VTEP));
    this.#senderUp = this.#updates.map(() => new Wire(settings));
    this.#oldUp = new Wire(settings);
    this.#oldDown = new Wire(settings);
    this.#newDown = new Wire(settings);
  }

  get nextMs(): number | undefined {
    const all = [STOP_MS, this.#course.resumeMs, ...this.#updates.map(({ atMs }) => atMs)];
    return earliest(all.filter((ms) => ms > this.#nowMs));
  }

  send(sender: number, nowMs: number): Outcome {
    this.#nowMs = nowMs;
    const routes = this.#routes[sender] as MacRoutes;
    const { atMs, route } = this.#updates[sender] as RouteUpdate;
    if (nowMs >= atMs) routes.learn(route);
    const atMiddleMs = (this.#senderUp[sender] as Wire).send(nowMs, this.#outerBytes);
    if (routes.best?.vtep === NEW_VTEP) return { ...this.#atNew(atMiddleMs), toOld: false, copies: 0 };
    return { ...this.#atOld(atMiddleMs), toOld: nowMs >= STOP_MS };
  }

  #atNew(atMiddleMs: number): Pick<Outcome, "fate" | "arrivesMs" | "deliveries"> {
    const arrivesMs = this.#newDown.send(atMiddleMs, this.#outerBytes);
    return placeAt(this.#course, arrivesMs) === "new" ? { fate: "there", arrivesMs, deliveries: 1 } : LOST;
  }

  #atOld(atMiddleMs: number): Omit<Outcome, "toOld"> {
    const atOldMs = this.#oldDown.send(atMiddleMs, this.#outerBytes);
    if (placeAt(this.#course, atOldMs) === "old") {
      return { fate: "here", arrivesMs: atOldMs, deliveries: 1, copies: 0 };
    }
    return this.#settings.oldVtep === "drop" ? { ...LOST, copies: 0 } : this.#flood(atOldMs);
  }

  /** To every VTEP but that of the sender: one of the copies is for the new one. */
  #flood(atOldMs: number): Omit<Outcome, "toOld"> {
    const copies = this.#settings.senders;
    let atMiddleMs = atOldMs;
    for (let copy = 0; copy < copies; copy++) atMiddleMs = this.#oldUp.send(atOldMs, this.#outerBytes);
    const arrived = this.#atNew(atMiddleMs);
    return { ...arrived, fate: arrived.fate === "there" ? "via" : "lost", copies };
  }
}
