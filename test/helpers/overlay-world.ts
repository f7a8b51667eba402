/**
 * Overlay hosts for tests, in a fabric of virtual time with a directory: partitions by number, and their frames.
 *
 *   const world = await makeWorld({ networks: { blue: { vni: 42, default: "allow" } } });
 *   const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
 *   world.run(100);
 *   a.send(a.udp(b));
 *   world.run(10);
 *   b.take(); // the frame
 */
import { expect } from "vitest";
import type { Port, PortOptions } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import type { EngineOptions } from "../../src/engine-options.js";
import type { Attachment } from "../../src/host/attachment.js";
import { HostCore } from "../../src/host/core.js";
import type { AttachOptions, HostOptions } from "../../src/host/options.js";
import type { LagGroup } from "../../src/lag/group.js";
import type { LagGroupOptions } from "../../src/lag/options.js";
import type { LimitsOptions } from "../../src/limit/limits.js";
import { parseIp } from "../../src/overlay/address.js";
import { definePolicy, type Policy } from "../../src/overlay/policy/policy.js";
import type { PolicyDefinition } from "../../src/overlay/policy/schema.js";
import type { DirectoryLinkOptions } from "../../src/sim/directory-link.js";
import { createFabric, type Fabric } from "../../src/sim/fabric.js";
import type { LinkOptions } from "../../src/sim/link.js";
import { SimDirectory } from "../../src/sim/overlay-host.js";
import { counting, macFrom } from "./bytes.js";
import { type Build, testEngine } from "./engines.js";
import * as f from "./frames.js";
import { bytesOf, drain, total } from "./ports.js";

export interface WorldOptions extends PolicyDefinition {
  /** How many; 2 by default. Host n has the address 192.0.2.(n + 1), or fd00::(n + 1). */
  readonly hosts?: number;
  readonly family?: 4 | 6;
  /** Of all hosts, or of each by its number. */
  readonly host?: Partial<HostOptions> | ((i: number) => Partial<HostOptions>);
  readonly uplinks?: number;
  /** Uplinks are one group. */
  readonly group?: Partial<LagGroupOptions> | ((i: number) => Partial<LagGroupOptions>);
  readonly engine?: EngineOptions;
  readonly uplink?: PortOptions;
  /** What partitions that say so may hold of a host's mbufs. */
  readonly limits?: LimitsOptions;
  readonly link?: LinkOptions;
  readonly directory?: DirectoryLinkOptions;
  readonly build?: Build;
}

export interface Wired {
  readonly from: string;
  readonly uplink: string;
  readonly bytes: Uint8Array;
}

export type Guesting = Partial<AttachOptions> & { readonly network?: string };

const VNICS = 6;

export class World {
  readonly fabric: Fabric;
  readonly directory: SimDirectory;
  readonly hosts: readonly WorldHost[];
  /** Frames that have left a host, in their order. */
  readonly wire: Wired[] = [];

  constructor(fabric: Fabric, directory: SimDirectory, hosts: readonly WorldHost[]) {
    this.fabric = fabric;
    this.directory = directory;
    this.hosts = hosts;
  }

  host(i: number): WorldHost {
    return this.hosts[i] as WorldHost;
  }

  run(forMs: number): void {
    this.fabric.run({ forMs });
    expect(this.fabric.census().holds).toBe(true);
  }

  /** Partition n of the first network, or of another, on host i: 02:00:00:00:00:0n, 10.0.0.n, fd00:a::n. */
  attach(i: number, n: number, options: Guesting = {}): Guest {
    const host = this.host(i);
    const vnic = options.vnic ?? host.idleVnic();
    const [network] = host.policy.networks.keys();
    const attachment = host.core.attach(
      {
        ...{ partition: `vm${n}`, network: network as string, mac: macOf(n), ips: [`10.0.0.${n}`, `fd00:a::${n}`] },
        ...options,
        vnic,
      },
      this.fabric.nowMs,
    );
    return new Guest(this, host, attachment, n);
  }

  /** The partition on another host, as its own guest of now; time passes until it is there. */
  move(guest: Guest, i: number, forMs = 50): Guest {
    const { options } = guest.attachment;
    const { vnic: _, ...rest } = options;
    const moved = this.attach(i, guest.n, rest as Guesting);
    this.run(forMs);
    return moved;
  }

  /** Directory cut off from these hosts, all by default; returns what repairs it. */
  cut(hosts: readonly WorldHost[] = this.hosts): () => void {
    const repairs = hosts.map(({ core }) => this.directory.link.cut(core.name));
    return () => {
      for (const repair of repairs) repair();
    };
  }
}

export class WorldHost {
  readonly core: HostCore;
  readonly engine: Engine;
  readonly policy: Policy;
  readonly uplinks: readonly Port[];
  readonly group: LagGroup | undefined;
  readonly vnics: readonly Port[];

  constructor(core: HostCore, policy: Policy, vnics: readonly Port[]) {
    this.core = core;
    this.engine = core.engine;
    this.policy = policy;
    this.uplinks = core.uplinks;
    this.group = core.group;
    this.vnics = vnics;
  }

  /** A port that no partition has. */
  idleVnic(): Port {
    const vnic = this.vnics.find((port) => !this.core.attachments.some((other) => other.vnic === port));
    if (!vnic) throw new Error(`${this.core.name} has no idle vnic`);
    return vnic;
  }

  /** Dropped frames of all ports together. */
  get drops(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const port of this.engine.ports) {
      for (const [cause, count] of Object.entries(port.counters.drops)) all[cause] = (all[cause] ?? 0) + count;
    }
    return all;
  }

  get events() {
    return this.core.takeEvents();
  }
}

export interface Talk extends Omit<f.Ipv4Options, "checksum">, f.UdpOptions {
  readonly payload?: ArrayLike<number>;
  readonly tags?: f.EthernetOptions["tags"];
}

/** A partition, and what its guest says. */
export class Guest {
  readonly world: World;
  readonly host: WorldHost;
  readonly attachment: Attachment;
  readonly n: number;

  constructor(world: World, host: WorldHost, attachment: Attachment, n: number) {
    this.world = world;
    this.host = host;
    this.attachment = attachment;
    this.n = n;
  }

  get vnic(): Port {
    return this.attachment.vnic;
  }

  get mac(): Uint8Array {
    return macFrom(this.attachment.mac);
  }

  get ip(): Uint8Array {
    return parseIp("ip", this.attachment.ips.find((ip) => !ip.includes(":")) as string);
  }

  get ip6(): Uint8Array {
    return parseIp("ip", this.attachment.ips.find((ip) => ip.includes(":")) as string);
  }

  get drops(): Readonly<Record<string, number>> {
    return this.vnic.counters.drops;
  }

  get dropped(): number {
    return total(this.drops);
  }

  /** An Ethernet frame from here. */
  frame(inside: f.Layer3, to: Pick<Guest, "mac">, tags: f.EthernetOptions["tags"] = []): Uint8Array {
    return f.ethernet(inside, { src: this.mac, dst: to.mac, tags });
  }

  /** UDP in IPv4 to another partition. */
  udp(to: Pick<Guest, "mac" | "ip">, { payload = counting(32), tags, ...o }: Talk = {}): Uint8Array {
    return this.frame(f.ipv4(f.udp(payload, o), { src: this.ip, dst: to.ip, fragment: 0, ...ipOf(o) }), to, tags);
  }

  /** UDP in IPv6. */
  udp6(to: Pick<Guest, "mac" | "ip6">, { payload = counting(32), ...o }: f.UdpOptions & Pick<Talk, "payload"> = {}) {
    return this.frame(f.ipv6(f.udp(payload, o), { src: this.ip6, dst: to.ip6 }), to);
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) expect(this.vnic.receive(frame)).toBe(true);
  }

  /** What the guest was given since the last time. */
  take(): Uint8Array[] {
    return drain(this.vnic).map(({ bytes }) => bytes);
  }
}

function ipOf({ tos, ttl, identification, fragment, options, src, dst }: Talk): f.Ipv4Options {
  const all = { tos, ttl, identification, fragment, options, src, dst };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export async function makeWorld(options: WorldOptions): Promise<World> {
  const { networks, hosts: count = 2, directory: link = {}, link: wire = { delayMs: 0.05 } } = options;
  const seen: Wired[] = [];
  const fabric = createFabric({
    seed: 7,
    tap: (frame, uplink) => {
      const host = hosts.find(({ uplinks }) => uplinks.includes(uplink)) as WorldHost;
      seen.push({ from: host.core.name, uplink: uplink.name, bytes: bytesOf(frame) });
    },
  });
  const directory = new SimDirectory(fabric, link);
  const policy = definePolicy({ networks });
  const hosts = await Promise.all(Array.from({ length: count }, (_, i) => makeWorldHost(i, policy, options)));
  const underlay = fabric.addNetwork("underlay", wire);
  for (const { core } of hosts) {
    directory.join(core);
    underlay.attach(core.name);
  }
  const world = new World(fabric, directory, hosts);
  Object.assign(world, { wire: seen });
  world.run(20);
  return world;
}

async function makeWorldHost(i: number, policy: Policy, options: WorldOptions): Promise<WorldHost> {
  const { uplinks: count = 1, family = 4, host = {}, group, engine: engineOptions, uplink, limits, build } = options;
  const engine = await testEngine(
    {
      ...{ ports: count + VNICS, mbufs: 512, queueSize: 128, tunnels: 0, overlay: {}, ...(group && { lag: {} }) },
      ...(limits && { limits: {} }),
      headers: ["ethernet", "vlan", "ipv6", "udp", "vxlan", "udp", "udp", "udp", "udp", "udp", "udp"],
      ...engineOptions,
    },
    build,
  );
  const ports = Array.from({ length: count }, (_, n) => engine.addPort(`up${n}`, uplink));
  const vnics = Array.from({ length: VNICS }, (_, n) => engine.addPort(`v${n}`));
  const core = new HostCore({
    ...{ name: `h${i}`, engine, address: addressOf(i, family), policy },
    uplinks: group ? engine.addLagGroup({ ports, ...(typeof group === "function" ? group(i) : group) }) : ports,
    ...(limits && { limits: engine.addLimits(limits) }),
    ...(typeof host === "function" ? host(i) : host),
  });
  return new WorldHost(core, policy, vnics);
}

export function addressOf(i: number, family: 4 | 6 = 4): string {
  return family === 4 ? `192.0.2.${i + 1}` : `fd00::${i + 1}`;
}

export function macOf(n: number): string {
  return `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`;
}

/** Frames as text, so that lists of them can be compared and read. */
export function hexOf(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString("hex"));
}

/** Asserts that these frames came, in this order, byte for byte. */
export function expectFrames(got: readonly Uint8Array[], wanted: readonly Uint8Array[]): void {
  expect(hexOf(got)).toEqual(hexOf(wanted));
}
