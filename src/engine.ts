/**
 * An engine: one instance of the data plane, its memory, its pool, ports and tunnels. Everything is sized when it is made.
 *
 *   const engine = await createEngine({ headers: ["ethernet", "ipv4", "udp", "vxlan"] });
 */
import { BURST_MAX, GROUP_PORTS_MAX, TUNNEL_BYTES } from "../assembly/layout.js";
import type { FrameOwner } from "./buffer/frame.js";
import { checkHeadroom } from "./buffer/headroom.js";
import { Pool } from "./buffer/pool.js";
import { Port, type PortOptions } from "./buffer/port.js";
import { Burst } from "./burst.js";
import { type Census, takeCensus } from "./census.js";
import { checkInteger } from "./check.js";
import type { Handover } from "./driver/handover/channel.js";
import { HandoverReceiver } from "./driver/handover/receiver.js";
import { HandoverSender } from "./driver/handover/sender.js";
import { Stages } from "./driver/handover/stages.js";
import { checkEngineOptions, type EngineLimits, type EngineOptions, planEngine } from "./engine-options.js";
import { ConfigError } from "./errors.js";
import { FlowHasher } from "./hash/hasher.js";
import { type HashOptions, hashPlanOf } from "./hash/options.js";
import { LagGroup } from "./lag/group.js";
import { checkGroup, type LagGroupOptions } from "./lag/options.js";
import { HealthMonitor } from "./limit/health/monitor.js";
import { Limits, type LimitsOptions } from "./limit/limits.js";
import type { Arena } from "./memory.js";
import { StateMemory } from "./migrate/state/memory.js";
import { type OverlayOptions, OverlayPlane } from "./overlay/plane/plane.js";
import { checkDistinct, checkFirst } from "./overlay/shared-ends.js";
import { encodeTunnel, type Tunnel, type TunnelOptions } from "./overlay/tunnel.js";
import { RdmaDevice, type RdmaOptions } from "./rdma/verbs/device.js";
import { randomSeed } from "./seed.js";
import { checkHost, defaultSource, type Instance, instantiate } from "./wasm.js";

/** The bound of a port whose frames somebody is to take. */
const UNREAD = "a port that no tunnel, no group and no overlay has";
/** Makes an engine. Rejects with EngineUnsupported where SIMD is missing, with ConfigError for a bad option. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const limits = checkEngineOptions(options);
  const plan = planEngine(limits);
  checkHost();
  const memory = plan.createMemory();
  const instance = await instantiate(options.wasm ?? defaultSource(options.debug ?? false), memory);
  instance.kernels.heapInit();
  const arena = plan.createArena(memory);
  return new Engine(instance, arena, new Pool(instance.kernels, arena, limits.pool), limits);
}

export class Engine {
  readonly #instance: Instance;
  readonly #owner: FrameOwner;
  readonly #limits: EngineLimits;
  readonly #ports = new Map<string, Port>();
  readonly #tunnels: Tunnel[] = [];
  readonly #uplinks = new Set<Port>();
  readonly #groups: LagGroup[] = [];
  #overlay: OverlayPlane | undefined;
  #rdma: RdmaDevice | undefined;
  #mbufLimits: Limits | undefined;
  #health: HealthMonitor | undefined;
  #migration: StateMemory | undefined;
  readonly #tunnelTable: number;
  readonly #scratch: number;
  readonly #bursts: Burst[] = [];
  #hashers = 0;
  readonly #stages: Stages;

  /** @internal Made by createEngine. */
  constructor(instance: Instance, arena: Arena, pool: Pool, limits: EngineLimits) {
    this.#instance = instance;
    this.#owner = { kernels: instance.kernels, arena, pool, checkOpen: () => instance.checkOpen() };
    this.#limits = limits;
    this.#stages = new Stages(this.#owner, limits.handoverEnds);
    this.#tunnelTable = arena.take(limits.tunnels * TUNNEL_BYTES);
    this.#scratch = arena.take(BURST_MAX * 4);
  }

  /** Bytes in front of every reserved payload. */
  get headroomBytes(): number {
    return this.#owner.pool.shape.headroomBytes;
  }

  /** Longest payload that one buffer holds. */
  get payloadBytes(): number {
    return this.#owner.pool.shape.payloadBytes;
  }

  /** Buffers in the pool, free or not. */
  get mbufs(): number {
    return this.#owner.pool.shape.mbufs;
  }

  /** Ports that there can be. */
  get portsMax(): number {
    return this.#limits.ports;
  }

  /** Buffers that are free now. */
  get freeMbufs(): number {
    this.#owner.checkOpen();
    return this.#owner.pool.free;
  }

  get ports(): readonly Port[] {
    return [...this.#ports.values()];
  }

  /** Limits of mbufs, where addLimits has added them. */
  get limits(): Limits | undefined {
    return this.#mbufLimits;
  }

  /** Memory for the state of the engine's adapters. Throws ConfigError unless createEngine planned it. */
  get migration(): StateMemory {
    this.#owner.checkOpen();
    if (!this.#limits.migration) {
      throw new ConfigError("migration", undefined, "given to createEngine, {} for the defaults");
    }
    this.#migration ??= new StateMemory(this.#owner, this.#limits.migration);
    return this.#migration;
  }

  get tunnels(): readonly Tunnel[] {
    return this.#tunnels;
  }

  /** Adds a port. Throws ConfigError when the name is taken or createEngine planned fewer ports. */
  addPort(name: string, options: PortOptions = {}): Port {
    this.#owner.checkOpen();
    if (this.#ports.has(name)) throw new ConfigError("name", name, "a name that no port of this engine has");
    checkInteger("ports", this.#ports.size + 1, 1, this.#limits.ports);
    const port = new Port(this.#owner, name, this.#ports.size, this.#limits.queueSize, options);
    this.#ports.set(name, port);
    return port;
  }

  /** Adds a tunnel. Throws ConfigError for a bad option, for headers beyond the headroom, or for one tunnel too many. */
  addTunnel(options: TunnelOptions): Tunnel {
    this.#owner.checkOpen();
    checkInteger("tunnels", this.#tunnels.length + 1, 1, this.#limits.tunnels);
    if ((options.vnic === undefined) !== (options.uplink === undefined)) {
      throw new ConfigError(options.vnic ? "uplink" : "vnic", undefined, "given together with the other port");
    }
    for (const [argument, port] of [["vnic", options.vnic] as const, ["uplink", options.uplink] as const]) {
      if (port) this.#checkPort(port);
      if (port && this.#groups.some((group) => group.reads(port))) throw new ConfigError(argument, port.name, UNREAD);
    }
    const { record, ...encoded } = encodeTunnel(options);
    checkDistinct(this.#tunnels, { ...options, encapsulation: encoded.encapsulation });
    checkHeadroom("tunnel", encoded.headerBytes, this.headroomBytes);
    const ptr = this.#tunnelTable + this.#tunnels.length * TUNNEL_BYTES;
    this.#instance.loadTable(ptr, record);
    const { vni, local, remote, vnic, uplink } = options;
    const tunnel = { ptr, index: this.#tunnels.length, vni, local, remote, vnic, uplink, ...encoded };
    this.#tunnels.push(tunnel);
    if (uplink) this.#uplinks.add(uplink);
    return tunnel;
  }

  /** Adds a group of ports that partitions share, each with a set of its own. Throws ConfigError for a bad option. */
  addLagGroup(options: LagGroupOptions): LagGroup {
    this.#owner.checkOpen();
    if (this.#limits.lag.groups === 0)
      throw new ConfigError("lag", undefined, "given to createEngine, {} for one group");
    checkInteger("lag.groups", this.#groups.length + 1, 1, this.#limits.lag.groups);
    const settings = checkGroup(options, this.#limits.lag.buckets);
    const hash = hashPlanOf(options.hash ?? { policy: "layer3+4" });
    for (const [i, port] of options.ports.entries()) this.#checkUnread(`ports[${i}]`, port);
    if (options.network) this.#checkUnread("network", options.network);
    const home = {
      owner: this.#owner,
      limits: this.#limits.lag,
      enginePorts: this.#limits.ports,
      seed: randomSeed(),
      tunnelTable: this.#tunnelTable,
      checkPort: (argument: string, port: Port) => this.#checkUnread(argument, port),
      checkTunnel: (tunnel: Tunnel) => this.#checkShared(tunnel),
    };
    const group = new LagGroup(home, new FlowHasher(this.#owner, hash), options, settings);
    this.#groups.push(group);
    return group;
  }

  /**
   * Adds the overlay of a host, as createHost does; its uplinks and vnics have no other reader, and a group's partitions must have vnics,
   * whose frames go through the overlay from now on. Throws ConfigError for a second one, or a bad option.
   */
  addOverlay(options: OverlayOptions): OverlayPlane {
    this.#owner.checkOpen();
    if (!this.#limits.overlay)
      throw new ConfigError("overlay", undefined, "given to createEngine, {} for the defaults");
    if (this.#overlay) throw new ConfigError("overlay", "a second one", "one for each engine");
    const { uplinks } = options;
    if (!Array.isArray(uplinks)) {
      if (!this.#groups.includes(uplinks as LagGroup)) throw new ConfigError("uplinks", "a group", "of this engine");
    } else {
      checkInteger("uplinks.length", uplinks.length, 1, GROUP_PORTS_MAX);
      for (const [i, port] of (uplinks as readonly Port[]).entries()) this.#checkUnread(`uplinks[${i}]`, port);
    }
    this.#overlay = new OverlayPlane(this.#owner, this.#limits.overlay, this.#limits.ports, options);
    return this.#overlay;
  }

  /**
   * Counts whose every mbuf is, and holds owners to limits that move with their use. Throws ConfigError for a second one, for a bad option,
   * and unless createEngine planned for it.
   */
  addLimits(options: LimitsOptions = {}): Limits {
    this.#owner.checkOpen();
    if (!this.#limits.limits) throw new ConfigError("limits", undefined, "given to createEngine, {} for the defaults");
    if (this.#mbufLimits) throw new ConfigError("limits", "a second one", "one for each engine");
    const monitor = this.#limits.health && this.healthMonitor();
    const home = { monitor, checkPort: (port: Port) => this.#checkPort(port) };
    this.#mbufLimits = new Limits(this.#owner, this.#limits.limits, options, home);
    return this.#mbufLimits;
  }

  /** Adds an RDMA device, whose port has no other reader. Throws ConfigError for a second one, and unless createEngine planned for it. */
  addRdma(options: RdmaOptions): RdmaDevice {
    this.#owner.checkOpen();
    if (!this.#limits.rdma) throw new ConfigError("rdma", undefined, "given to createEngine, {} for the defaults");
    if (this.#rdma) throw new ConfigError("rdma", "a second one", "one for each engine");
    this.#checkUnread("port", options.port);
    this.#rdma = new RdmaDevice(this.#owner, this.#limits.rdma, options);
    return this.#rdma;
  }

  /** Adds a burst: frames that are worked on without ports. Throws ConfigError for one too many. */
  burst(): Burst {
    this.#owner.checkOpen();
    checkInteger("bursts", this.#bursts.length + 1, 1, this.#limits.bursts);
    const burst = new Burst(this.#owner, (tunnel) => this.#checkTunnel(tunnel));
    this.#bursts.push(burst);
    return burst;
  }

  /**
   * Adds a hasher: a way to choose a link of an aggregate, for Burst.hashes and for groups of links. Throws ConfigError for an unknown
   * policy or generation, for an option that the policy does not have, and for one hasher too many.
   */
  hasher(options: HashOptions): FlowHasher {
    this.#owner.checkOpen();
    const plan = hashPlanOf(options);
    checkInteger("hashers", this.#hashers + 1, 1, this.#limits.hashers);
    this.#hashers++;
    return new FlowHasher(this.#owner, plan);
  }

  /** The monitor of TCP connections' health, one for each engine. Throws ConfigError when createEngine was not asked for it. */
  healthMonitor(): HealthMonitor {
    this.#owner.checkOpen();
    if (!this.#limits.health) throw new ConfigError("health", undefined, "given to createEngine, {} for the defaults");
    this.#health ??= new HealthMonitor(this.#owner, this.#limits.health);
    return this.#health;
  }

  /**
   * A driver that hands over what the port posts to the engine at the channel's other end. Throws ConfigError for a channel
   * that has a sending end, for what is no channel, and for one end too many.
   */
  sendingEnd(handover: Handover, port: Port): HandoverSender {
    this.#checkPort(port);
    return this.#stages.with((stage, release) => new HandoverSender(handover, port, stage, release));
  }

  /** A driver by which what the engine at the channel's other end hands over arrives on the port. Throws as sendingEnd. */
  receivingEnd(handover: Handover, port: Port): HandoverReceiver {
    this.#checkPort(port);
    return this.#stages.with((stage, release) => new HandoverReceiver(handover, port, stage, release));
  }

  /** Moves what guests sent onto the underlay, through a tunnel: at most n frames. Returns how many left the vnic. */
  transmit(tunnel: Tunnel, n = BURST_MAX): number {
    this.#checkTunnel(tunnel);
    return this.#transmit(tunnel, checkInteger("n", n, 0, BURST_MAX));
  }

  /** Moves what the underlay delivered on an uplink to the guests it is for: at most n frames. Returns how many. */
  receive(uplink: Port, n = BURST_MAX): number {
    this.#checkPort(uplink);
    this.#reapGuests();
    return this.#receive(uplink, checkInteger("n", n, 0, BURST_MAX));
  }

  /** One round over all tunnels, uplinks and groups, a burst each, both ways. Returns the frames moved; 0 when all is quiet. */
  poll(): number {
    this.#owner.checkOpen();
    let moved = 0;
    for (const tunnel of this.#tunnels) moved += this.#transmit(tunnel, BURST_MAX);
    this.#reapGuests();
    for (const uplink of this.#uplinks) moved += this.#receive(uplink, BURST_MAX);
    for (const group of this.#groups) if (group !== this.#overlay?.group) moved += group.poll();
    if (this.#overlay) moved += this.#overlay.poll();
    return moved;
  }

  /** Where every mbuf is; see Census. Cheap enough to assert after every operation of a test. */
  census(): Census {
    return takeCensus(this.#owner, this.ports, this.#holders, this.#scratch);
  }

  /** Releases everything: later calls on the engine, its ports and frames throw EngineClosed. */
  close(): void {
    this.#instance.close();
    this.#owner.arena.release();
  }

  get #holders(): { census(): number }[] {
    return [...this.#bursts, ...this.#groups, ...(this.#overlay ? [this.#overlay] : [])];
  }

  #transmit({ ptr, vnic, uplink }: Tunnel, n: number): number {
    if (!vnic || !uplink) return 0;
    uplink.reap();
    return this.#owner.kernels.txBurst(ptr, n);
  }

  #receive(uplink: Port, n: number): number {
    return this.#owner.kernels.rxBurst(uplink.record.ptr, this.#tunnelTable, this.#tunnels.length, n);
  }

  /** Makes room in the guests' queues for what is about to arrive. */
  #reapGuests(): void {
    for (const { vnic } of this.#tunnels) vnic?.reap();
  }

  #checkPort(port: Port): void {
    if (this.#ports.get(port.name) !== port) throw new ConfigError("port", port.name, "of this engine");
  }

  /** What arrives on a port has one reader. */
  #checkUnread(argument: string, port: Port): void {
    this.#checkPort(port);
    const isRead =
      this.#tunnels.some(({ vnic, uplink }) => vnic === port || uplink === port) ||
      this.#groups.some((group) => group.reads(port)) ||
      this.#overlay?.reads(port) ||
      this.#rdma?.reads(port);
    if (isRead) throw new ConfigError(argument, port.name, UNREAD);
  }

  #checkShared(tunnel: Tunnel): void {
    this.#checkTunnel(tunnel);
    checkFirst(this.#tunnels, tunnel);
  }

  #checkTunnel(tunnel: Tunnel): void {
    if (!this.#tunnels.includes(tunnel)) throw new ConfigError("tunnel", `VNI ${tunnel.vni}`, "of this engine");
  }
}
