/** One adapter of a VM on the move, as its host has it: stopped, running with what comes for it diverted, or as any other. */
import type { Section } from "../../migrate/move/section.js";
import type { MovingFrame } from "../../migrate/wire/frame.js";
import type { PlaneVnic } from "../../overlay/plane/plane.js";
import type { Attachment } from "../attachment.js";
import type { HostPlane } from "../plane.js";

/** What an adapter holds, for whoever takes it to another host. */
export interface AdapterState {
  /** All sections, with the round in which each was last seen to change. */
  read(round: number, nowMs: number): Section[];
  /** Writes sections into the adapter, which holds nothing; why it takes none of them, or undefined. */
  insert(sections: readonly Section[], nowMs: number): string | undefined;
  /** Sections that read back otherwise than they were inserted. */
  readonly differing: readonly string[];
  /** Looks up whom an earlier round's sections speak of, so that they are known when the adapter runs. */
  warm(sections: readonly Section[], nowMs: number): void;
  /** All frames in order, which the adapter holds no longer. */
  surrender(): MovingFrame[];
  /** Lets go of all that it holds. */
  clear(): void;
}

export class MovingAdapter {
  readonly name: string;
  readonly attachment: Attachment;
  readonly state: AdapterState;
  readonly #plane: HostPlane;
  /** Frames that found no room: for the guest, and of the guest's. */
  #toGuest: MovingFrame[] = [];
  #fromGuest: MovingFrame[] = [];

  constructor(plane: HostPlane, attachment: Attachment, state: AdapterState) {
    this.#plane = plane;
    this.attachment = attachment;
    this.state = state;
    this.name = adapterName(attachment);
  }

  /** Nothing of it changes any more but by this machine. */
  stop(): void {
    this.#vnic.port.halt(true);
    this.#plane.mark(this.#vnic, { diverted: true, paused: true });
  }

  /** It runs, and what comes for it goes by the control plane first. */
  run(): void {
    this.#vnic.port.halt(false);
    this.#plane.mark(this.#vnic, { diverted: true, paused: false });
  }

  /** It runs as any other, if nothing waits that came before. */
  settle(): boolean {
    if (!this.pump()) return false;
    this.#plane.mark(this.#vnic, { diverted: false, paused: false });
    return true;
  }

  /** All that its guest has sent has left this host. */
  get hasDrained(): boolean {
    return this.#plane.hasLeft(this.#vnic.port);
  }

  deliver(frame: MovingFrame): void {
    (frame.isSent ? this.#fromGuest : this.#toGuest).push(frame);
    this.pump();
  }

  /** Frames have found no room yet. */
  get isWaiting(): boolean {
    return this.#toGuest.length + this.#fromGuest.length > 0;
  }

  /** Frames for its guest that wait for room in its queue. */
  get waitingFrames(): number {
    return this.#toGuest.length;
  }

  /** Gives on what waits, in order; false when some is left for want of room. */
  pump(): boolean {
    if (!this.isWaiting) return true;
    const { port } = this.#vnic;
    const given = this.#toGuest.findIndex((frame) => !this.#plane.give(this.#vnic, frame));
    if (given !== 0) this.#toGuest = given < 0 ? [] : this.#toGuest.slice(given);
    if (this.#fromGuest.length > 0) this.#fromGuest = this.#fromGuest.slice(port.receiveBurst(this.#fromGuest));
    return !this.isWaiting;
  }

  /** What waits here, behind what the adapter holds. */
  takeWaiting(): MovingFrame[] {
    const frames = [...this.#fromGuest, ...this.#toGuest];
    this.#fromGuest = [];
    this.#toGuest = [];
    return frames;
  }

  get #vnic(): PlaneVnic {
    return this.attachment.plane as PlaneVnic;
  }
}

/** An endpoint's. */
export interface Identity {
  readonly vni: number;
  readonly mac: string;
}

/** By which both hosts know an adapter: its endpoint's identity. */
export function adapterName({ vni, mac }: Identity): string {
  return `${vni}/${mac}`;
}

/** The identity in an adapter's name; undefined for another text. */
export function identityIn(name: string): Identity | undefined {
  const [, vni, mac] = /^(0|[1-9]\d{0,7})\/([0-9a-f]{2}(?::[0-9a-f]{2}){5})$/.exec(name) ?? [];
  return vni === undefined || mac === undefined ? undefined : { vni: Number(vni), mac };
}
