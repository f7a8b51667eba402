/** The directory on a cluster of three NATS servers: the suite, and then with servers that die, hang and come back while hosts write. */
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Block } from "../../src/directory/directory.js";
import { DirectoryUnavailable, StaleGeneration } from "../../src/directory/errors.js";
import type { NatsDirectory } from "../../src/directory/nats/node.js";
import type { EndpointRecord } from "../../src/directory/records.js";
import { has } from "../helpers/command.js";
import { eventually, insist } from "../helpers/eventually.js";
import { NATS_SERVER, NatsServers } from "../helpers/nats.js";
import { natsBed } from "./nats-bed.js";
import { directorySuite, endpoint, HOSTS } from "./suite.js";

const ENDPOINTS = 8;

describe.skipIf(!has(NATS_SERVER))("the directory on three NATS servers (nats-server)", () => {
  let servers: NatsServers;

  beforeAll(async () => {
    servers = await NatsServers.start(3);
  });
  afterAll(() => servers?.stop());

  directorySuite(async () => natsBed(servers, 3));
});

describe.skipIf(!has(NATS_SERVER))("three NATS servers that fail (nats-server)", () => {
  let servers: NatsServers;

  beforeAll(async () => {
    servers = await NatsServers.start(3);
  });
  afterAll(() => servers?.stop());

  it("loses nothing that it acknowledged while the leader is killed, comes back, and the next is cut off", async () => {
    const bed = natsBed(servers, 3, { timeoutMs: 1500, resyncMs: 3000 });
    const writers = [await bed.open(), await bed.open(), await bed.open()] as const;
    const world = new World(writers);
    try {
      await insist(() => publishHosts(writers[0]));
      const views = [
        await insist(async () => Seen.watching(await bed.open())),
        await insist(async () => Seen.watching(await bed.open())),
      ];

      const load = world.run();
      await world.grows(30);
      const killed = await leaderOf(servers, bed.bucket);
      servers.kill(killed);
      await world.grows(30);
      servers.restart(killed);
      await servers.ready();
      await world.grows(30);
      const frozen = await leaderOf(servers, bed.bucket);
      servers.freeze(frozen);
      await world.grows(30);
      servers.thaw(frozen);
      await servers.ready();
      await world.grows(30);
      world.stop();
      await load;

      // Whoever was refused an answer may have been heard: what counts is that nothing acknowledged was lost.
      const reader = await bed.open();
      const truth = new Map<string, EndpointRecord>();
      for (let id = 0; id < ENDPOINTS; id++) {
        const { mac, gqpn } = identity(id);
        await eventually(async () => {
          const found = await reader.resolve({ vni: 5000, mac });
          if (found !== undefined) truth.set(mac, found.endpoint);
          return found !== undefined;
        });
        const now = truth.get(mac) as EndpointRecord;
        expect(now.generation).toBeGreaterThanOrEqual(world.acknowledged.get(mac)?.generation ?? 0);
        if (now.generation === world.acknowledged.get(mac)?.generation)
          expect(now).toEqual(world.acknowledged.get(mac));
        expect((await insist(() => reader.resolve({ gqpn })))?.endpoint).toEqual(now);
        expect((await insist(() => reader.resolve({ vni: 5000, ip: now.ips[0] as string })))?.endpoint).toEqual(now);
      }
      for (const { last } of views) {
        await eventually(() => [...truth].every(([mac, { generation }]) => last.get(mac)?.generation === generation));
        expect(Object.fromEntries(last)).toEqual(Object.fromEntries(truth));
      }
      for (const { wentBack } of views) expect(wentBack).toBe(0);
      expectDisjoint(world.blocks);
      expect(world.acknowledgedTwice).toEqual([]);
    } finally {
      world.stop();
      await bed.close();
    }
  });

  it("refuses to write while two of three are away, answers nothing false, and goes on when one is back", async () => {
    const bed = natsBed(servers, 3, { timeoutMs: 1500 });
    try {
      const writer = await bed.open();
      await insist(() => publishHosts(writer));
      await insist(() => writer.publish(endpoint()));
      servers.kill(0);
      servers.kill(1);
      expect(await writer.publish(endpoint({ generation: 2 })).catch((error) => error)).toBeInstanceOf(
        DirectoryUnavailable,
      );
      expect(await writer.allocateBlock("alpha", 16).catch((error) => error)).toBeInstanceOf(DirectoryUnavailable);
      servers.restart(0);
      await eventually(async () => (await writer.publish(endpoint({ generation: 3 }))) > 0);
      await eventually(async () => (await writer.resolve({ gqpn: 4660 }))?.endpoint.generation === 3);
    } finally {
      servers.restart(1);
      await servers.ready();
      await bed.close();
    }
  });
});

/** The server that decides what is written to a bucket. */
async function leaderOf(servers: NatsServers, bucket: string): Promise<number> {
  return insist(async () => {
    const connection = await connect({ servers: servers.urls });
    try {
      const { streamInfo } = await (await new Kvm(connection).open(bucket)).status();
      const index = ["n0", "n1", "n2"].indexOf(streamInfo.cluster?.leader ?? "");
      if (index < 0) throw new Error("no leader yet");
      return index;
    } finally {
      await connection.close();
    }
  });
}

async function publishHosts(directory: NatsDirectory): Promise<void> {
  for (const host of HOSTS) await directory.publishHost(host);
}

function identity(id: number): Pick<EndpointRecord, "mac" | "gqpn" | "ips" | "partition"> {
  return { mac: `02:00:00:00:02:0${id}`, gqpn: 700 + id, ips: [`10.0.2.${id}`], partition: `vm ${id}` };
}

/** Three hosts that move endpoints to themselves as fast as they can, each move of a generation that the others may claim too. */
class World {
  readonly acknowledged = new Map<string, EndpointRecord>();
  readonly blocks: Block[] = [];
  /** Generations that two hosts were told they have. */
  readonly acknowledgedTwice: string[] = [];
  readonly #owners = new Map<string, string>();
  readonly #writers: readonly NatsDirectory[];
  #isStopped = false;
  #done = 0;

  constructor(writers: readonly NatsDirectory[]) {
    this.#writers = writers;
  }

  async run(): Promise<void> {
    await Promise.all(this.#writers.map((writer, i) => this.#write(writer, HOSTS[i]?.name ?? "")));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Waits for as many acknowledged publishes more. */
  async grows(count: number): Promise<void> {
    const goal = this.#done + count;
    await eventually(() => this.#done >= goal);
  }

  async #write(writer: NatsDirectory, host: string): Promise<void> {
    for (let step = 0; !this.#isStopped; step++) {
      const own = identity(step % ENDPOINTS);
      const generation = 1 + (this.acknowledged.get(own.mac)?.generation ?? 0);
      try {
        const record = endpoint({ ...own, host, generation });
        await writer.publish(record);
        this.#acknowledge(record);
        if (step % 5 === 0) this.blocks.push(await writer.allocateBlock(host, 16));
      } catch (error) {
        if (error instanceof StaleGeneration) this.#learn(error);
        else if (!(error instanceof DirectoryUnavailable || this.#isStopped)) throw error;
      }
    }
  }

  #acknowledge(record: EndpointRecord): void {
    this.#done++;
    const claim = `${record.mac} ${record.generation}`;
    const owner = this.#owners.get(claim);
    if (owner !== undefined && owner !== record.host) this.acknowledgedTwice.push(claim);
    this.#owners.set(claim, record.host);
    const known = this.acknowledged.get(record.mac);
    if (record.generation > (known?.generation ?? 0)) this.acknowledged.set(record.mac, record);
  }

  /** Somebody has it whose acknowledgement was lost on its way, or is. */
  #learn({ winner }: StaleGeneration): void {
    if (winner === undefined) return;
    const known = this.acknowledged.get(winner.mac);
    if (winner.generation > (known?.generation ?? 0)) this.acknowledged.set(winner.mac, winner);
  }
}

/** What a watcher has heard last of each endpoint. */
class Seen {
  readonly last = new Map<string, EndpointRecord>();
  wentBack = 0;

  static async watching(directory: NatsDirectory): Promise<Seen> {
    const seen = new Seen();
    await directory.watch({ vni: 5000 }, (change) => {
      if (change.type !== "endpoint") return;
      const { mac, generation } = change.endpoint;
      if (generation <= (seen.last.get(mac)?.generation ?? 0)) seen.wentBack++;
      seen.last.set(mac, change.endpoint);
    });
    return seen;
  }
}

function expectDisjoint(blocks: readonly Block[]): void {
  expect(blocks.length).toBeGreaterThan(5);
  const sorted = [...blocks].sort((a, b) => a.first - b.first);
  for (const [i, { first }] of sorted.entries()) {
    if (i > 0) expect(first).toBeGreaterThanOrEqual((sorted[i - 1]?.first ?? 0) + (sorted[i - 1]?.size ?? 0));
  }
}
