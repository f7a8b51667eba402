/** What has become of a sender's frames, by their numbers, whatever the order in which they came. */
import type { Place } from "./course.js";
import type { Outcome } from "./outcome.js";

interface FrameRecord {
  toOld: boolean;
  wasToOld: boolean;
  place: Place | undefined;
  arrivesMs: number | undefined;
  deliveries: number;
}

export class FrameRecords {
  readonly #frames: FrameRecord[] = [];
  /** Frames at the end of what came to the new host that came without a gap, and not by way of the old one. */
  #clean = 0;
  #lastAtNew = -1;

  get sent(): number {
    return this.#frames.length;
  }

  get clean(): number {
    return this.#clean;
  }

  /** The next frame was sent. */
  send(): void {
    this.#frames.push({ toOld: false, wasToOld: false, place: undefined, arrivesMs: undefined, deliveries: 0 });
  }

  /** Its host has sent it to the old one, perhaps when the VM had stopped there. */
  sendToOld(number: number, isStopped: boolean): void {
    const frame = this.#frames[number];
    if (!frame) return;
    frame.wasToOld = true;
    frame.toOld ||= isStopped;
  }

  /** The VM gets it. */
  deliver(number: number, place: Place, nowMs: number): void {
    const frame = this.#frames[number];
    if (!frame) return;
    frame.deliveries++;
    frame.place ??= place;
    frame.arrivesMs ??= nowMs;
    if (place === "old") return;
    this.#clean = !frame.wasToOld && number === this.#lastAtNew + 1 ? this.#clean + 1 : 0;
    this.#lastAtNew = number;
  }

  outcomes(): Outcome[] {
    return this.#frames.map(({ place, wasToOld, toOld, ...rest }) => {
      const there = wasToOld ? "via" : "there";
      return { ...rest, fate: place === undefined ? "lost" : place === "old" ? "here" : there, toOld, copies: 0 };
    });
  }
}
