/**
 * The underlay: a cable between the uplinks of the same number, and those that are pulled for a while. A link is taken out of service
 * before its cable is pulled, and what it has already taken still arrives: as in maintenance, nothing is lost.
 */
import { Loopback, type Tap } from "../index.js";
import type { Host } from "./hosts.js";
import type { Scenario } from "./schema.js";

export class Cables {
  readonly #hosts: readonly Host[];
  readonly #cables: readonly Loopback[];
  readonly #pulls: readonly { readonly cable: number; readonly fromFrame: number; readonly toFrame: number }[];
  readonly #down = new Set<number>();
  #nowMs = 0;

  constructor({ linkDown, hosts: texts }: Scenario, hosts: ReadonlyMap<string, Host>, tap: Tap) {
    const [left, right] = [...hosts.values()] as [Host, Host];
    this.#hosts = [left, right];
    this.#cables = left.uplinks.map((uplink, i) => new Loopback(uplink, right.uplinks[i] as typeof uplink, tap));
    this.#pulls = linkDown.map(({ host, uplink, fromFrame, toFrame }) => {
      return { cable: texts[host]?.uplinks?.indexOf(uplink) ?? 0, fromFrame, toFrame };
    });
  }

  /** Moves what can be moved, now that so many frames have been sent; returns how many. */
  pump(framesSent: number): number {
    this.#nowMs++;
    for (const { group } of this.#hosts) group?.tick(this.#nowMs);
    let moved = this.#cables.reduce((sum, cable, i) => sum + (this.#down.has(i) ? 0 : cable.pump()), 0);
    for (const i of this.#cables.keys()) moved += this.#setDown(i, this.#isPulled(i, framesSent));
    return moved;
  }

  #isPulled(cable: number, framesSent: number): boolean {
    return this.#pulls.some(
      (pull) => pull.cable === cable && pull.fromFrame <= framesSent && framesSent < pull.toFrame,
    );
  }

  /** Returns the frames that were still on the cable. */
  #setDown(cable: number, isDown: boolean): number {
    if (this.#down.has(cable) === isDown) return 0;
    for (const { group, uplinks } of this.#hosts) {
      const port = uplinks[cable];
      if (port) group?.link(port, !isDown, this.#nowMs);
    }
    if (!isDown) {
      this.#down.delete(cable);
      return 0;
    }
    this.#down.add(cable);
    let moved = 0;
    for (let burst = 1; burst > 0; moved += burst) burst = (this.#cables[cable] as Loopback).pump();
    return moved;
  }
}
