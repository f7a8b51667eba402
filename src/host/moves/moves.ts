/**
 * The moves that a host has part in: those that it begins, and those that others ask for. Datagrams and frames go to the move that they
 * are of.
 */
import { DROP_QUEUE_FULL } from "../../../assembly/layout.js";
import type { Port } from "../../buffer/port.js";
import { checkName } from "../../directory/check.js";
import { earliest } from "../../earliest.js";
import { ConfigError } from "../../errors.js";
import { type MoveMessage, type MovePacket, unknownMove } from "../../migrate/move/message.js";
import type { DigestFunction } from "../../migrate/move/section.js";
import type { MovingFrame } from "../../migrate/wire/frame.js";
import { isPiece } from "../../migrate/wire/pieces.js";
import type { ControlFrame } from "../../overlay/plane/control.js";
import type { PlaneVnic } from "../../overlay/plane/plane.js";
import type { Policy } from "../../overlay/policy/policy.js";
import type { Attachment } from "../attachment.js";
import type { HostContext } from "../context.js";
import { type Knowledge, keyOf } from "../knowledge.js";
import type { Networks } from "../networks.js";
import type { AttachOptions } from "../options.js";
import type { Residents } from "../residents.js";
import { type StaleFrames, senderOf } from "../stale.js";
import { type AdapterState, adapterName, identityIn, type MovingAdapter } from "./adapter.js";
import { ForgottenMoves } from "./forgotten.js";
import type { MoveLink } from "./link.js";
import { MoveLinks } from "./links.js";
import type { Mover, MoverHome } from "./mover.js";
import type { HostMoveOptions, MoveRequest } from "./options.js";
import { checkSettings, SourceMover } from "./source.js";
import type { StateForm } from "./state.js";
import { TargetMover } from "./target.js";
import { WaitingMoves } from "./waiting.js";

export interface MovesHome {
  readonly context: HostContext;
  readonly residents: Residents;
  readonly knowledge: Knowledge;
  readonly networks: Networks;
  readonly stale: StaleFrames;
  readonly options: HostMoveOptions;
  policy(): Policy;
  leasedUntilMs(): number;
  stateOf(attachment: Attachment, form: StateForm): AdapterState;
  /** CRC-32C by an engine that has memory for states. */
  readonly digest: DigestFunction;
  /** Throws ConfigError for what attach would. */
  checkPlace(options: AttachOptions): void;
}

/** A move that is over is remembered so long: what is late of it is answered, and its name means nothing else. */
const KEEP_MS = 30_000;
/** Moves that are remembered; those of them that are over make room. */
const MOVES_MAX = 256;
/** Hosts that the directory is asked about at a time, because they want to send a VM. */
const ASKED_MAX = 16;

export class Moves {
  readonly #home: MovesHome;
  readonly #moverHome: MoverHome;
  readonly #movers = new Map<string, Mover>();
  readonly #links: MoveLinks;
  /** Names of moves that are asked for while the directory is asked who it is. */
  readonly #asked = new Set<string>();
  readonly #waiting: WaitingMoves;
  readonly #forgotten = new ForgottenMoves();
  #begun = 0;

  constructor(home: MovesHome) {
    this.#home = home;
    const { context, residents } = home;
    this.#links = new MoveLinks(home);
    this.#waiting = new WaitingMoves({ context, isLeased: () => this.#isLeased });
    this.#moverHome = {
      ...{
        context,
        residents,
        leasedUntilMs: () => home.leasedUntilMs(),
        stateOf: (attachment, form) => home.stateOf(attachment, form),
        checkPlace: (options) => home.checkPlace(options),
        digest: home.digest,
      },
      pass: (frame, from) => this.#pass(frame, from),
      tellSender: (adapter, senderMac) => this.#tellSender(adapter, senderMac),
    };
  }

  /** All that are remembered, the oldest first. */
  all(): Mover[] {
    return [...this.#movers.values()];
  }

  /** The move that has the attachment now; what the directory says of it is that one's. */
  of(attachment: Attachment): Mover | undefined {
    let last: Mover | undefined;
    // Once a diverted frame: no list of all is made for it.
    for (const mover of this.#movers.values()) if (mover.has(attachment) && mover.isInCharge) last = mover;
    return last;
  }

  get nextMs(): number | undefined {
    return earliest(this.all().map((mover) => mover.nextMs));
  }

  /** Throws ConfigError; the move begins when the directory has said where that host is. */
  begin({ attachments, devices = [], to, move, form = "native", limits }: MoveRequest): string {
    const { context, options } = this.#home;
    const { name } = context;
    const [first] = attachments;
    if (!first) throw new ConfigError("attachments", "none", "one at least");
    if (to === name) throw new ConfigError("to", to, "another host than its own");
    for (const [i, attachment] of attachments.entries()) {
      const { partition, state } = attachment;
      if (state !== "live" || this.of(attachment) || this.#waiting.hasOne(attachment))
        throw new ConfigError(`attachments[${i}]`, partition, "live here, and not on the move");
      if (partition !== first.partition)
        throw new ConfigError(`attachments[${i}]`, partition, `of one VM, ${first.partition}`);
    }
    for (const [i, { name: device }] of devices.entries()) {
      if (identityIn(device)) throw new ConfigError(`devices[${i}].name`, device, "one that is no endpoint's");
    }
    const named = move ?? `${first.partition} ${name} ${first.generation} ${context.now()} ${this.#begun}`;
    this.#begun++;
    if (this.#movers.has(named) || this.#waiting.has(named) || this.#forgotten.has(named))
      throw new ConfigError("move", named, "a name that no other move has");
    const source = { name: named, attachments, devices, form, limits: { ...options.limits, ...limits } };
    checkSettings(this.#moverHome, to, source);
    this.#waiting.add({ name: named, attachments, to }, (record) => {
      const mover = new SourceMover(this.#moverHome, this.#links.to(record), source);
      this.#movers.set(named, mover);
      mover.tell({ type: "start" });
    });
    return named;
  }

  /** The VM is to stay here, if nothing has been decided yet. Throws ConfigError for a move that does not leave this host. */
  cancel(name: string): void {
    if (this.#waiting.drop(name, "cancelled")) return;
    const mover = this.#movers.get(name);
    if (mover?.side !== "source") throw new ConfigError("move", name, "one that leaves this host");
    mover.tell({ type: "cancel" });
  }

  /** Takes a frame for the control queue pair; false when it is of no move. */
  take(frame: ControlFrame): boolean {
    const payload = frame.bytes.subarray(frame.payload);
    if (!isPiece(payload)) return false;
    const address = senderOf(frame);
    const uplink = this.#home.context.plane.uplinks.findIndex(({ index }) => index === frame.port);
    frame.dispose();
    const link = this.#links.at(address);
    const packet = link.take(payload, uplink);
    if (packet) this.#packet(packet, link);
    return true;
  }

  /** Takes a frame for a guest that is on the move. */
  divert(frame: ControlFrame): void {
    const { residents, context } = this.#home;
    const attachment = residents.at(frame.detail);
    const mover = attachment && this.of(attachment);
    // Nobody waits for a guest that does not take its frames, on the move or not.
    if (attachment && mover?.isFull(attachment)) {
      frame.dispose(DROP_QUEUE_FULL);
      return;
    }
    frame.dispose();
    if (!attachment) return;
    const { bytes: data, originalLength, timestampNs } = frame;
    const moving = { adapter: adapterName(attachment), data, originalLength, timestampNs, isSent: false };
    if (mover) mover.arrive(moving);
    else context.plane.give(attachment.plane as PlaneVnic, moving);
  }

  /** The host's lease lasts until then. */
  leased(untilMs: number): void {
    for (const mover of this.#movers.values()) mover.tell({ type: "leased", untilMs });
  }

  /** What is due now. Quiet: no diverted frame waits to be taken. */
  step(isQuiet: boolean): void {
    const nowMs = this.#home.context.now();
    for (const mover of this.#movers.values()) {
      mover.step(isQuiet);
      if (mover.endedMs !== undefined && nowMs >= mover.endedMs + KEEP_MS) this.#forget(mover);
    }
  }

  /** One that is over makes room; false when it is not. */
  #forget(mover: Mover): boolean {
    if (!mover.machine.isOver || mover.isInCharge) return false;
    this.#movers.delete(mover.name);
    this.#forgotten.add(mover.name, keptGeneration(mover));
    return true;
  }

  #packet(packet: MovePacket<MovingFrame>, link: MoveLink): void {
    const { move: name, message, isUnknown } = packet;
    const mover = this.#movers.get(name);
    if (message?.body.type === "reserved" && this.#answerLate(name, mover, link)) return;
    if (mover) {
      if (mover.link.peer.address === link.peer.address) mover.take(packet);
      else if (message?.body.type === "reserve") this.#refuse(name, link, "another move has, or had, this name");
    } else if (this.#forgotten.has(name)) return;
    else if (message?.body.type === "reserve") this.#admit(packet, message.body.host, link);
    else if (!isUnknown && !this.#asked.has(name)) link.send(unknownMove(packet));
  }

  /**
   * A host that has lost its memory keeps room for a VM that it had refused, because it was asked again by a packet that was late: it hears that
   * the VM stays. False when there is no such thing.
   */
  #answerLate(name: string, mover: Mover | undefined, link: MoveLink): boolean {
    if (mover && !mover.machine.isOver) return false;
    const generation = mover ? keptGeneration(mover) : this.#forgotten.generationOf(name);
    if (generation === undefined) return false;
    const { name: host } = this.#home.context;
    link.send(secondMessage(name, { type: "kept", owner: { host, generation, start: "kept" } }));
    return true;
  }

  #refuse(name: string, link: MoveLink, reason: string): void {
    link.send({ move: name, ack: 1, message: { number: 1, body: { type: "refused", reason } } });
  }

  /** A VM wants to come. Whose word that is the directory says. */
  #admit(packet: MovePacket<MovingFrame>, host: string, { peer: { address } }: MoveLink): void {
    const { options, context } = this.#home;
    const { move: name } = packet;
    if (this.#asked.has(name) || this.#asked.size >= ASKED_MAX || !isName(name) || !isName(host)) return;
    this.#asked.add(name);
    context.requests.ask("host", { name: host }, (answer) => {
      this.#asked.delete(name);
      const record = "value" in answer ? answer.value?.host : undefined;
      // It is asked for again if nobody has answered.
      if (record?.address !== address || host === context.name || this.#movers.has(name) || !this.#isLeased) return;
      const link = this.#links.to(record);
      if (!this.#makeRoom()) {
        this.#refuse(name, link, `${MOVES_MAX} moves are under way already`);
        return;
      }
      const target = { name, limits: options.limits, options, policy: () => this.#home.policy() };
      const mover = new TargetMover(this.#moverHome, link, target);
      this.#movers.set(name, mover);
      mover.take(packet);
    });
  }

  #makeRoom(): boolean {
    return this.#movers.size < MOVES_MAX || this.all().some((mover) => this.#forget(mover));
  }

  get #isLeased(): boolean {
    return this.#home.leasedUntilMs() > this.#home.context.now();
  }

  #pass(frame: MovingFrame, from: Mover): void {
    const adapter = from.adapters.find(({ name }) => name === frame.adapter);
    if (!adapter) return;
    const current = this.of(adapter.attachment);
    if (current && current !== from) current.arrive(frame);
    else adapter.deliver(frame);
  }

  #tellSender({ attachment }: MovingAdapter, senderMac: string): void {
    const { context, stale } = this.#home;
    const { endpoints, uplinks } = context.plane;
    const ptr = endpoints.find(keyOf(attachment.network, senderMac));
    if (ptr === 0 || endpoints.state(ptr) !== "remote") return;
    const sender = endpoints.hostOf(ptr, context.settings.record.address.includes(":"));
    const { vni, mac } = attachment;
    stale.tell({ sender, port: (uplinks[0] as Port).index, vni, mac });
  }
}

/** The generation by which this host has kept the VM; undefined when it has not. */
function keptGeneration({ side, outcome, machine }: Mover): number | undefined {
  return side === "source" && outcome === "stayed" ? machine.owner.generation : undefined;
}

/** What a host hears that has asked for nothing but room, behind that it got it. */
function secondMessage(move: string, body: MoveMessage<MovingFrame>): MovePacket<MovingFrame> {
  return { move, ack: 1, message: { number: 2, body } };
}

function isName(text: string): boolean {
  try {
    checkName("name", text);
    return true;
  } catch {
    return false;
  }
}
