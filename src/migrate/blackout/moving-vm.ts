/**
 * The VM that moves in the fabric. From its stop on it reads its port on the old host no more: what comes for it waits in its queue there, and
 * is state of its adapter, which the move brings to the new host. It goes on when it lives there and the rest of its own state is there, too.
 */
import type { Attachment } from "../../host/attachment.js";
import type { Guest } from "./bench-host.js";
import type { Course, Place } from "./course.js";
import type { Stand } from "./directory-world.js";
import type { FrameRecords } from "./frame-records.js";
import { numbersOf } from "./stream-frame.js";
import { PROBE } from "./stream-guest.js";
import { VmVoice } from "./voice.js";

export class MovingVm {
  /** Probes that it has had. */
  probes = 0;
  /** Where its own state is; undefined while that goes over. */
  place: Place | undefined = "old";
  readonly #records: readonly FrameRecords[];
  readonly #spoken: Uint8Array;
  readonly #voice: VmVoice;
  #isSilent = true;
  #originMs = Number.POSITIVE_INFINITY;

  /** Spoken is the frame that it sends. */
  constructor(course: Course, records: readonly FrameRecords[], spoken: Uint8Array) {
    this.#records = records;
    this.#spoken = spoken;
    this.#voice = new VmVoice(course);
  }

  /** The fabric's time of the bench's time 0 is known. */
  begin(originMs: number): void {
    this.#originMs = originMs;
    this.#isSilent = false;
  }

  /** It says nothing more. */
  end(): void {
    this.#isSilent = true;
  }

  /** What it does at its port on either host. */
  at(place: Place, { core, vnic }: Stand): Guest {
    const vm = this;
    const isHere = () => vm.place === place && isLive(core.attachments);
    return {
      get nextMs() {
        return isHere() ? vm.#speaksMs : undefined;
      },
      send: (nowMs) => {
        const dueMs = vm.#speaksMs;
        if (!isHere() || dueMs === undefined || dueMs > nowMs) return;
        // By its own time: what the origin was added to need not come out again.
        vm.#voice.take(vm.#voice.nextMs as number);
        vnic.receive(vm.#spoken);
      },
      take: (nowMs) => {
        if (!isHere()) return;
        for (let frames = vnic.takeBurst(); frames.length > 0; frames = vnic.takeBurst()) {
          for (const { spans } of frames) vm.#deliver(spans[0] as Uint8Array, place, nowMs);
          vnic.complete(frames);
        }
      },
    };
  }

  #deliver(frame: Uint8Array, place: Place, nowMs: number): void {
    const { sender, number } = numbersOf(frame);
    if (number === PROBE) this.probes++;
    else this.#records[sender]?.deliver(number, place, nowMs - this.#originMs);
  }

  get #speaksMs(): number | undefined {
    const { nextMs } = this.#voice;
    return this.#isSilent || nextMs === undefined ? undefined : this.#originMs + nextMs;
  }
}

function isLive([vm]: readonly Attachment[]): boolean {
  return vm?.state === "live";
}
