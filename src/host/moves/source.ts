/** The host that a VM leaves. */
import { ConfigError } from "../../errors.js";
import type { MoveAction } from "../../migrate/move/action.js";
import { MoveSource } from "../../migrate/move/source.js";
import type { MovingFrame } from "../../migrate/wire/frame.js";
import { adapterName, MovingAdapter } from "./adapter.js";
import type { MoveLink } from "./link.js";
import { Mover, type MoverHome } from "./mover.js";
import type { MoveRequest } from "./options.js";
import type { StateForm } from "./state.js";

export interface SourceSettings extends Pick<MoveRequest, "attachments" | "devices" | "limits"> {
  readonly name: string;
  readonly form: StateForm;
}

/** What a stopped VM has sent must have left by then; what has not is on an uplink that does not send. */
const DRAIN_MS = 20;
/** What was sent on is to have arrived by then, before the data plane sends on what still comes. */
const SENT_ON_MS = 20;

export class SourceMover extends Mover {
  readonly side = "source";
  readonly machine: MoveSource<MovingFrame>;
  #drainUntilMs: number | undefined;
  #hasGoneOn = false;

  /** Throws ConfigError. */
  constructor(home: MoverHome, link: MoveLink, settings: SourceSettings) {
    super(home, settings.name, link);
    const { attachments, devices = [], limits } = settings;
    this.devices = devices;
    this.adapters = attachments.map(
      (one) => new MovingAdapter(home.context.plane, one, home.stateOf(one, settings.form)),
    );
    this.records = attachments.flatMap(({ record }) => record ?? []);
    this.machine = machineOf(home, link.peer.name, { ...settings, limits: { chunkBytes: link.chunkBytes, ...limits } });
  }

  override get nextMs(): number | undefined {
    const next = super.nextMs;
    const isWatching = this.#isReleased && !this.isLeaving;
    if (this.#drainUntilMs === undefined && !isWatching) return next;
    return Math.min(next ?? Number.POSITIVE_INFINITY, this.home.context.now() + LOOK_MS);
  }

  protected performOwn(action: MoveAction<MovingFrame>): void {
    const nowMs = this.home.context.now();
    if (action.type === "read" || action.type === "extract") {
      this.#read(action.round, nowMs);
    } else if (action.type === "quiesce") {
      this.stop();
      this.#drainUntilMs = nowMs + DRAIN_MS;
      this.#drain(nowMs);
    }
  }

  protected settle(nowMs: number, isQuiet: boolean): void {
    this.#goOn();
    this.#drain(nowMs);
    if (this.#isReleased && !this.isLeaving && this.#hasSentOn(nowMs)) this.leave();
    if (!isQuiet || this.endedMs === undefined || !this.machine.isRunning || this.isPlain) return;
    this.isPlain = this.adapters.map((adapter) => adapter.settle()).every(Boolean);
  }

  /** The VM is the other's: guests of this host send there. */
  #goOn(): void {
    if (this.machine.step !== "lost" && this.machine.step !== "released") this.#hasGoneOn = false;
    else if (!this.#hasGoneOn) {
      this.#hasGoneOn = true;
      for (const { attachment } of this.adapters) this.home.residents.goOn(attachment, this.link.peer);
    }
  }

  get #isReleased(): boolean {
    return this.outcome === "moved" || this.outcome === "taken";
  }

  /** Senders of this host are told nothing: what they send goes by the machine, as many frames as it sends on, until the adapters are free. */
  #hasSentOn(nowMs: number): boolean {
    const [waiting] = this.machine.frames();
    return waiting === undefined || nowMs >= (this.endedMs ?? nowMs) + SENT_ON_MS;
  }

  #read(round: number, nowMs: number): void {
    try {
      const holders = [...this.adapters.map(({ state }) => state), ...this.devices];
      const sections = holders.flatMap((holder) => holder.read(round, nowMs));
      this.tell({ type: "sections", sections });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.tell({ type: "failed", reason: error.message });
    }
  }

  #drain(nowMs: number): void {
    if (this.#drainUntilMs === undefined) return;
    const hasDrained = nowMs >= this.#drainUntilMs || this.adapters.every((adapter) => adapter.hasDrained);
    if (!hasDrained) return;
    this.#drainUntilMs = undefined;
    this.tell({ type: "quiesced" });
  }
}

/** Throws ConfigError for what SourceMover would throw it for. */
export function checkSettings(home: MoverHome, to: string, settings: SourceSettings): void {
  for (const attachment of settings.attachments) home.stateOf(attachment, settings.form);
  machineOf(home, to, settings);
}

function machineOf(home: MoverHome, peer: string, settings: SourceSettings): MoveSource<MovingFrame> {
  const { name, attachments, devices = [], limits } = settings;
  const { context } = home;
  return new MoveSource<MovingFrame>({
    ...{ move: name, host: context.name, peer, digest: home.digest, leasedUntilMs: Math.max(0, home.leasedUntilMs()) },
    ...{ windowMessages: WINDOW_MESSAGES, roundsMin: 1, ...limits },
    adapters: [...attachments.map(adapterName), ...devices.map((device) => device.name)],
    generation: attachments[0]?.generation as number,
  });
}

/** Messages on their way: a datagram each, so many that a link's queue takes them. */
export const WINDOW_MESSAGES = 64;
/** While something is waited for that says nothing when it comes. */
const LOOK_MS = 0.05;
