/** Hosts that can be killed and come back, the VM that moves between two of them, and guests that talk with it. */
import { readFileSync } from "node:fs";
import type { Port } from "../../../../src/buffer/port.js";
import type { EncapsulationName } from "../../../../src/directory/records.js";
import { createEngine, type Engine } from "../../../../src/engine.js";
import type { EngineOptions } from "../../../../src/engine-options.js";
import { controlPacket } from "../../../../src/gqp/control-packet.js";
import type { Attachment } from "../../../../src/host/attachment.js";
import { HostCore } from "../../../../src/host/core.js";
import type { HostEvent } from "../../../../src/host/events.js";
import type { HostMove, HostMoveOptions } from "../../../../src/host/moves/options.js";
import type { HostOptions } from "../../../../src/host/options.js";
import type { MoveLimits } from "../../../../src/migrate/move/options.js";
import { definePolicy } from "../../../../src/overlay/policy/policy.js";
import { createFabric, type Fabric } from "../../../../src/sim/fabric.js";
import type { FabricHost } from "../../../../src/sim/host.js";
import { SimDirectory } from "../../../../src/sim/overlay-host.js";
import type { Guest } from "../../../helpers/moving-world.js";
import { drain } from "../../../helpers/ports.js";
import { Ledger } from "./ledger.js";
import { Nic } from "./nic.js";

export const HOST_LEASE_MS = 130;
/** The directory is reached within a millisecond, or not at all. */
const DIRECTORY = { delayMs: 0.2, timeoutMs: 15, resyncMs: 30 };
export const LIMITS: Partial<MoveLimits> = { silenceMs: 60, commitMs: 60, retryMs: 8 };
export const POLICY = definePolicy({ networks: { blue: { vni: 5000, default: "allow" } } });
const MODULE = new WebAssembly.Module(readFileSync(new URL("../../../../build/ringlane.wasm", import.meta.url)));
const PORTS = 4;

export const VM = guest(9);

export function guest(n: number): Guest {
  return { partition: `p${n}`, network: "blue", mac: `02:00:00:00:00:0${n}`, ips: [`10.0.0.${n}`] };
}

export interface WorldOptions {
  readonly seed: number;
  readonly encapsulation: EncapsulationName;
  /** Hosts that will come back without memory. */
  readonly restarting?: readonly number[];
  readonly moves?: (host: number) => Partial<HostMoveOptions>;
  readonly engine?: (host: number) => EngineOptions;
  readonly host?: (host: number) => Partial<HostOptions>;
  readonly limits?: Partial<MoveLimits>;
}

/** A host as the fabric knows it: whatever core it has at the time. */
class Machine implements FabricHost {
  readonly name: string;
  readonly address: string;
  readonly nic: Nic;
  core: HostCore | undefined;
  engine: Engine;
  readonly #directory: SimDirectory;

  constructor(index: number, engine: Engine, nic: Nic, directory: SimDirectory) {
    this.name = `h${index}`;
    this.address = `192.0.2.${index + 1}`;
    this.nic = nic;
    this.engine = engine;
    this.#directory = directory;
  }

  get uplinks(): readonly Port[] {
    return [this.nic as unknown as Port];
  }

  step(nowMs: number): number | undefined {
    const { core } = this;
    if (!core) return undefined;
    core.step(nowMs);
    for (const request of core.takeRequests()) this.#directory.send(core, request);
    return core.nextMs;
  }

  link(_: Port, isUp: boolean): void {
    this.core?.link(0, isUp);
  }
}

export class FaultyWorld {
  readonly fabric: Fabric;
  readonly directory: SimDirectory;
  readonly ledger: Ledger;
  readonly machines: readonly Machine[];
  /** What did not hold. */
  readonly wrong = new Set<string>();
  readonly killed = new Set<number>();
  readonly #options: WorldOptions;
  readonly #spares: Map<number, Engine>;
  /** Of each host, where its guests other than the VM are. */
  readonly #peers: { readonly host: number; readonly port: Port; readonly to: number; readonly from: number }[] = [];
  readonly #idle: Port[][] = [];
  /** Called whenever time is about to pass. */
  onTime = (): void => undefined;
  readonly #former: Engine[] = [];
  readonly #events: HostEvent[] = [];
  isSending = true;
  /** The VM takes nothing of what it is given. */
  isAsleep = false;

  /** Made by makeFaultyWorld. */
  constructor(
    fabric: Fabric,
    ledger: Ledger,
    engines: readonly Engine[],
    spares: Map<number, Engine>,
    options: WorldOptions,
  ) {
    this.fabric = fabric;
    this.ledger = ledger;
    this.directory = new SimDirectory(fabric, DIRECTORY);
    this.#spares = spares;
    this.#options = options;
    this.machines = engines.map((engine, i) => {
      const home = {
        random: fabric.random(`nic ${i}`),
        arrived: (bytes: Uint8Array) => ledger.arrived(bytes, i),
        heard: (bytes: Uint8Array) => ledger.heard(bytes, i),
      };
      return new Machine(i, engine, new Nic(home, engine.addPort("up")), this.directory);
    });
    for (const [i, machine] of this.machines.entries()) {
      this.#begin(i);
      fabric.addHost(machine);
    }
    const underlay = fabric.addNetwork("underlay", { delayMs: 0.05 });
    for (const { name } of this.machines) underlay.attach(name);
    this.run(20);
  }

  core(i: number): HostCore {
    return (this.machines[i] as Machine).core as HostCore;
  }

  attach(who: Guest, host: number): Attachment {
    const vnic = this.#idle[host]?.pop() as Port;
    return this.core(host).attach({ ...who, vnic }, this.fabric.nowMs);
  }

  /** A guest that talks with the VM, both ways. */
  addPeer(who: Guest, host: number): void {
    const { vnic } = this.attach(who, host);
    this.#peers.push({ host, port: vnic, to: this.ledger.add(who, VM), from: this.ledger.add(VM, who) });
  }

  /** The VM is on h0, and a guest that talks with it on each of these hosts. */
  settle(peers: readonly number[] = [0, 1, 2]): void {
    this.attach(VM, 0);
    for (const host of peers) this.addPeer(guest(host + 1), host);
    this.run(20);
  }

  /** The VM's adapter, where it runs: live, and its host alive. */
  running(): { readonly host: number; readonly attachment: Attachment }[] {
    return this.machines.flatMap(({ core }, host) => {
      const attachment = core?.attachments.find((one) => one.partition === VM.partition && one.state === "live");
      return attachment ? [{ host, attachment }] : [];
    });
  }

  /** Those whose host's lease lasts. */
  owning(): number[] {
    const { nowMs } = this.fabric;
    return this.running().flatMap(({ host }) => (this.core(host).leasedUntilMs > nowMs ? host : []));
  }

  kill(host: number): void {
    const machine = this.machines[host] as Machine;
    for (const port of machine.core?.attachments.map(({ vnic }) => vnic) ?? []) this.#take(host, port);
    machine.core = undefined;
    machine.nic.port = undefined;
    this.killed.add(host);
    this.ledger.died(host);
  }

  /** Comes back without memory. */
  restart(host: number): void {
    const engine = this.#spares.get(host);
    if (!engine) return;
    this.#spares.delete(host);
    const machine = this.machines[host] as Machine;
    // What is on its way to the dead one still comes to it.
    this.#former.push(machine.engine);
    machine.engine = engine;
    machine.nic.port = engine.addPort("up");
    this.#begin(host);
  }

  move(from: number, to: number, name?: string): string {
    const attachment = this.core(from).attachments.find(({ partition }) => partition === VM.partition) as Attachment;
    const request = { attachments: [attachment], to: `h${to}`, ...(name !== undefined && { move: name }) };
    return this.core(from).move(request, this.fabric.nowMs);
  }

  /** Frames that were not taken, or dropped, by the name of the reason. */
  explained(move: string): Record<string, number> {
    const found: Record<string, number> = {};
    const add = (name: string, count: number) => {
      if (count > 0) found[name] = (found[name] ?? 0) + count;
    };
    for (const host of this.machines.keys()) add("moved", this.moveOf(host, move)?.machine.counters.movedFrames ?? 0);
    for (const { core, engine, nic } of this.machines) {
      add("ring-full", nic.refused);
      if (!core) continue;
      for (const { counters } of engine.ports)
        for (const [name, count] of Object.entries(counters.drops)) add(name, count);
    }
    return found;
  }

  /** How a move ended for its source, by its events. */
  ended(host: number, name: string): Extract<HostEvent, { type: "move-ended" }> | undefined {
    this.#events.push(...this.core(host).takeEvents());
    return this.#events.findLast(
      (event) => event.type === "move-ended" && event.move === name && event.side === "source",
    ) as Extract<HostEvent, { type: "move-ended" }> | undefined;
  }

  moveOf(host: number, name: string): HostMove | undefined {
    return (this.machines[host] as Machine).core?.moves.find((one) => one.name === name);
  }

  /** Time passes in steps; guests talk. */
  run(forMs: number, stepMs = 0.5): void {
    const untilMs = this.fabric.nowMs + forMs;
    while (this.fabric.nowMs < untilMs - 1e-6) {
      if (this.isSending) this.#send();
      const isTwo = () => {
        const owning = this.owning();
        this.onTime();
        if (owning.length > 1) this.wrong.add(`h${owning.join(" and h")} run at once`);
        return false;
      };
      this.fabric.runUntil(isTwo, Math.min(stepMs, untilMs - this.fabric.nowMs));
      this.#receive();
    }
  }

  takeIdle(host: number): Port {
    return this.#idle[host]?.pop() as Port;
  }

  /** A guest's port, after it has left, is another's to take. */
  giveBack(host: number, port: Port): void {
    this.#idle[host]?.push(port);
  }

  /** Ports that a host has left for guests. */
  idle(host: number): number {
    return this.#idle[host]?.length ?? 0;
  }

  /** Somebody at a host's uplink sends a payload to another's control queue pair, from whatever address. */
  inject(at: number, to: number, payload: Uint8Array, from = (this.machines[at] as Machine).address): void {
    const port = (this.machines[at] as Machine).nic.port as Port;
    const bytes = controlPacket(payload, { local: from, remote: (this.machines[to] as Machine).address, psn: 1 });
    const frame = port.reserve(bytes.length);
    if (!frame) return;
    frame.payload.set(bytes);
    if (!port.post(frame)) frame.release();
  }

  close(): void {
    for (const engine of [...this.machines.map(({ engine }) => engine), ...this.#former]) engine.close();
    for (const engine of this.#spares.values()) engine.close();
  }

  #begin(i: number): void {
    const machine = this.machines[i] as Machine;
    const { engine, name, address } = machine;
    this.#idle[i] = Array.from({ length: PORTS }, (_, v) => engine.addPort(`v${v}`));
    const idle = this.#idle[i];
    machine.core = new HostCore(
      {
        ...{ name, address, engine, uplinks: [machine.nic.port as Port], policy: POLICY },
        encapsulations: [this.#options.encapsulation],
        times: { hostLeaseMs: HOST_LEASE_MS, refreshMs: 20, absentMs: 50 },
        moves: {
          incoming: ({ adapters }) => {
            if (idle.length < adapters.length) return `${idle.length} ports, ${adapters.length} needed`;
            return adapters.map((adapter) => ({ ...adapter, vnic: idle.pop() as Port }));
          },
          limits: { ...LIMITS, ...this.#options.limits },
          ...this.#options.moves?.(i),
        },
        ...this.#options.host?.(i),
      },
      this.fabric.nowMs,
    );
  }

  #send(): void {
    const [running] = this.running();
    for (const { host, port, to, from } of this.#peers) {
      if (!this.killed.has(host)) this.#give(to, host, port);
      if (running) this.#give(from, running.host, running.attachment.vnic);
    }
  }

  #give(stream: number, host: number, port: Port): void {
    const { bytes, sent } = this.ledger.next(stream);
    if (port.receive(bytes)) sent(host);
  }

  #receive(): void {
    for (const { host, port } of this.#peers) if (!this.killed.has(host)) this.#take(host, port);
    if (this.isAsleep) return;
    for (const { host, attachment } of this.running()) this.#take(host, attachment.vnic);
  }

  #take(host: number, port: Port): void {
    for (const { bytes } of drain(port)) this.ledger.got(bytes, host);
  }
}

export async function makeFaultyWorld(options: WorldOptions): Promise<FaultyWorld> {
  const ledger = new Ledger();
  const fabric = createFabric({ seed: options.seed, tap: ledger.tap });
  const make = (host: number) =>
    createEngine({
      ...{
        wasm: MODULE,
        headers: ["ethernet", "ipv6", "udp", "geneve", "geneve-options"],
        ports: PORTS + 1,
        tunnels: 0,
      },
      ...{ overlay: { heldFrames: 512 }, migration: { stateBytes: 2 ** 20 }, mbufs: 2048, queueSize: 256 },
      ...options.engine?.(host),
    });
  const engines = await Promise.all([0, 1, 2].map(make));
  const spares = new Map<number, Engine>();
  for (const host of options.restarting ?? []) spares.set(host, await make(host));
  return new FaultyWorld(fabric, ledger, engines, spares, options);
}
