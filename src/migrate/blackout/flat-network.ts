/**
 * Flood and learn: all hosts on one bridge in the network's middle. It knows where the VM was heard last, and sends there, whether the
 * VM is still there or not; it learns otherwise when the VM is heard at the new host, or floods when what it knows has aged.
 */
import { earliest } from "../../earliest.js";
import type { Random } from "../../sim/random.js";
import { type BridgedFrame, LearningBridge } from "./bridge.js";
import { type Course, type Place, placeAt, STOP_MS } from "./course.js";
import type { BlackoutSettings } from "./options.js";
import type { Outcome } from "./outcome.js";
import type { PeerNetwork } from "./peer-network.js";
import { AnnouncementVoice, chorus, type Utterance, VmVoice } from "./voice.js";
import { Wire } from "./wire.js";

/** Numbers that stand for MAC addresses: the VM's, and from 2 on the senders'. */
const VM_MAC = 1;
const SENDER_MAC = 2;
const BROADCAST = 0xffff_ffff_ffff;
/** Ethernet's shortest frame without FCS: what the VM says is no longer. */
const SPOKEN_BYTES = 60;

/** The bridge's ports: one for each host, senders from 2 on. */
const PORT = { old: 0, new: 1, sender: 2 } as const;

export class FlatNetwork implements PeerNetwork {
  readonly #course: Course;
  readonly #settings: BlackoutSettings;
  readonly #bridge: LearningBridge;
  readonly #voice: Pick<VmVoice, "nextMs" | "take">;
  readonly #losses: Random;
  /** By port, to the bridge and from it. */
  readonly #up: readonly Wire[];
  readonly #down: readonly Wire[];
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(settings: BlackoutSettings, course: Course, hasAnnouncements: boolean) {
    const ports = PORT.sender + settings.senders;
    this.#course = course;
    this.#settings = settings;
    this.#bridge = new LearningBridge(ports, settings);
    const voice = new VmVoice(course);
    this.#voice = hasAnnouncements ? chorus([voice, new AnnouncementVoice(course)]) : voice;
    this.#losses = course.random("announcements");
    this.#up = Array.from({ length: ports }, () => new Wire(settings));
    this.#down = Array.from({ length: ports }, () => new Wire(settings));
  }

  get nextMs(): number | undefined {
    const { resumeMs } = this.#course;
    return earliest([this.#voice.nextMs, this.#bridge.agesMs(VM_MAC), resumeMs > this.#nowMs ? resumeMs : undefined]);
  }

  send(sender: number, nowMs: number): Outcome {
    this.#nowMs = nowMs;
    const { frameBytes } = this.#settings;
    const port = PORT.sender + sender;
    const atBridgeMs = (this.#up[port] as Wire).send(nowMs, frameBytes);
    this.#listen(atBridgeMs);
    const frame = { src: SENDER_MAC + sender, dst: VM_MAC };
    const ports = this.#bridge.receive(frame, port, atBridgeMs);
    const arrivalsMs = ports.map((to) => (this.#down[to] as Wire).send(atBridgeMs, frameBytes));
    const got = arrivalsMs.filter((ms, i) => {
      const place = placeAt(this.#course, ms);
      return place !== undefined && PORT[place] === ports[i];
    });
    const place = got[0] === undefined ? undefined : (placeAt(this.#course, got[0]) as Place);
    const isFlooded = ports.length > 1;
    return {
      fate: place === undefined ? "lost" : place === "old" ? "here" : "there",
      arrivesMs: got[0],
      deliveries: got.length,
      toOld: !isFlooded && ports[0] === PORT.old && nowMs >= STOP_MS,
      copies: ports.length - 1,
    };
  }

  /** What the bridge has heard of the VM by a time. */
  #listen(nowMs: number): void {
    const delayMs = this.#settings.linkDelayMs;
    for (const said of this.#voice.take(nowMs - delayMs)) this.#hear(said);
  }

  #hear({ atMs, from, isAnnouncement }: Utterance): void {
    const arrivesMs = (this.#up[PORT[from]] as Wire).send(atMs, SPOKEN_BYTES);
    if (isAnnouncement && this.#losses.unit() < this.#settings.announceLoss) return;
    const frame: BridgedFrame = { src: VM_MAC, dst: isAnnouncement ? BROADCAST : SENDER_MAC };
    this.#bridge.receive(frame, PORT[from], arrivesMs);
  }
}
