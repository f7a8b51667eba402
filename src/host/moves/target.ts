/** The host that a VM comes to. */
import type { EndpointRecord, HostRecord, Resolution } from "../../directory/records.js";
import { ConfigError } from "../../errors.js";
import type { MovingDevice } from "../../migrate/device.js";
import type { MoveAction } from "../../migrate/move/action.js";
import type { MovePacket } from "../../migrate/move/message.js";
import type { MoveLimits } from "../../migrate/move/options.js";
import { MoveTarget } from "../../migrate/move/target.js";
import type { MovingFrame } from "../../migrate/wire/frame.js";
import type { Policy } from "../../overlay/policy/policy.js";
import type { Attachment } from "../attachment.js";
import { FORWARDS_LABEL, OWN_LABELS } from "../knowledge.js";
import type { AttachOptions } from "../options.js";
import { adapterName, type Identity, identityIn, MovingAdapter } from "./adapter.js";
import { GroupCopies, isForGroup } from "./group-copies.js";
import type { MoveLink } from "./link.js";
import { Mover, type MoverHome } from "./mover.js";
import type { HostMoveOptions, IncomingAdapter, IncomingVm } from "./options.js";
import { insist } from "./questions.js";
import { WINDOW_MESSAGES } from "./source.js";

export interface TargetSettings {
  readonly name: string;
  readonly limits: Partial<MoveLimits> | undefined;
  readonly options: HostMoveOptions;
  /** The rules that hold when a VM is given its place. */
  readonly policy: () => Policy;
}

export class TargetMover extends Mover {
  readonly side = "target";
  readonly machine: MoveTarget<MovingFrame>;
  readonly #options: HostMoveOptions;
  readonly #policy: () => Policy;
  readonly #copies = new GroupCopies();
  /** Frames for a group that have not come by way of the source. */
  readonly #direct = new WeakSet<MovingFrame>();
  #vm: IncomingVm | undefined;
  #isExpected = false;

  /** Throws ConfigError. */
  constructor(home: MoverHome, link: MoveLink, { name, limits, options, policy }: TargetSettings) {
    super(home, name, link);
    this.#options = options;
    this.#policy = policy;
    this.machine = new MoveTarget<MovingFrame>({
      ...{
        move: name,
        host: home.context.name,
        peer: link.peer.name,
        digest: home.digest,
        leasedUntilMs: home.leasedUntilMs(),
      },
      ...{ chunkBytes: link.chunkBytes, windowMessages: WINDOW_MESSAGES, ...limits },
    });
  }

  override get nextMs(): number | undefined {
    const next = super.nextMs;
    // The gate says nothing when it has been open for long enough.
    return this.machine.isRunning && !this.isPlain
      ? Math.min(next ?? Number.POSITIVE_INFINITY, this.home.context.now() + LOOK_MS)
      : next;
  }

  override take(packet: MovePacket<MovingFrame>): void {
    super.take(packet);
    const body = packet.message?.body;
    if (this.machine.step !== "receiving" || body?.type !== "chunk") return;
    const { adapter: name, name: page, offsetBytes, totalBytes, bytes } = body.chunk;
    if (!page.startsWith(PATHS_PAGES) || offsetBytes + bytes.length < totalBytes) return;
    const pages = this.machine.received().filter((one) => one.adapter === name && one.name.startsWith(PATHS_PAGES));
    this.adapters.find((adapter) => adapter.name === name)?.state.warm(pages, this.home.context.now());
  }

  /** Copies for a group that come before the VM runs here come to its old host, too, and by that. */
  override arrive(frame: MovingFrame): void {
    if (isForGroup(frame)) {
      if (!this.#isExpected) return;
      this.#direct.add(frame);
    }
    super.arrive(frame);
  }

  protected override deliver(frame: MovingFrame): void {
    if (isForGroup(frame) && !this.#copies.isNew(frame, this.#direct.has(frame))) return;
    super.deliver(frame);
  }

  protected performOwn(action: MoveAction<MovingFrame>): void {
    if (action.type === "reserve") this.#reserve(action.adapters, action.stateBytes);
    else if (action.type === "insert") {
      const reason = this.#insert(action);
      const { adapter } = action;
      this.tell(reason === undefined ? { type: "inserted", adapter } : { type: "insert-failed", adapter, reason });
    } else if (action.type === "discard") this.#discard();
  }

  /** Senders may know before this host does that the VM is here. */
  protected override claiming(generation: number): void {
    if (this.#isExpected) return;
    this.#isExpected = true;
    for (const [i, { attachment }] of this.adapters.entries()) {
      const record = this.records[i] as EndpointRecord;
      this.home.residents.expect(attachment, { ...record, host: this.host, generation });
    }
  }

  protected settle(nowMs: number, isQuiet: boolean): void {
    const isLost = this.endedMs !== undefined && this.outcome !== "moved";
    if (isLost && !this.isLeaving && this.adapters.length > 0) this.leave();
    if (!isQuiet || this.isPlain || !this.machine.isPassing(nowMs)) return;
    this.isPlain = this.adapters.map((adapter) => adapter.settle()).every(Boolean);
    if (this.isPlain) this.#copies.clear();
  }

  /** The directory says whose adapters these are; the options, where they go. */
  #reserve(all: readonly string[], stateBytes: number): void {
    const names = all.filter((name) => identityIn(name));
    const devices = all.filter((name) => !identityIn(name));
    if (names.length === 0 || new Set(all).size < all.length) {
      this.#refuse("it has no port, or two adapters of one name");
      return;
    }
    const found = new Map<string, Resolution | undefined>();
    for (const name of names) {
      const query = identityIn(name) as Identity;
      insist(this.home.context, "resolve", { query }, (answer) => {
        found.set(name, "value" in answer ? answer.value : undefined);
        if (found.size < names.length) return;
        const inOrder = names.map((one) => found.get(one));
        this.#place(inOrder, devices, stateBytes);
      });
    }
  }

  #place(found: readonly (Resolution | undefined)[], devices: readonly string[], stateBytes: number): void {
    const endpoints = found.flatMap((one) => (one?.host.name === this.link.peer.name ? one.endpoint : []));
    if (endpoints.length < found.length) {
      this.#refuse(`it is not on ${this.link.peer.name}, by the directory`);
      return;
    }
    const [first] = endpoints;
    const { generation } = this.machine.owner;
    if (first && first.generation !== generation) {
      this.#refuse(`its generation is ${first.generation} by the directory, not ${generation}`);
      return;
    }
    const adapters = endpoints.map(adapterIn);
    const vm = { move: this.name, from: this.link.peer.name, adapters, devices, stateBytes };
    const reason = this.#keepRoom(vm, endpoints, found[0]?.host as HostRecord);
    if (reason !== undefined) {
      this.#refuse(reason);
      return;
    }
    this.#vm = vm;
    this.records = endpoints;
    this.tell({ type: "room" });
  }

  /** Room for all adapters, or for none: why not. */
  #keepRoom(vm: IncomingVm, endpoints: readonly EndpointRecord[], last: HostRecord): string | undefined {
    const { incoming, device } = this.#options;
    const devices: MovingDevice[] = [];
    try {
      const places = incoming?.(vm) ?? "this host takes no VMs";
      if (typeof places === "string") return places;
      for (const name of vm.devices) {
        const place = device?.(name, vm) ?? `this host has no place for ${name}`;
        if (typeof place === "string") throw new ConfigError("device", name, `one that has a place: ${place}`);
        devices.push(place);
        if (place.name !== name) throw new ConfigError("device", place.name, name);
      }
      this.#attach(endpoints, places, last);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const one of devices) one.clear();
      return error.message;
    }
    this.devices = devices;
    this.stop();
    return undefined;
  }

  /** All or none. Throws ConfigError. */
  #attach(endpoints: readonly EndpointRecord[], options: readonly AttachOptions[], last: HostRecord): void {
    const attachments: Attachment[] = [];
    const { residents, context } = this.home;
    try {
      if (options.length !== endpoints.length)
        throw new ConfigError("incoming", options.length, `${endpoints.length} places`);
      for (const [i, one] of options.entries()) {
        this.home.checkPlace(one);
        const attachment = residents.add(one, this.#policy());
        attachments.push(attachment);
        attachment.lastHost = last.address;
        const { vni, mac } = endpoints[i] as EndpointRecord;
        if (adapterName(attachment) !== adapterName({ vni, mac }))
          throw new ConfigError(`incoming[${i}].mac`, one.mac, mac);
        residents.place(attachment);
      }
      this.adapters = attachments.map((one) => new MovingAdapter(context.plane, one, this.home.stateOf(one, "native")));
    } catch (error) {
      for (const attachment of attachments) residents.erase(attachment, "refused");
      throw error;
    }
  }

  #refuse(reason: string): void {
    this.tell({ type: "no-room", reason });
  }

  #insert({ adapter: name, sections }: Extract<MoveAction<MovingFrame>, { type: "insert" }>): string | undefined {
    const reason = this.#vm && this.#options.recheck?.(this.#vm);
    const adapter =
      this.adapters.find((one) => one.name === name)?.state ?? this.devices.find((one) => one.name === name);
    if (!adapter) return "this host has no such adapter";
    return reason ?? adapter.insert(sections, this.home.context.now());
  }

  #discard(): void {
    for (const { attachment, state } of this.adapters) {
      state.clear();
      attachment.vnic.halt(false);
      this.home.residents.erase(attachment, "detached");
    }
    for (const device of this.devices) device.clear();
    this.devices = [];
    this.adapters = [];
  }
}

/** Pages of the section that says whom the VM sends to. */
const PATHS_PAGES = "paths/";
/** While something is waited for that says nothing when it comes. */
const LOOK_MS = 1;

/** What a host said of an endpoint of its own when it was attached. */
function adapterIn({ partition, vni, mac, ips, labels }: EndpointRecord): IncomingAdapter {
  const own = Object.entries(labels).filter(([name]) => !name.startsWith(OWN_LABELS));
  const forwards = labels[FORWARDS_LABEL] === "true";
  return { partition, network: vni, mac, ips, labels: Object.fromEntries(own), forwards };
}
