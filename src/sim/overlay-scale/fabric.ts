/**
 * A fabric of thousands of overlay hosts in virtual time, and one directory: how much each host keeps, what a move costs in messages, and how
 * long it takes until everybody sends to the new place. What runs is each host's control plane, in front of a plane that moves no frames;
 * guests "send" by having it ask where to. The directory answers at once: what is counted are messages and their way.
 */
import type { Port } from "../../buffer/port.js";
import { DirectoryStore } from "../../directory/store.js";
import { createEngine } from "../../engine.js";
import { ConfigError } from "../../errors.js";
import type { Attachment } from "../../host/attachment.js";
import { HostCore } from "../../host/core.js";
import { parseIp, parseMac } from "../../overlay/address.js";
import { definePolicy } from "../../overlay/policy/policy.js";
import type { NetworkDefinition } from "../../overlay/policy/schema.js";
import type { WasmSource } from "../../wasm.js";
import { Random } from "../random.js";
import { type ScaleReport, ScaleRun } from "../scale.js";
import { type Place, ScaleLayout, type ScaleSizes } from "./layout.js";
import { PolicyBlocks } from "./networks.js";
import { DIRECTORY, DirectoryNode, HostNode, type MessageCounts, type ScaleMessage } from "./nodes.js";
import { ScaleEngine } from "./plane.js";
import { textOf } from "./records.js";

export interface ScaleFabricOptions extends ScaleSizes {
  readonly seed: number;
  /** One way between a host and the directory, in ms; 0.5 by default. */
  readonly delayMs?: number;
  /** Besides, from 0 to this; 0.5 by default. */
  readonly jitterMs?: number;
  /** The compiled data plane, as in EngineOptions: for one small engine, whose ports all hosts share. */
  readonly wasm?: WasmSource;
}

/** What a move came to. */
export interface Move {
  /** Questions of hosts, each with an answer, and what the directory has told those who watch. */
  readonly asked: number;
  readonly pushed: number;
  /** From the call of attach on the new host until it is live, and until each host that sends to the endpoint sends there. */
  readonly liveMs: number;
  readonly redirectedMs: readonly number[];
}

/** All networks alike: tenants' rules are not what is measured. */
const NETWORK: Omit<NetworkDefinition, "vni"> = {
  groups: { inside: { prefixes: ["10.0.0.0/8"] } },
  rules: [{ from: "inside", to: "inside", action: "allow" }],
};
/** What hosts say of themselves, whatever moves. */
const OF_HOSTS = ["publishHost", "leased", "lease", "renew"] as const;
const BLOCK_SIZE = 128;
const SETTLE_MS = 50;
const PORTS = 4096;

/** Makes a fabric, with nobody attached. Throws ConfigError. */
export async function makeScaleFabric(options: ScaleFabricOptions): Promise<ScaleFabric> {
  const layout = new ScaleLayout(options);
  const sizes = { ports: PORTS, mbufs: 64, queueSize: 8, tunnels: 0 };
  const engine = await createEngine({ ...sizes, ...(options.wasm && { wasm: options.wasm }) });
  const ports = Array.from({ length: PORTS }, (_, i) => engine.addPort(`port${i}`));
  return new ScaleFabric(options, layout, ports);
}

export class ScaleFabric {
  readonly layout: ScaleLayout;
  readonly directory: DirectoryNode;
  readonly hosts: readonly HostNode[];
  readonly #run: ScaleRun<ScaleMessage>;
  readonly #vnics: readonly Port[];
  readonly #dice: Random;
  /** How many ports each host has used. */
  readonly #used: Uint16Array;

  /** @internal Made by makeScaleFabric. */
  constructor({ seed, delayMs = 0.5, jitterMs = 0.5, hosts }: ScaleFabricOptions, layout: ScaleLayout, ports: Port[]) {
    const { networks } = layout.sizes;
    this.layout = layout;
    this.#dice = new Random(seed, "attachments");
    this.#vnics = ports.slice(1);
    this.#used = new Uint16Array(hosts);
    const definitions = Array.from({ length: networks }, (_, i) => [`n${i}`, { ...NETWORK, vni: layout.vniOf(i) }]);
    const policy = definePolicy({ networks: Object.fromEntries(definitions) });
    const blocks = new PolicyBlocks();
    const names = Array.from({ length: hosts }, (_, i) => `host${i}`);
    this.hosts = names.map((name, i) => {
      const ends = {
        name,
        engine: new ScaleEngine(blocks),
        address: layout.hostAddress(i),
        uplinks: ports.slice(0, 1),
      };
      return new HostNode(new HostCore({ ...ends, policy, blockSize: BLOCK_SIZE }), i + 1);
    });
    this.directory = new DirectoryNode(new DirectoryStore(), names);
    this.#run = new ScaleRun<ScaleMessage>([this.directory, ...this.hosts], { seed, delayMs, jitterMs });
  }

  get nowMs(): number {
    return this.#run.nowMs;
  }

  /** Every host says that it is there, and attaches its endpoints at random times in most of the time given. */
  populate(forMs: number): ScaleReport {
    return this.#run.measure(() => {
      for (const host of this.hosts.keys()) this.#act(host, () => undefined);
      for (let network = 0; network < this.layout.sizes.networks; network++) {
        for (const place of this.layout.placesOf(network))
          this.#attach(place.home, place, this.#dice.unit() * 0.8 * forMs);
      }
    }, forMs);
  }

  /** Time passes. */
  rest(forMs: number): ScaleReport {
    return this.#run.measure(() => undefined, forMs);
  }

  /** Guests of a host send to so many endpoints on other hosts. Throws ConfigError where its networks have fewer. */
  talk(host: number, count: number): void {
    const others: Place[] = [];
    for (let network = 0; network < this.layout.sizes.networks && others.length < count; network++) {
      const places = this.layout.placesOf(network);
      if (places.some(({ home }) => home === host)) others.push(...places.filter(({ home }) => home !== host));
    }
    if (others.length < count) throw new ConfigError("count", count, `at most ${others.length}`);
    this.#send(host, others.slice(0, count));
    this.rest(SETTLE_MS);
  }

  /** An endpoint goes to another host, while all other hosts of its network send to it. */
  move({ vni, mac, ip, home }: Place, target: number): Move {
    const places = this.layout.placesOf(vni - this.layout.vniOf(0));
    const senders = new Set(places.map((place) => place.home));
    for (const host of [home, target]) senders.delete(host);
    for (const host of senders) this.#send(host, [{ vni, mac, ip, home }]);
    this.rest(SETTLE_MS);

    const before = this.directory.counts;
    const startMs = this.nowMs;
    const there = textOf(parseIp("address", this.layout.hostAddress(target)));
    const address = parseMac("mac", mac);
    const redirectedMs: number[] = [];
    let liveMs = Number.NaN;
    for (const host of senders) {
      const isThere = ({ plane }: HostNode["core"]) => plane.whereTo(vni, address) === there;
      this.#node(host).when(isThere, (nowMs) => redirectedMs.push(nowMs - startMs));
    }
    const attachment = this.#attach(target, { vni, mac, ip, home: target }, 0);
    this.#node(target).when(
      () => attachment()?.state === "live",
      (nowMs) => {
        liveMs = nowMs - startMs;
      },
    );
    this.rest(SETTLE_MS);
    if (redirectedMs.length < senders.size) throw new Error("hosts still send to the old place");
    const counts = this.directory.counts;
    const total = (all: MessageCounts) => Object.values(all).reduce((sum, n) => sum + n, 0);
    const ofHosts = (all: MessageCounts) => OF_HOSTS.reduce((sum, kind) => sum + all[kind], 0);
    const pushed = counts.push - before.push;
    const asked = total(counts) - total(before) - (ofHosts(counts) - ofHosts(before)) - pushed;
    return { asked, pushed, liveMs, redirectedMs };
  }

  /** Endpoints that are live. */
  get live(): number {
    return this.hosts.reduce(
      (sum, { core }) => sum + core.attachments.filter(({ state }) => state === "live").length,
      0,
    );
  }

  /** What a host's overlay keeps in records that are in use. */
  bytesOf(host: number): number {
    return this.#node(host).core.plane.bytes;
  }

  #attach(host: number, { vni, mac, ip }: Place, delayMs: number): () => Attachment | undefined {
    let attachment: Attachment | undefined;
    this.#act(
      host,
      (core, nowMs) => {
        const vnic = this.#vnics[(this.#used[host] as number)++];
        if (!vnic) throw new ConfigError("endpoints", this.#used[host], `at most ${this.#vnics.length} on a host`);
        attachment = core.attach({ partition: mac, network: vni, vnic, mac, ips: [ip] }, nowMs);
      },
      delayMs,
    );
    return () => attachment;
  }

  #send(host: number, places: readonly Place[]): void {
    this.#act(host, ({ plane }) => {
      for (const { vni, mac } of places) plane.send(vni, parseMac("mac", mac));
    });
  }

  #act(host: number, act: (core: HostNode["core"], nowMs: number) => void, delayMs = 0): void {
    this.#run.post(host + 1 + DIRECTORY, { kind: "do", act }, delayMs);
  }

  #node(host: number): HostNode {
    return this.hosts[host] as HostNode;
  }
}
