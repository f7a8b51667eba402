/** Frames from one endpoint to another, and what has become of them. */
import type { Guest } from "../guest.js";
import type { FlowText } from "../schema.js";

/** How frames are to arrive: as they are, not at all, unless limits refuse them, or through that waypoint. */
export type Expectation = "delivered" | "denied" | "limited" | { readonly via: Guest };

export class Stream {
  readonly label: string;
  readonly from: Guest;
  readonly to: Guest;
  readonly expect: Expectation;
  /** What made it, unless that was a capture. */
  readonly flow: FlowText | undefined;
  sent = 0;
  sentBytes = 0;
  /** Byte for byte. */
  identical = 0;
  altered = 0;
  /** Again. */
  duplicated = 0;
  /** Delivered behind a frame of the same flow that was sent later. */
  overtaken = 0;
  /** Delivered although they were to be denied. */
  leaked = 0;
  /** Talk about addresses, which the sender's host answers. */
  neighbours = 0;
  /** For many, in a network that does not flood. */
  unflooded = 0;
  /** Times that its sender's port had no room. */
  waits = 0;

  /** The last frame of each flow that was delivered. */
  readonly #last = new Map<number, number>();

  constructor(label: string, from: Guest, to: Guest, expect: Expectation, flow?: FlowText) {
    this.label = label;
    this.from = from;
    this.to = to;
    this.expect = expect;
    this.flow = flow;
  }

  /** The frame of that number is there, as it was sent. */
  arrived(flow: number, number: number): void {
    this.identical++;
    const last = this.#last.get(flow) ?? 0;
    if (number < last) this.overtaken++;
    else this.#last.set(flow, number);
  }

  /** Those that are to come out. */
  get expected(): number {
    return this.expect === "denied" ? 0 : this.sent - this.neighbours - this.unflooded;
  }

  get missing(): number {
    return this.expect === "limited" ? 0 : this.undelivered;
  }

  get undelivered(): number {
    return this.expected - this.identical - this.altered;
  }

  get counts() {
    const { sent, identical, altered, missing, duplicated, overtaken, neighbours, unflooded, waits } = this;
    return { sent, identical, altered, missing, duplicated, overtaken, neighbours, unflooded, waits };
  }
}
