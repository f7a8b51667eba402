/** When the VM is heard: by what it sends itself, and by announcements in its name. */
import { earliest } from "../../earliest.js";
import { Announcer } from "../move/announcer.js";
import { type Course, type Place, STOP_MS, type Stream } from "./course.js";

/** As the other models know it, too. */
export const VM = { mac: "02:00:00:00:ff:01", ip: "10.0.255.1" } as const;

/** A frame of the VM's, or in its name. */
export interface Utterance {
  readonly atMs: number;
  readonly from: Place;
  readonly isAnnouncement: boolean;
}

/** What the VM sends: until its stop from the old host, from its resume on from the new one. */
export class VmVoice {
  readonly #before: Stream;
  readonly #after: Stream | undefined;
  #said = 0;
  #saidAfter = 0;

  constructor({ said }: Course) {
    this.#before = said.before;
    this.#after = said.after;
  }

  get nextMs(): number | undefined {
    const beforeMs = timeOf(this.#before, this.#said);
    if (beforeMs < STOP_MS) return beforeMs;
    return this.#after && timeOf(this.#after, this.#saidAfter);
  }

  /** What is said by a time, in order. */
  take(nowMs: number): Utterance[] {
    const all: Utterance[] = [];
    for (let atMs = this.nextMs; atMs !== undefined && atMs <= nowMs; atMs = this.nextMs) {
      const isBefore = atMs < STOP_MS;
      if (isBefore) this.#said++;
      else this.#saidAfter++;
      all.push({ atMs, from: isBefore ? "old" : "new", isAnnouncement: false });
    }
    return all;
  }
}

/** Announcements by the new host when the VM resumes: each round a reverse ARP and a gratuitous ARP. */
export class AnnouncementVoice {
  readonly #announcer: Announcer;
  readonly #originMs: number;

  constructor({ resumeMs }: Course) {
    this.#originMs = resumeMs;
    this.#announcer = new Announcer({ mac: VM.mac, ips: [VM.ip] }, 0);
  }

  get nextMs(): number | undefined {
    const { nextMs } = this.#announcer;
    return nextMs === undefined ? undefined : this.#originMs + nextMs;
  }

  take(nowMs: number): Utterance[] {
    const all: Utterance[] = [];
    for (let atMs = this.nextMs; atMs !== undefined && atMs <= nowMs; atMs = this.nextMs) {
      const at = atMs;
      for (const _ of this.#announcer.tick(at - this.#originMs)) {
        all.push({ atMs: at, from: "new", isAnnouncement: true });
      }
    }
    return all;
  }
}

type Voice = Pick<VmVoice, "nextMs" | "take">;

/** Several together, in order of time. */
export function chorus(voices: readonly Voice[]): Voice {
  return {
    get nextMs() {
      return earliest(voices.map(({ nextMs }) => nextMs));
    },
    take: (nowMs) => voices.flatMap((voice) => voice.take(nowMs)).sort((a, b) => a.atMs - b.atMs),
  };
}

function timeOf({ firstMs, periodMs }: Stream, n: number): number {
  return firstMs + n * periodMs;
}
