/**
 * A move on one of its two hosts: what happens is told to its machine (migrate/move/), and what that wants is done to adapters, directory
 * and the other host. source.ts and target.ts have what is one side's alone.
 */
import type { EndpointRecord, Resolution } from "../../directory/records.js";
import { earliest } from "../../earliest.js";
import type { MovingDevice } from "../../migrate/device.js";
import type { MoveAction, MoveEvent, MoveOutcome } from "../../migrate/move/action.js";
import { Announcer } from "../../migrate/move/announcer.js";
import type { CopyReport } from "../../migrate/move/copy.js";
import type { Arrival, MovePacket } from "../../migrate/move/message.js";
import type { DirectoryRequest, Start } from "../../migrate/move/ownership.js";
import type { DigestFunction } from "../../migrate/move/section.js";
import type { MoveSource } from "../../migrate/move/source.js";
import type { MoveTarget } from "../../migrate/move/target.js";
import type { MovingFrame } from "../../migrate/wire/frame.js";
import { macText } from "../../overlay/address.js";
import type { Attachment } from "../attachment.js";
import type { HostContext } from "../context.js";
import type { AttachOptions } from "../options.js";
import type { Residents } from "../residents.js";
import { type AdapterState, adapterName, type MovingAdapter } from "./adapter.js";
import type { MoveLink } from "./link.js";
import type { HostMove } from "./options.js";
import { ask, insist, type Owned, publishOthers, recordFor } from "./questions.js";
import type { StateForm } from "./state.js";

/** What a move needs of its host. */
export interface MoverHome {
  readonly context: HostContext;
  readonly residents: Residents;
  leasedUntilMs(): number;
  stateOf(attachment: Attachment, form: StateForm): AdapterState;
  readonly digest: DigestFunction;
  /** Throws ConfigError for what attach would. */
  checkPlace(options: AttachOptions): void;
  /** Gives a frame to the adapter of that name, by whatever move has it now. */
  pass(frame: MovingFrame, from: Mover): void;
  /** Whoever sent to a VM that is not here any more is told. */
  tellSender(adapter: MovingAdapter, senderMac: string): void;
}

type Event = MoveEvent<MovingFrame>;
type Action = MoveAction<MovingFrame>;
type Machine = MoveSource<MovingFrame> | MoveTarget<MovingFrame>;

/** Frames that wait for room are looked at again after so long. */
const ROOM_MS = 0.1;
const MAC_OFFSET_SOURCE = 6;

export abstract class Mover implements Owned, HostMove {
  readonly name: string;
  readonly link: MoveLink;
  protected readonly home: MoverHome;
  protected readonly announcers: { readonly adapter: MovingAdapter; readonly announcer: Announcer }[] = [];
  abstract readonly side: "source" | "target";
  abstract readonly machine: Machine;
  adapters: readonly MovingAdapter[] = [];
  /** The VM's adapters that are no ports of the host. */
  devices: readonly MovingDevice[] = [];
  /** What the directory has, or is to have, of each adapter. */
  records: readonly EndpointRecord[] = [];
  outcome: MoveOutcome | undefined;
  reason = "";
  /** When the VM stopped here last, and when it began to run here. */
  stoppedMs: number | undefined;
  resumedMs: number | undefined;
  /** When it ended. */
  endedMs: number | undefined;
  /** The adapters are as any others: what comes for them does not come by here. */
  protected isPlain = true;
  /** Of those that leave, where the directory has them. */
  #leaving: Map<MovingAdapter, Resolution | undefined> | undefined;
  #told: Event[] = [];
  #isTelling = false;

  protected constructor(home: MoverHome, name: string, link: MoveLink) {
    this.home = home;
    this.name = name;
    this.link = link;
  }

  /** Its VM. */
  get partition(): string | undefined {
    return this.records[0]?.partition;
  }

  get host(): string {
    return this.home.context.name;
  }

  /** What becomes of the adapters, and of frames that come by the control plane, is this move's to say. */
  get isInCharge(): boolean {
    return this.adapters.length > 0 && !(this.isPlain && this.machine.isOver);
  }

  get nextMs(): number | undefined {
    const now = this.home.context.now();
    const isWaiting = this.link.isWaiting || this.adapters.some((adapter) => adapter.isWaiting);
    const isLeaving = this.#leaving !== undefined && this.#leaving.size > 0;
    const announcements = this.announcers.map(({ adapter, announcer }) =>
      adapter.attachment.state === "live" ? announcer.nextMs : undefined,
    );
    return earliest([this.machine.nextMs, isWaiting || isLeaving ? now + ROOM_MS : undefined, ...announcements]);
  }

  has(attachment: Attachment): boolean {
    return this.adapters.some((adapter) => adapter.attachment === attachment);
  }

  take(packet: MovePacket<MovingFrame>): void {
    this.tell({ type: "packet", packet });
  }

  /** Its guest does not take its frames: as many wait for room in its queue as may. */
  isFull(attachment: Attachment): boolean {
    const adapter = this.adapters.find((one) => one.attachment === attachment);
    return adapter !== undefined && adapter.waitingFrames >= this.machine.holdMax;
  }

  /** A frame for the VM has come to this host. */
  arrive(frame: MovingFrame): void {
    const sender = macText(frame.data.subarray(MAC_OFFSET_SOURCE, MAC_OFFSET_SOURCE + 6));
    this.tell({ type: "frame", frame, sender: `${frame.adapter} ${sender}` });
  }

  /** What is due now. */
  step(isQuiet: boolean): void {
    const nowMs = this.home.context.now();
    this.link.pump();
    for (const adapter of this.adapters) adapter.pump();
    if ((this.machine.nextMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.tell({ type: "tick" });
    for (const { adapter, announcer } of this.announcers) {
      // One that has gone since is announced where it is, and its port is another's.
      if (adapter.attachment.state !== "live") continue;
      for (const data of announcer.tick(nowMs)) adapter.attachment.vnic.receive(data);
    }
    this.settle(nowMs, isQuiet);
    if (isQuiet) this.#letGo();
  }

  /** Tells the machine, and does what it wants, in order; what that brings is told when all is done. */
  tell(event: Event): void {
    this.#told.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#told.shift(); next; next = this.#told.shift()) {
        for (const action of this.machine.handle(next, this.home.context.now())) this.#perform(action);
      }
    } finally {
      this.#isTelling = false;
      this.#told = [];
    }
  }

  /** Whether adapters can be as any others again: not while frames for them wait to be taken. */
  protected abstract settle(nowMs: number, isQuiet: boolean): void;
  protected abstract performOwn(action: Action): void;
  /** A claim for this host goes to the directory. */
  protected claiming(_generation: number): void {}

  /** Sections that read back otherwise than they were inserted, as "adapter: section"; none of a VM that has left. */
  get differing(): readonly string[] {
    const holders = [
      ...this.adapters.map(({ name, state }) => ({ name, differing: state.differing })),
      ...this.devices,
    ];
    return holders.flatMap(({ name, differing }) => differing.map((section) => `${name}: ${section}`));
  }

  /** What has been sent to the other host. */
  get copied(): CopyReport | undefined {
    return "copied" in this.machine ? this.machine.copied : undefined;
  }

  /** A frame is for the guest now. */
  protected deliver(frame: MovingFrame): void {
    this.home.pass(frame, this);
  }

  protected stop(): void {
    this.stoppedMs = this.home.context.now();
    this.isPlain = false;
    for (const adapter of this.adapters) {
      adapter.stop();
      adapter.attachment.enter("moving");
    }
    for (const device of this.devices) device.stop();
  }

  /** The VM runs here from now on, and what comes for it goes by the machine first. */
  #resume(start: Start): void {
    this.resumedMs = this.home.context.now();
    this.isPlain = false;
    this.#own(this.machine.owner.generation, start);
    if (start === "blank")
      for (const holder of [...this.adapters.map(({ state }) => state), ...this.devices]) holder.clear();
    for (const [i, { attachment }] of this.adapters.entries()) {
      this.home.residents.goLive(attachment, this.records[i] as EndpointRecord);
    }
    for (const adapter of this.adapters) adapter.run();
    for (const device of this.devices) device.start();
  }

  protected adapterOf({ adapter }: MovingFrame): MovingAdapter | undefined {
    return this.adapters.find(({ name }) => name === adapter);
  }

  /** The records by which this host has the VM: all with a generation that exceeds what was. */
  #own(generation: number, start: Start): void {
    this.records = this.records.map((record, i) => {
      const isOwn = record.host === this.host;
      const above = isOwn ? record.generation : Math.max(generation, record.generation + 1);
      return recordFor(record, this.host, i === 0 ? generation : above, start);
    });
  }

  #perform(action: Action): void {
    const { context } = this.home;
    switch (action.type) {
      case "state":
        context.tell({
          type: "moving",
          move: this.name,
          partition: this.partition ?? "",
          side: this.side,
          state: action.to,
        });
        break;
      case "send":
        this.link.send(action.packet);
        break;
      case "ask":
        this.#ask(action.question);
        break;
      case "freeze":
        this.stop();
        break;
      case "resume":
        this.#resume(action.start);
        break;
      case "surrender":
        this.#surrender();
        break;
      case "publish":
        this.#publish(action.generation);
        break;
      case "announce":
        this.#announce();
        break;
      case "deliver":
        this.deliver(action.frame);
        break;
      case "forward":
      case "moved":
        this.#tellSender(action);
        break;
      case "hold":
        break;
      case "ended":
        this.#end(action.outcome, action.reason);
        break;
      default:
        this.performOwn(action);
    }
  }

  #ask(question: DirectoryRequest): void {
    if (question.kind === "claim") this.claiming(question.claim.generation);
    ask(this.home.context.requests, this, question, (answer) => this.tell({ type: "answer", answer }));
  }

  #surrender(): void {
    const arrivals = this.adapters.flatMap((adapter) => {
      const frames = [...adapter.state.surrender(), ...adapter.takeWaiting()];
      return frames.map((frame): Arrival<MovingFrame> => ({ frame, sender: `${adapter.name} of ${this.host}` }));
    });
    this.tell({ type: "surrendered", arrivals });
  }

  #publish(generation: number): void {
    const others = this.records.slice(1).map((record) => {
      return { ...record, generation: Math.max(generation, record.generation) };
    });
    publishOthers(
      this.home.context,
      others,
      () => this.machine.isRunning,
      (published) => {
        for (const record of published) this.#published(record);
        this.tell({ type: "published" });
      },
    );
  }

  #published(record: EndpointRecord): void {
    const name = adapterName(record);
    this.records = this.records.map((one) => (adapterName(one) === name ? record : one));
    const attachment = this.adapters.find((adapter) => adapter.name === name)?.attachment;
    if (attachment) attachment.record = record;
  }

  /** On networks that flood, as QEMU does for a guest that has come; in others the directory has said it. */
  #announce(): void {
    const { now } = this.home.context;
    for (const adapter of this.adapters) {
      const { mac, ips, network } = adapter.attachment;
      if (network.policy.flood) this.announcers.push({ adapter, announcer: new Announcer({ mac, ips }, now()) });
    }
  }

  #tellSender({ frame }: { readonly frame: MovingFrame }): void {
    const adapter = this.adapterOf(frame);
    if (!adapter || frame.isSent) return;
    this.home.tellSender(adapter, macText(frame.data.subarray(MAC_OFFSET_SOURCE, MAC_OFFSET_SOURCE + 6)));
  }

  get isLeaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** The adapters are to be free: the directory is asked where they are now. Until it has said that, they are this move's. */
  protected leave(): void {
    for (const device of this.devices) device.clear();
    this.devices = [];
    const leaving = new Map<MovingAdapter, Resolution | undefined>();
    this.#leaving = leaving;
    for (const adapter of this.adapters) {
      const { vni, mac } = adapter.attachment;
      insist(this.home.context, "resolve", { query: { vni, mac } }, (answer) => {
        leaving.set(adapter, "value" in answer ? answer.value : undefined);
      });
    }
  }

  /** Adapters whose place is known go, and the data plane sends on what still comes, as for any that has gone. */
  #letGo(): void {
    if (!this.#leaving) return;
    const { residents } = this.home;
    for (const [{ attachment, state }, resolution] of this.#leaving) {
      state.clear();
      attachment.vnic.halt(false);
      if (resolution && resolution.host.name !== this.host) residents.lose(attachment, resolution);
      else residents.erase(attachment, "detached");
    }
    this.adapters = this.adapters.filter((adapter) => !this.#leaving?.has(adapter));
    this.#leaving.clear();
  }

  #end(outcome: MoveOutcome, reason: string): void {
    const { context } = this.home;
    this.outcome = outcome;
    this.reason = reason;
    this.endedMs = context.now();
    context.tell({
      type: "move-ended",
      move: this.name,
      partition: this.partition ?? "",
      side: this.side,
      outcome,
      reason,
    });
  }
}
