/**
 * The VM that moves in the fabric. It stops reading its port on the old host; what comes for it waits in its queue there, and is part of its
 * state. When the new host has been attached and the old one has let go, those frames go over, and the VM takes them before what has
 * come to its new port by itself.
 */
import type { Port } from "../../buffer/port.js";
import type { Attachment } from "../../host/attachment.js";
import type { Guest } from "./bench-host.js";
import { type Course, STOP_MS } from "./course.js";
import type { Stand } from "./directory-world.js";
import type { FrameRecords } from "./frame-records.js";
import { type BlackoutSettings, OUTER_BYTES } from "./options.js";
import { numbersOf } from "./stream-frame.js";
import { PROBE } from "./stream-guest.js";
import { VmVoice } from "./voice.js";
import { Wire } from "./wire.js";

interface Numbered {
  readonly sender: number;
  readonly number: number;
}

export class MovingVm {
  /** Where it is attached, and will be. */
  old: Attachment | undefined;
  new: Attachment | undefined;
  /** Probes that it has had. */
  probes = 0;
  readonly #settings: BlackoutSettings;
  readonly #records: readonly FrameRecords[];
  readonly #spoken: Uint8Array;
  readonly #wakeAt: (ms: number) => void;
  readonly #voice: VmVoice;
  #isSilent = true;
  #originMs = Number.POSITIVE_INFINITY;
  /** What waited on the old host, once that has let go. */
  #carried: Numbered[] | undefined;
  #carriedMs = 0;
  /** From then on it reads its new port. */
  #readsMs = Number.POSITIVE_INFINITY;

  /** Spoken is the frame that it sends; wakeAt has the hosts work at a time. */
  constructor(
    settings: BlackoutSettings,
    course: Course,
    records: readonly FrameRecords[],
    spoken: Uint8Array,
    wakeAt: (ms: number) => void,
  ) {
    this.#settings = settings;
    this.#records = records;
    this.#spoken = spoken;
    this.#wakeAt = wakeAt;
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

  atOld({ vnic }: Stand): Guest {
    const vm = this;
    return {
      get nextMs() {
        return vm.#speaksMs((ms) => ms < STOP_MS);
      },
      send: (nowMs) => vm.#speak(vnic, nowMs, (ms) => ms < STOP_MS),
      take: (nowMs) => {
        if (nowMs - vm.#originMs < STOP_MS) {
          for (const frame of takeAll(vnic)) vm.#deliver(frame, "old", nowMs);
        } else if (vm.old?.state === "moved" && !vm.#carried) vm.#carry(vnic, nowMs);
      },
    };
  }

  atNew({ vnic }: Stand): Guest {
    const vm = this;
    const isMine = (ms: number) => ms >= STOP_MS && vm.new?.state === "live";
    return {
      get nextMs() {
        return vm.#speaksMs(isMine);
      },
      send: (nowMs) => vm.#speak(vnic, nowMs, isMine),
      take: (nowMs) => {
        if (vm.#carried && vm.new?.state === "live") vm.#deliverCarried(nowMs);
        if (nowMs >= vm.#readsMs) for (const frame of takeAll(vnic)) vm.#deliver(frame, "new", nowMs);
      },
    };
  }

  /** The old host has let go: what waited goes over the links between the two. */
  #carry(vnic: Port, nowMs: number): void {
    this.#carried = takeAll(vnic);
    this.#carriedMs = nowMs;
    this.#wakeAt(nowMs);
  }

  #deliverCarried(nowMs: number): void {
    if (this.#readsMs !== Number.POSITIVE_INFINITY) return;
    const [up, down] = [new Wire(this.#settings), new Wire(this.#settings)];
    this.#readsMs = nowMs;
    for (const frame of this.#carried ?? []) {
      const bytes = this.#settings.frameBytes + OUTER_BYTES;
      const arrivesMs = Math.max(nowMs, down.send(up.send(this.#carriedMs, bytes), bytes));
      this.#records[frame.sender]?.passOld(frame.number);
      this.#deliver(frame, "new", arrivesMs);
      this.#readsMs = arrivesMs;
    }
    this.#wakeAt(this.#readsMs);
  }

  #deliver({ sender, number }: Numbered, place: "old" | "new", nowMs: number): void {
    if (number === PROBE) this.probes++;
    else this.#records[sender]?.deliver(number, place, nowMs - this.#originMs);
  }

  #speaksMs(isMine: (ms: number) => boolean): number | undefined {
    const { nextMs } = this.#voice;
    if (this.#isSilent || nextMs === undefined || !isMine(nextMs)) return undefined;
    return this.#originMs + nextMs;
  }

  #speak(vnic: Port, nowMs: number, isMine: (ms: number) => boolean): void {
    const dueMs = this.#speaksMs(isMine);
    if (dueMs === undefined || dueMs > nowMs) return;
    // By its own time: what the origin was added to need not come out again.
    this.#voice.take(this.#voice.nextMs as number);
    vnic.receive(this.#spoken);
  }
}

function takeAll(vnic: Port): Numbered[] {
  const all: Numbered[] = [];
  for (let frames = vnic.takeBurst(); frames.length > 0; frames = vnic.takeBurst()) {
    for (const { spans } of frames) all.push(numbersOf(spans[0] as Uint8Array));
    vnic.complete(frames);
  }
  return all;
}
