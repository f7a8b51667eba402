/** What every directory does, whoever keeps it. Run by embedded.test.ts, nats.test.ts and nats-cluster.test.ts. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Block, Directory } from "../../src/directory/directory.js";
import { BlockInUse, DirectoryClosed, LeaseExpired, StaleGeneration } from "../../src/directory/errors.js";
import type { DirectoryChange, EndpointRecord, HostRecord } from "../../src/directory/records.js";
import { ConfigError } from "../../src/errors.js";
import { eventually } from "../helpers/eventually.js";
import { Random } from "../helpers/property.js";

/** One directory that nobody has used, and as many hosts' views of it as a test wants. */
export interface DirectoryBed {
  /** A view of its own: another connection, where there are connections. */
  open(): Promise<Directory>;
  /** Lets time go by, a little of it, for leases and whoever waits. */
  pass(): Promise<void>;
  /** Lets quarantines end. */
  skip(ms: number): void;
  close(): Promise<void>;
}

/** Bounds that every bed keeps to. */
export const SUITE_LEASE_MS = 1000;
export const SUITE_QUARANTINE_MS = 60_000;

export const HOSTS: readonly HostRecord[] = ["alpha", "beta", "gamma"].map((name, i) => ({
  name,
  address: i === 2 ? "2001:db8::3" : `192.0.2.${i + 1}`,
  mtuBytes: 9000,
  encapsulations: ["geneve", "vxlan"],
  ...(i === 0 ? { lid: 7 } : {}),
}));

export function endpoint(changes: Partial<EndpointRecord> = {}): EndpointRecord {
  return {
    vni: 5000,
    mac: "02:00:00:00:00:01",
    ips: ["10.0.0.1", "2001:db8:0:1::1"],
    partition: "web.1 / röd",
    labels: { role: "web" },
    host: "alpha",
    gqpn: 4660,
    generation: 1,
    ...changes,
  };
}

/** The error that a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

export function directorySuite(makeBed: () => Promise<DirectoryBed>): void {
  let bed: DirectoryBed;
  let directory: Directory;

  beforeEach(async () => {
    bed = await makeBed();
    directory = await bed.open();
    for (const host of HOSTS) await directory.publishHost(host);
  });

  afterEach(() => bed.close());

  const until = (condition: () => Promise<boolean> | boolean) => eventually(condition, () => bed.pass());

  describe("questions", () => {
    it("finds an endpoint by identity, address, name and number, with its host", async () => {
      const sequence = await directory.publish(endpoint());
      const answer = { endpoint: endpoint(), host: HOSTS[0], alive: true, sequence };
      const other = await bed.open();
      for (const query of [
        { vni: 5000, mac: "02:00:00:00:00:01" },
        { vni: 5000, ip: "10.0.0.1" },
        { vni: 5000, ip: "2001:db8:0:1::1" },
        { vni: 5000, partition: "web.1 / röd" },
        { gqpn: 4660 },
      ]) {
        expect(await other.resolve(query)).toEqual(answer);
      }
    });

    it("finds nothing in another network, under another name, or on a host that is unknown", async () => {
      await directory.publish(endpoint());
      await directory.publish(endpoint({ vni: 5001, mac: "02:00:00:00:00:02", host: "delta", gqpn: 4661 }));
      for (const query of [
        { vni: 5001, mac: "02:00:00:00:00:01" },
        { vni: 5002, ip: "10.0.0.1" },
        { vni: 5000, ip: "10.0.0.2" },
        { vni: 5000, partition: "web" },
        { gqpn: 4662 },
        { vni: 5001, mac: "02:00:00:00:00:02" },
        { gqpn: 4661 },
      ]) {
        expect(await directory.resolve(query)).toBeUndefined();
      }
      expect(await directory.resolveHost("delta")).toBeUndefined();
    });

    it("keeps networks apart that have everything alike", async () => {
      await directory.publish(endpoint());
      await directory.publish(endpoint({ vni: 6000, host: "beta", gqpn: 4661 }));
      expect((await directory.resolve({ vni: 5000, ip: "10.0.0.1" }))?.host.name).toBe("alpha");
      expect((await directory.resolve({ vni: 6000, ip: "10.0.0.1" }))?.host.name).toBe("beta");
    });

    it("tells hosts, and what became of them", async () => {
      expect(await directory.resolveHost("alpha")).toEqual({ host: HOSTS[0], alive: true });
      const moved = { ...(HOSTS[0] as HostRecord), address: "192.0.2.77" };
      await directory.publishHost(moved);
      expect(await directory.resolveHost("alpha")).toEqual({ host: moved, alive: true });
    });

    it("names a network's hosts", async () => {
      await directory.publish(endpoint({ host: "gamma" }));
      await directory.publish(endpoint({ mac: "02:00:00:00:00:02", gqpn: 4661 }));
      await directory.publish(endpoint({ mac: "02:00:00:00:00:03", gqpn: 4662 }));
      const names = async (vni: number) => (await directory.members(vni)).map(({ host }) => host.name);
      expect(await names(5000)).toEqual(["alpha", "gamma"]);
      expect(await names(5001)).toEqual([]);
      await directory.withdraw(5000, "02:00:00:00:00:01", 1);
      expect(await names(5000)).toEqual(["alpha"]);
    });
  });

  describe("claims", () => {
    it("takes the same record again, and nothing else of that generation", async () => {
      const sequence = await directory.publish(endpoint());
      expect(await directory.publish(endpoint())).toBe(sequence);
      const error = await rejection((await bed.open()).publish(endpoint({ host: "beta" })));
      expect(error).toBeInstanceOf(StaleGeneration);
      expect(error).toMatchObject({ code: "STALE_GENERATION", generation: 1, winner: endpoint() });
      expect((await directory.resolve({ gqpn: 4660 }))?.endpoint).toEqual(endpoint());
    });

    it("takes a higher generation, forgets what the lower one said, and refuses the lower one", async () => {
      const before = await directory.publish(endpoint());
      const moved = endpoint({ host: "beta", ips: ["10.0.0.9"], partition: "web", gqpn: 4700, generation: 2 });
      expect(await directory.publish(moved)).toBeGreaterThan(before);
      expect(await rejection(directory.publish(endpoint()))).toMatchObject({ generation: 2, winner: moved });
      for (const query of [{ vni: 5000, ip: "10.0.0.1" }, { vni: 5000, partition: "web.1 / röd" }, { gqpn: 4660 }]) {
        expect(await directory.resolve(query)).toBeUndefined();
      }
      for (const query of [
        { vni: 5000, mac: moved.mac },
        { vni: 5000, ip: "10.0.0.9" },
        { vni: 5000, partition: "web" },
        { gqpn: 4700 },
      ]) {
        expect(await directory.resolve(query)).toMatchObject({ endpoint: moved, host: HOSTS[1] });
      }
    });

    it("withdraws, remembers the generation, and takes a higher one", async () => {
      await directory.publish(endpoint({ generation: 5 }));
      expect(await rejection(directory.withdraw(5000, "02:00:00:00:00:01", 4))).toMatchObject({
        generation: 5,
        winner: endpoint({ generation: 5 }),
      });
      await directory.withdraw(5000, "02:00:00:00:00:01", 5);
      await directory.withdraw(5000, "02:00:00:00:00:01", 5);
      for (const query of [{ vni: 5000, mac: "02:00:00:00:00:01" }, { vni: 5000, ip: "10.0.0.1" }, { gqpn: 4660 }]) {
        expect(await directory.resolve(query)).toBeUndefined();
      }
      for (const generation of [4, 5]) {
        const error = await rejection(directory.publish(endpoint({ generation })));
        expect(error).toMatchObject({ generation: 5, winner: undefined });
      }
      await directory.publish(endpoint({ generation: 6 }));
      expect((await directory.resolve({ vni: 5000, ip: "10.0.0.1" }))?.endpoint.generation).toBe(6);
    });

    it("lets a withdrawal that arrives first count", async () => {
      await directory.withdraw(5000, "02:00:00:00:00:01", 3);
      expect(await rejection(directory.publish(endpoint({ generation: 3 })))).toMatchObject({ generation: 3 });
    });

    it("gives the highest of many claims at once the endpoint, and tells the others", async () => {
      const views = await Promise.all(Array.from({ length: 4 }, () => bed.open()));
      const claims = Array.from({ length: 12 }, (_, i) =>
        endpoint({ generation: i + 1, host: HOSTS[i % 3]?.name ?? "", partition: `claim ${i + 1}` }),
      );
      const results = await Promise.allSettled(claims.map((claim, i) => views[i % 4]?.publish(claim)));
      expect((await directory.resolve({ vni: 5000, mac: "02:00:00:00:00:01" }))?.endpoint).toEqual(claims[11]);
      expect(results[11]?.status).toBe("fulfilled");
      for (const [i, result] of results.entries()) {
        if (result.status === "fulfilled") continue;
        expect(result.reason).toBeInstanceOf(StaleGeneration);
        expect(result.reason.generation).toBeGreaterThan(i + 1);
      }
    });

    it("gives one of many equal claims the endpoint", async () => {
      const views = await Promise.all(Array.from({ length: 4 }, () => bed.open()));
      const claims = views.map((_, i) => endpoint({ partition: `claim ${i}` }));
      const results = await Promise.allSettled(claims.map((claim, i) => views[i]?.publish(claim)));
      const winners = claims.filter((_, i) => results[i]?.status === "fulfilled");
      expect(winners).toHaveLength(1);
      expect((await directory.resolve({ vni: 5000, mac: "02:00:00:00:00:01" }))?.endpoint).toEqual(winners[0]);
      for (const result of results) if (result.status === "rejected") expect(result.reason.winner).toEqual(winners[0]);
    });

    it("lets addresses and names be shared, and answers with the highest generation", async () => {
      const shared = { ips: ["10.0.0.1"], partition: "pair" };
      await directory.publish(endpoint({ ...shared, generation: 2 }));
      await directory.publish(endpoint({ ...shared, mac: "02:00:00:00:00:02", gqpn: 4661, generation: 7 }));
      await directory.publish(endpoint({ ...shared, mac: "02:00:00:00:00:03", gqpn: 4662, generation: 2 }));
      const holder = async () => [
        (await directory.resolve({ vni: 5000, ip: "10.0.0.1" }))?.endpoint.mac,
        (await directory.resolve({ vni: 5000, partition: "pair" }))?.endpoint.mac,
      ];
      expect(await holder()).toEqual(["02:00:00:00:00:02", "02:00:00:00:00:02"]);
      await directory.withdraw(5000, "02:00:00:00:00:02", 7);
      expect(await holder()).toEqual(["02:00:00:00:00:01", "02:00:00:00:00:01"]);
      await directory.withdraw(5000, "02:00:00:00:00:01", 2);
      expect(await holder()).toEqual(["02:00:00:00:00:03", "02:00:00:00:00:03"]);
    });

    it("gives a global queue-pair number to the highest generation, and withdraws the other", async () => {
      const first = endpoint({ generation: 3 });
      await directory.publish(first);
      const rival = (generation: number) => endpoint({ vni: 6000, mac: "02:00:00:00:00:02", generation });
      for (const generation of [2, 3]) {
        expect(await rejection(directory.publish(rival(generation)))).toMatchObject({ generation: 3, winner: first });
      }
      expect((await directory.resolve({ gqpn: 4660 }))?.endpoint).toEqual(first);
      await directory.publish(rival(4));
      expect((await directory.resolve({ gqpn: 4660 }))?.endpoint).toEqual(rival(4));
      expect(await directory.resolve({ vni: 5000, mac: first.mac })).toBeUndefined();
      expect(await rejection(directory.publish(first))).toMatchObject({ generation: 3, winner: rival(4) });
    });

    it("leaves one owner of a number that many claim at once", async () => {
      const views = await Promise.all(Array.from({ length: 4 }, () => bed.open()));
      for (const gqpn of [9000, 9001, 9002]) {
        const claims = views.map((_, i) => endpoint({ mac: `02:00:00:00:00:1${i}`, gqpn, generation: gqpn + (i % 3) }));
        const results = await Promise.allSettled(claims.map((claim, i) => views[i]?.publish(claim)));
        const present = [];
        for (const claim of claims) {
          const found = await directory.resolve({ vni: claim.vni, mac: claim.mac });
          if (found !== undefined) present.push(found.endpoint);
        }
        expect(present).toEqual([claims[2]]);
        expect(results[2]?.status).toBe("fulfilled");
        expect((await directory.resolve({ gqpn }))?.endpoint).toEqual(claims[2]);
      }
    });
  });

  describe("watches", () => {
    it("tell what is there, then what changes, in one network", async () => {
      await directory.publish(endpoint());
      await directory.publish(endpoint({ vni: 6000, gqpn: 4661 }));
      const heard: DirectoryChange[] = [];
      const other = await bed.open();
      const watch = await other.watch({ vni: 5000 }, (change) => heard.push(change));
      expect(heard).toMatchObject([{ type: "endpoint", endpoint: endpoint(), host: HOSTS[0], alive: true }]);

      const moved = endpoint({ host: "beta", generation: 2 });
      const sequence = await directory.publish(moved);
      await directory.publish(endpoint({ vni: 6000, gqpn: 4661, generation: 2 }));
      await directory.withdraw(5000, moved.mac, 2);
      await until(() => heard.length >= 3);
      expect(heard.slice(1)).toMatchObject([
        { type: "endpoint", endpoint: moved, host: HOSTS[1], alive: true, sequence },
        { type: "withdrawn", vni: 5000, mac: moved.mac, generation: 2 },
      ]);
      expect(heard[2]?.sequence).toBeGreaterThan(sequence);
      await watch.resync();
      expect(heard).toHaveLength(3);
    });

    it("tell who lost a number", async () => {
      const heard: DirectoryChange[] = [];
      await (await bed.open()).watch("all", (change) => change.type !== "host" && heard.push(change));
      await directory.publish(endpoint());
      await directory.publish(endpoint({ vni: 6000, generation: 2 }));
      const isLost = (change: DirectoryChange) => change.type === "withdrawn" && change.vni === 5000;
      await until(() => heard.some(isLost) && heard.length === 3);
      expect(heard.filter(isLost)).toMatchObject([{ mac: "02:00:00:00:00:01", generation: 1 }]);
    });

    it("are silent once stopped", async () => {
      const heard: DirectoryChange[] = [];
      const stopped = await directory.watch("all", () => expect.fail("it was stopped"));
      stopped.stop();
      const other = await bed.open();
      await other.watch({ vni: 5000 }, (change) => heard.push(change));
      await directory.publish(endpoint());
      await until(() => heard.length === 1);
    });

    it("converge on what the directory says, and never go back", async () => {
      const random = new Random(5);
      const views = await Promise.all(HOSTS.map(() => bed.open()));
      const maps = [new Map<string, EndpointRecord>(), new Map<string, EndpointRecord>()];
      const newest = new Map<string, number>();
      for (const [i, map] of maps.entries()) {
        await (await bed.open()).watch(i === 0 ? "all" : { vni: 1 }, (change) => {
          if (change.type === "host") return;
          const { vni, mac, generation } = change.type === "endpoint" ? change.endpoint : change;
          const key = `${vni} ${mac}`;
          expect(generation).toBeGreaterThanOrEqual(newest.get(`${i} ${key}`) ?? 0);
          newest.set(`${i} ${key}`, generation);
          if (change.type === "endpoint") map.set(key, change.endpoint);
          else map.delete(key);
        });
      }
      await Promise.all(
        views.map(async (view, i) => {
          for (let step = 1; step <= 20; step++) {
            const id = random.below(6);
            const vni = 1 + (id & 1);
            const mac = `02:00:00:00:01:0${id}`;
            const generation = random.between(1, 30);
            const host = HOSTS[i]?.name ?? "";
            const work =
              random.below(4) === 0
                ? view.withdraw(vni, mac, generation)
                : view.publish(endpoint({ vni, mac, generation, host, gqpn: 100 + id, partition: `p${step}` }));
            await work.catch((error) => expect(error).toBeInstanceOf(StaleGeneration));
          }
        }),
      );
      const truth = new Map<string, EndpointRecord>();
      for (let id = 0; id < 6; id++) {
        const identity = { vni: 1 + (id & 1), mac: `02:00:00:00:01:0${id}` };
        const found = await directory.resolve(identity);
        if (found !== undefined) truth.set(`${identity.vni} ${identity.mac}`, found.endpoint);
      }
      const first = new Map([...truth].filter(([, { vni }]) => vni === 1));
      const text = (map: Map<string, EndpointRecord>) => JSON.stringify([...map].sort());
      await until(() => text(maps[0] ?? new Map()) === text(truth) && text(maps[1] ?? new Map()) === text(first));
    });
  });

  describe("blocks", () => {
    it("are disjoint, however many hosts ask at once, and hold no reserved number", async () => {
      const views = await Promise.all(Array.from({ length: 4 }, () => bed.open()));
      const asked = Array.from({ length: 24 }, (_, i) => ({
        host: `host ${i % 6}`,
        size: [1, 16, 256, 1000][i % 4] ?? 1,
      }));
      const blocks = await Promise.all(
        asked.map(({ host, size }, i) => (views[i % 4] as Directory).allocateBlock(host, size)),
      );
      expect(blocks.map(({ size }) => size)).toEqual(asked.map(({ size }) => size));
      const sorted = [...blocks].sort((a, b) => a.first - b.first);
      for (const [i, { first, size }] of sorted.entries()) {
        expect(first).toBeGreaterThanOrEqual(2);
        expect(first + size - 1).toBeLessThanOrEqual(0xfffffd);
        if (i > 0) expect(first).toBeGreaterThanOrEqual((sorted[i - 1]?.first ?? 0) + (sorted[i - 1]?.size ?? 0));
      }
    });

    it("come back only from their owner, and only when none of their numbers is published", async () => {
      const block = await directory.allocateBlock("alpha", 300);
      expect(await rejection(directory.releaseBlock("beta", block))).toBeInstanceOf(BlockInUse);
      const half = { first: block.first, size: 150 };
      expect(await rejection(directory.releaseBlock("alpha", half))).toBeInstanceOf(BlockInUse);
      await directory.publish(endpoint({ gqpn: block.first + 299, host: "beta" }));
      expect(await rejection(directory.releaseBlock("alpha", block))).toMatchObject({ code: "BLOCK_IN_USE" });
      await directory.withdraw(5000, "02:00:00:00:00:01", 1);
      await directory.releaseBlock("alpha", block);
      expect(await rejection(directory.releaseBlock("alpha", block))).toBeInstanceOf(BlockInUse);
    });

    it("rest before anybody gets them again", async () => {
      const block = await directory.allocateBlock("alpha", 32_768);
      await directory.releaseBlock("alpha", block);
      const overlaps = (other: Block) =>
        other.first < block.first + block.size && block.first < other.first + other.size;
      for (let i = 0; i < 3; i++) expect(overlaps(await directory.allocateBlock("alpha", 32_768))).toBe(false);
      bed.skip(SUITE_QUARANTINE_MS);
      const again: Block[] = [];
      for (let i = 0; i < 512 && !again.some(overlaps); i++) again.push(await directory.allocateBlock("alpha", 32_768));
      expect(again.some(overlaps)).toBe(true);
    });
  });

  describe("leases", () => {
    it("end when they are not renewed: questions say so, and watchers hear it, also when the host is back", async () => {
      await directory.publish(endpoint());
      expect(await directory.lease("alpha", SUITE_LEASE_MS)).toBeGreaterThanOrEqual(SUITE_LEASE_MS);
      const heard: DirectoryChange[] = [];
      const other = await bed.open();
      await other.watch({ vni: 5000 }, (change) => heard.push(change));
      await directory.renew("alpha");
      expect(await other.resolve({ gqpn: 4660 })).toMatchObject({ alive: true });

      await until(async () => (await other.resolve({ gqpn: 4660 }))?.alive === false);
      expect(await other.resolveHost("alpha")).toEqual({ host: HOSTS[0], alive: false });
      expect(await other.members(5000)).toEqual([{ host: HOSTS[0], alive: false }]);
      await until(() => heard.length >= 2);
      expect(heard[1]).toMatchObject({ type: "host", host: HOSTS[0], alive: false });

      expect(await rejection(directory.renew("alpha"))).toBeInstanceOf(LeaseExpired);
      await directory.lease("alpha", SUITE_LEASE_MS);
      expect(await other.resolve({ gqpn: 4660 })).toMatchObject({ alive: true });
      await until(() => heard.some((change) => change.type === "host" && change.alive));
    });

    it("last as long as they are renewed", async () => {
      await directory.lease("alpha", SUITE_LEASE_MS);
      await directory.lease("beta", SUITE_LEASE_MS);
      await until(async () => {
        await directory.renew("alpha");
        expect(await directory.resolveHost("alpha")).toMatchObject({ alive: true });
        return (await directory.resolveHost("beta"))?.alive === false;
      });
      await directory.renew("alpha");
      expect(await directory.resolveHost("gamma")).toMatchObject({ alive: true });
    });

    it("are refused to those who have none", async () => {
      expect(await rejection(directory.renew("gamma"))).toMatchObject({ code: "LEASE_EXPIRED" });
    });

    it("can be asked for by anybody, which gives them no time", async () => {
      const other = await bed.open();
      expect(await other.leased("alpha")).toBe(false);
      await directory.lease("alpha", SUITE_LEASE_MS);
      expect([await directory.leased("alpha"), await other.leased("beta")]).toEqual([true, false]);
      await until(async () => !(await other.leased("alpha")));
      expect(await rejection(directory.renew("alpha"))).toBeInstanceOf(LeaseExpired);
      expect(await directory.leased("alpha")).toBe(false);
    });
  });

  describe("the door", () => {
    it("refuses what is no record, and names it", async () => {
      const refused = [
        [{ vni: 2 ** 24 }, "vni"],
        [{ mac: "02:00:00:00:00:0A" }, "mac"],
        [{ ips: ["10.0.0.1", "2001:DB8::1"] }, "ips[1]"],
        [{ partition: "" }, "partition"],
        [{ host: "a\nb" }, "host"],
        [{ gqpn: 1 }, "gqpn"],
        [{ gqpn: 0xfffffe }, "gqpn"],
        [{ generation: -1 }, "generation"],
      ] as const;
      for (const [change, argument] of refused) {
        const error = await rejection(directory.publish(endpoint(change)));
        expect(error).toBeInstanceOf(ConfigError);
        expect(error).toMatchObject({ argument });
      }
      const host = { ...(HOSTS[0] as HostRecord), lid: 0xc000 };
      expect(await rejection(directory.publishHost(host))).toMatchObject({ argument: "lid" });
      expect(await rejection(directory.allocateBlock("alpha", 32_769))).toMatchObject({ argument: "size" });
      expect(await rejection(directory.lease("alpha", 0))).toMatchObject({ argument: "ttlMs" });
      expect(await rejection(directory.leased(""))).toMatchObject({ argument: "host" });
    });

    it("is shut when the directory was closed", async () => {
      const other = await bed.open();
      await other.close();
      expect(await rejection(other.resolve({ gqpn: 4660 }))).toBeInstanceOf(DirectoryClosed);
      expect(await rejection(other.publish(endpoint()))).toBeInstanceOf(DirectoryClosed);
    });
  });
}
