/** The directory on one NATS server. */
import { inspect } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Directory } from "../../src/directory/directory.js";
import { DirectoryUnavailable } from "../../src/directory/errors.js";
import { connectNatsDirectory, NatsDirectory } from "../../src/directory/nats/node.js";
import type { DirectoryChange } from "../../src/directory/records.js";
import { createHost } from "../../src/host/host.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { has } from "../helpers/command.js";
import { testEngine } from "../helpers/engines.js";
import { eventually } from "../helpers/eventually.js";
import { NATS_SERVER, NatsServers } from "../helpers/nats.js";
import { natsBed } from "./nats-bed.js";
import { directorySuite, endpoint, HOSTS, SUITE_LEASE_MS } from "./suite.js";

const SECRET = "s3cret-of-the-test";

describe.skipIf(!has(NATS_SERVER))("the directory on one NATS server (nats-server)", () => {
  let servers: NatsServers;

  beforeAll(async () => {
    servers = await NatsServers.start(1);
  });
  afterAll(() => servers?.stop());

  directorySuite(async () => natsBed(servers, 1));

  it("opens on a connection of the caller's, and leaves it open", async () => {
    const connection = await connect({ servers: servers.urls });
    const directory = await NatsDirectory.open(connection, { bucket: "callers" });
    await directory.publishHost(HOSTS[0] as (typeof HOSTS)[0]);
    await directory.close();
    expect(connection.isClosed()).toBe(false);
    await connection.close();
  });

  it("has hosts that ask for no more time while nobody answers, and that let their former lease end", async () => {
    const bed = natsBed(servers, 1);
    try {
      const other = await bed.open();
      const asked: string[] = [];
      let isMute = false;
      // Requests arrive, answers may not.
      const muffled = async (): Promise<Directory> => {
        const directory = await bed.open();
        const say = async <T>(kind: string, work: () => Promise<T>): Promise<T> => {
          asked.push(kind);
          const answer = await work();
          if (isMute) throw new DirectoryUnavailable(kind, "mute");
          return answer;
        };
        return Object.assign(directory, {
          renew: (host: string) => say("renew", () => NatsDirectory.prototype.renew.call(directory, host)),
          leased: (host: string) => say("leased", () => NatsDirectory.prototype.leased.call(directory, host)),
          lease: async (host: string, ttlMs: number) => {
            expect(await other.leased(host)).toBe(false);
            return say("lease", () => NatsDirectory.prototype.lease.call(directory, host, ttlMs));
          },
        });
      };
      const policy = definePolicy({ networks: { n: { vni: 7, default: "allow" } } });
      const makeHost = async () => {
        const engine = await testEngine({ ports: 1, tunnels: 0, overlay: {} });
        const ends = { name: "here", address: "192.0.2.1", uplinks: [engine.addPort("up")] };
        const times = { hostLeaseMs: SUITE_LEASE_MS };
        const host = createHost({ ...ends, engine, policy, times, directory: await muffled() });
        host.start(5);
        return host;
      };
      const host = await makeHost();
      await eventually(() => host.leasedUntilMs > performance.now());
      isMute = true;
      asked.length = 0;
      await eventually(async () => !(await other.leased("here")));
      expect(host.leasedUntilMs).toBeLessThanOrEqual(performance.now());
      expect(asked.filter((kind) => kind === "renew").length).toBeLessThanOrEqual(1);
      expect(asked.filter((kind) => kind === "leased").length).toBeGreaterThan(0);
      isMute = false;
      await eventually(() => host.leasedUntilMs > performance.now());
      expect(await other.leased("here")).toBe(true);
      host.stop();
      const heir = await makeHost();
      await eventually(() => asked.at(-1) === "leased");
      expect(heir.leasedUntilMs).toBe(Number.NEGATIVE_INFINITY);
      await eventually(() => heir.leasedUntilMs > performance.now());
      heir.stop();
    } finally {
      await bed.close();
    }
  });

  it("repairs what a crash between writes left", async () => {
    const bed = natsBed(servers, 1);
    try {
      const directory = await bed.open();
      await directory.publishHost(HOSTS[0] as (typeof HOSTS)[0]);
      const connection = await connect({ servers: servers.urls });
      const client = jetstream(connection);
      const write = (key: string, value: unknown) => client.publish(`$KV.${bed.bucket}.${key}`, JSON.stringify(value));
      // Entries without their record, a record without its entries, and something that is nobody's.
      await write("i.5000.10_0_0_8", [{ vni: 5000, mac: "02:00:00:00:00:08" }]);
      await write("g.18.53", [{ vni: 5000, mac: "02:00:00:00:00:08" }]);
      await write("e.5000.02-00-00-00-00-01", { endpoint: endpoint() });
      await write("e.5000.02-00-00-00-00-09", { endpoint: endpoint() });
      await write("e.5000.02-00-00-00-00-0a", "nonsense");
      expect(await directory.resolve({ vni: 5000, ip: "10.0.0.8" })).toBeUndefined();
      expect(await directory.resolve({ gqpn: (18 << 8) | 53 })).toBeUndefined();
      expect(await directory.resolve({ vni: 5000, ip: "10.0.0.1" })).toBeUndefined();
      await directory.publish(endpoint());
      for (const query of [{ vni: 5000, ip: "10.0.0.1" }, { vni: 5000, partition: "web.1 / röd" }, { gqpn: 4660 }]) {
        expect((await directory.resolve(query))?.endpoint).toEqual(endpoint());
      }
      const heard: DirectoryChange[] = [];
      await directory.watch("all", (change) => heard.push(change));
      expect(heard).toMatchObject([{ type: "endpoint", endpoint: endpoint() }]);
      await connection.close();
    } finally {
      await bed.close();
    }
  });

  it("takes long-withdrawn endpoints out of the bucket", async () => {
    const bed = natsBed(servers, 1, { withdrawnMs: 600_000 });
    try {
      const directory = await bed.open();
      await directory.publish(endpoint());
      await directory.withdraw(5000, "02:00:00:00:00:01", 1);
      const connection = await connect({ servers: servers.urls });
      const kv = await new Kvm(connection).open(bed.bucket);
      const keys = async () => {
        const names = [];
        for await (const name of await kv.keys()) names.push(name);
        return names;
      };
      expect(await keys()).toEqual(["e.5000.02-00-00-00-00-01"]);
      const watch = await directory.watch("all", () => expect.fail("nothing is there"));
      expect(await keys()).toHaveLength(1);
      bed.skip(600_001);
      await watch.resync();
      expect(await keys()).toEqual([]);
      await connection.close();
    } finally {
      await bed.close();
    }
  });

  it("hears what a watch missed when the server was away, and serves again", async () => {
    const away = await NatsServers.start(1);
    const bed = natsBed(away, 1, { timeoutMs: 1000 });
    try {
      const [writer, reader] = [await bed.open(), await bed.open()];
      const heard: number[] = [];
      await reader.watch("all", (change) => change.type === "endpoint" && heard.push(change.endpoint.generation));
      await writer.publish(endpoint());
      await eventually(() => heard.length === 1);
      away.kill(0);
      const refused = await writer.publish(endpoint({ generation: 2 })).catch((error) => error);
      expect(refused).toBeInstanceOf(DirectoryUnavailable);
      away.restart(0);
      await eventually(async () => (await writer.publish(endpoint({ generation: 3 }))) > 0);
      await eventually(() => heard.at(-1) === 3);
      expect(heard).toEqual([...heard].sort());
    } finally {
      await bed.close();
      away.stop();
    }
  });

  it.each([
    ["a password", "authorization { user: ringlane, password: $ }", { user: "ringlane", pass: SECRET }],
    ["a token", "authorization { token: $ }", { token: SECRET }],
  ])("passes %s through, and never says it", async (_, authorization, credentials) => {
    const guarded = await NatsServers.start(1, authorization.replace("$", JSON.stringify(SECRET)));
    const said: unknown[] = [];
    const spies = (["log", "info", "warn", "error", "debug"] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((...words) => said.push(...words)),
    );
    try {
      const url = guarded.urls[0] as string;
      const directory = await connectNatsDirectory({ servers: url, ...credentials }, { timeoutMs: 1000 });
      said.push(directory, JSON.stringify(directory));
      await directory.publish(endpoint());
      const wrong = {
        servers: url,
        ...("token" in credentials ? { token: `${SECRET}x` } : { user: "x", pass: SECRET }),
      };
      said.push(await connectNatsDirectory(wrong).catch((error) => error));
      said.push(await connectNatsDirectory({ servers: `nats://x:${SECRET}@${url.slice(7)}` }).catch((error) => error));
      guarded.kill(0);
      said.push(await directory.publish(endpoint({ generation: 2 })).catch((error) => error));
      said.push(await connectNatsDirectory({ servers: url, ...credentials, reconnect: false }).catch((error) => error));
      await directory.close();
      const errors = said.filter((thing) => thing instanceof Error);
      expect(errors).toHaveLength(4);
      for (const error of errors) {
        expect(error).toBeInstanceOf(DirectoryUnavailable);
        expect(error.stack).not.toContain(SECRET);
      }
      expect(inspect(said, { depth: 20, showHidden: true })).not.toContain(SECRET);
    } finally {
      for (const spy of spies) spy.mockRestore();
      guarded.stop();
    }
  });
});
