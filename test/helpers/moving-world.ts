/** Hosts with an overlay in a fabric in virtual time, and guests on them that can change host: what a tenant sees, and the underlay between. */
import { expect } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { EncapsulationName } from "../../src/directory/records.js";
import type { Tap } from "../../src/driver/loopback.js";
import type { Engine } from "../../src/engine.js";
import type { EngineOptions } from "../../src/engine-options.js";
import type { Attachment } from "../../src/host/attachment.js";
import { HostCore } from "../../src/host/core.js";
import type { IncomingAdapter } from "../../src/host/moves/options.js";
import type { AttachOptions, HostOptions } from "../../src/host/options.js";
import type { Policy } from "../../src/overlay/policy/policy.js";
import type { DirectoryLinkOptions } from "../../src/sim/directory-link.js";
import { createFabric, type Fabric } from "../../src/sim/fabric.js";
import type { LinkOptions } from "../../src/sim/link.js";
import { SimDirectory } from "../../src/sim/overlay-host.js";
import { type Build, testEngine } from "./engines.js";

export interface Guest {
  readonly partition: string;
  /** Its network's name or VNI. */
  readonly network: string | number;
  readonly mac: string;
  readonly ips: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly forwards?: boolean;
}

export interface OverlayWorldOptions {
  readonly hosts: number;
  readonly policy: Policy;
  readonly seed?: number;
  readonly family?: 4 | 6;
  /** Of a host, best first. */
  readonly encapsulations?: (host: number) => readonly EncapsulationName[];
  readonly host?: Partial<HostOptions>;
  /** Guests that one host has ports for. */
  readonly guests?: number;
  readonly engine?: EngineOptions;
  readonly build?: Build;
  readonly underlay?: LinkOptions;
  readonly directory?: DirectoryLinkOptions;
  readonly tap?: Tap;
  /** Of a host, where it is not by its number. */
  readonly address?: (host: number) => string | undefined;
  /** Hosts that are not on the underlay until they are plugged in. */
  readonly unplugged?: readonly number[];
}

export interface WorldHost {
  readonly core: HostCore;
  readonly engine: Engine;
  readonly uplink: Port;
  readonly address: string;
  /** Ports without a guest. */
  readonly idle: Port[];
}

/** Headers that make room for every encapsulation there is. */
const HEADERS = ["ethernet", "ipv6", "udp", "geneve", "geneve-options"] as const;

export class OverlayWorld {
  readonly fabric: Fabric;
  readonly directory: SimDirectory;
  readonly hosts: readonly WorldHost[];
  readonly policy: Policy;

  /** Made by makeOverlayWorld. */
  constructor(fabric: Fabric, directory: SimDirectory, hosts: readonly WorldHost[], policy: Policy) {
    this.fabric = fabric;
    this.directory = directory;
    this.hosts = hosts;
    this.policy = policy;
  }

  host(i: number): WorldHost {
    return this.hosts[i] as WorldHost;
  }

  /** A guest is to be on a host: from when the directory agrees. */
  attach(guest: Guest, host: number): Attachment {
    const { core, idle } = this.host(host);
    const vnic = idle.pop();
    if (!vnic) throw new Error(`host ${host} has no port for ${guest.partition}`);
    return core.attach({ ...guest, vnic }, this.fabric.nowMs);
  }

  /** The same, and time passes until it is there, for everybody. */
  place(guest: Guest, host: number): Attachment {
    const attachment = this.attach(guest, host);
    expect(this.fabric.settle(1000), "the fabric settles").toBe(true);
    expect(attachment.state).toBe("live");
    return attachment;
  }

  /** Brings a host to the underlay: from now on what is for its address comes to it. */
  plug(host: number): void {
    this.fabric.networks[0]?.attach(this.host(host).core.name);
  }

  /** A guest's port, after it has left, is another's to take. */
  release(host: number, vnic: Port): void {
    this.host(host).idle.push(vnic);
  }

  expectCensus(): void {
    const { hosts, holds } = this.fabric.census();
    for (const { host, lost, doubles } of hosts) expect({ host, lost, doubles }).toEqual({ host, lost: 0, doubles: 0 });
    expect(holds, "every mbuf and every frame of the underlay is in one place").toBe(true);
  }

  close(): void {
    for (const { engine } of this.hosts) engine.close();
  }
}

/** Hosts h0, h1 … at 192.0.2.1 … or fd00::1 …, each with one uplink, "up", and a directory that knows them. */
export async function makeOverlayWorld(options: OverlayWorldOptions): Promise<OverlayWorld> {
  const { seed = 1, tap, policy, family = 4, guests = 4 } = options;
  const fabric = createFabric({ seed, ...(tap && { tap }) });
  const directory = new SimDirectory(fabric, options.directory);
  const hosts: WorldHost[] = [];
  for (let i = 0; i < options.hosts; i++) {
    const address = options.address?.(i) ?? (family === 4 ? `192.0.2.${i + 1}` : `fd00::${i + 1}`);
    const engine = await testEngine(
      {
        ...{
          headers: HEADERS,
          ports: guests + 1,
          tunnels: 0,
          overlay: { heldFrames: 512 },
          migration: {},
          mbufs: 4096,
          queueSize: 512,
        },
        ...options.engine,
      },
      options.build,
    );
    const uplink = engine.addPort("up");
    const idle = Array.from({ length: guests }, (_, v) => engine.addPort(`v${v}`)).reverse();
    const core = new HostCore({
      ...{ name: `h${i}`, engine, address, uplinks: [uplink], policy },
      encapsulations: options.encapsulations?.(i) ?? ["vxlan"],
      moves: { incoming: ({ adapters }) => placesFor(adapters, idle) },
      ...options.host,
    });
    directory.join(core);
    hosts.push({ core, engine, uplink, address, idle });
  }
  const underlay = fabric.addNetwork("underlay", { delayMs: 0.05, ...options.underlay });
  for (const [i, { core }] of hosts.entries()) if (!options.unplugged?.includes(i)) underlay.attach(core.name);
  fabric.run({ forMs: 20 });
  return new OverlayWorld(fabric, directory, hosts, policy);
}

/** Ports without a guest, for a VM that comes with its adapters' state. */
function placesFor(adapters: readonly IncomingAdapter[], idle: Port[]): readonly AttachOptions[] | string {
  if (idle.length < adapters.length) return `${idle.length} ports, ${adapters.length} needed`;
  return adapters.map((adapter) => ({ ...adapter, vnic: idle.pop() as Port }));
}
