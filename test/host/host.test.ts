/** createHost with a directory in memory: promises, events, refusals, closing, and what bad options are told. */
import { afterEach, describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import { EmbeddedDirectory } from "../../src/directory/embedded.js";
import { DirectoryUnavailable } from "../../src/directory/errors.js";
import { Loopback } from "../../src/driver/loopback.js";
import type { Engine } from "../../src/engine.js";
import type { HostEvent } from "../../src/host/events.js";
import { AttachRefused, type CreateHostOptions, createHost, type Host } from "../../src/host/host.js";
import type { AttachOptions, HostTimes } from "../../src/host/options.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { drain } from "../helpers/ports.js";

censusAfterEach();

const policy = definePolicy({ networks: { blue: { vni: 42, default: "allow" } } });
const WEB = { partition: "web", network: "blue", mac: "02:00:00:00:00:01", ips: ["10.0.0.1"] };
const DB = { partition: "db", network: "blue", mac: "02:00:00:00:00:02", ips: ["10.0.0.2"] };
const frame = (n: number) =>
  f.ethernet(f.ipv4(f.udp(counting(20), { sport: n })), { src: [2, 0, 0, 0, 0, 1], dst: [2, 0, 0, 0, 0, 2] });

interface Made {
  readonly host: Host;
  readonly engine: Engine;
  readonly uplink: Port;
  readonly vnic: Port;
  readonly other: Port;
  readonly events: HostEvent[];
}

const made: Made[] = [];
/** Time that stands still unless a test moves it. */
let nowMs = 0;

afterEach(async () => {
  for (const { host } of made.splice(0)) await host.close();
});

async function make(name: string, options: Partial<CreateHostOptions> = {}): Promise<Made> {
  const engine = await testEngine({ ports: 4, mbufs: 256, queueSize: 64, overlay: {} });
  const [uplink, vnic, other] = [engine.addPort("up"), engine.addPort("v0"), engine.addPort("v1")];
  const address = `192.0.2.${made.length + 1}`;
  const directory = options.directory ?? new EmbeddedDirectory();
  const host = createHost({
    name,
    engine,
    address,
    uplinks: [uplink],
    policy,
    now: () => nowMs,
    ...options,
    directory,
  });
  const events: HostEvent[] = [];
  host.onEvent((event) => events.push(event));
  const all = { host, engine, uplink, vnic, other, events };
  made.push(all);
  return all;
}

/** Answers of a directory in memory come as promises do: some turns of the queue and all hosts are quiet. */
async function settle(cables: readonly Loopback[] = []): Promise<void> {
  for (let quiet = 0; quiet < 20; ) {
    await Promise.resolve();
    const moved =
      made.reduce((sum, { host }) => sum + host.poll(), 0) + cables.reduce((sum, cable) => sum + cable.pump(), 0);
    quiet = moved > 0 ? 0 : quiet + 1;
  }
}

test("partitions attach, talk, and move with their number; owners hear of it", async () => {
  const directory = new EmbeddedDirectory();
  const [alpha, beta] = [await make("alpha", { directory }), await make("beta", { directory })];
  const cable = new Loopback(alpha.uplink, beta.uplink);
  const web = await alpha.host.attach({ ...WEB, vnic: alpha.vnic });
  const db = await beta.host.attach({ ...DB, vnic: beta.vnic });
  expect([web.state, db.state, web.generation]).toEqual(["live", "live", 1]);
  alpha.vnic.receive(frame(1));
  await settle([cable]);
  expect(drain(beta.vnic).map(({ bytes }) => bytes)).toEqual([frame(1)]);
  expect(web.counters.rxFrames).toBe(1);
  // To the other host, where it is next to its peer.
  const here = await alpha.host.attach({ ...DB, vnic: alpha.other });
  expect(here).toMatchObject({ state: "live", generation: 2, gqpn: db.gqpn });
  await settle([cable]);
  expect(db.state).toBe("moved");
  expect(beta.events).toContainEqual({ type: "moved", partition: "db", to: "alpha", generation: 2 });
  alpha.vnic.receive(frame(2));
  await settle([cable]);
  expect(drain(alpha.other).map(({ bytes }) => bytes)).toEqual([frame(2)]);
  expect(alpha.host.ruleHits("blue")).toEqual([2n]);
  expect(alpha.host.attachments).toEqual([web, here]);
  alpha.host.detach(here);
  await settle([cable]);
  expect(alpha.events.at(-1)).toEqual({ type: "detached", partition: "db" });
  expect(await directory.resolve({ vni: 42, mac: DB.mac })).toBeUndefined();
});

test("an attach that is refused, or ended, rejects", async () => {
  const directory = new EmbeddedDirectory();
  directory.allocateBlock = async () => {
    throw new DirectoryUnavailable("allocateBlock", "it is not there");
  };
  const alpha = await make("alpha", { directory });
  const waiting = alpha.host.attach({ ...WEB, vnic: alpha.vnic });
  await settle();
  expect(alpha.events).toContainEqual({ type: "directory", reachable: false });
  const [attachment] = alpha.host.attachments;
  alpha.host.detach(attachment as NonNullable<typeof attachment>);
  await expect(waiting).rejects.toThrow(AttachRefused);
  await expect(waiting).rejects.toThrow("web cannot be attached: detached");
});

test("listeners can be taken off; a closed host watches no more, and its partitions stay in the directory", async () => {
  const directory = new EmbeddedDirectory();
  const [alpha, beta] = [await make("alpha", { directory }), await make("beta", { directory })];
  let heard = 0;
  const off = alpha.host.onEvent(() => heard++);
  const web = await alpha.host.attach({ ...WEB, vnic: alpha.vnic });
  expect(heard).toBe(1);
  off();
  await alpha.host.close();
  await beta.host.attach({ ...WEB, vnic: beta.vnic });
  await settle();
  expect([web.state, heard]).toEqual(["live", 1]);
  expect((await directory.resolve({ vni: 42, mac: WEB.mac }))?.endpoint.host).toBe("beta");
});

test("an attach that waits when its host closes is rejected", async () => {
  const directory = new EmbeddedDirectory();
  directory.resolve = () => new Promise(() => undefined);
  const alpha = await make("alpha", { directory });
  const waiting = alpha.host.attach({ ...WEB, vnic: alpha.vnic });
  await alpha.host.close();
  await expect(waiting).rejects.toThrow("web cannot be attached: the host was closed");
});

test("start polls by itself", async () => {
  const alpha = await make("alpha");
  alpha.host.start(1);
  await alpha.host.attach({ ...WEB, vnic: alpha.vnic });
  await alpha.host.attach({ ...DB, vnic: alpha.other });
  alpha.vnic.receive(frame(1));
  for (let i = 0; i < 1000 && alpha.other.counters.txFrames === 0; i++)
    await new Promise((done) => setTimeout(done, 1));
  alpha.host.stop();
  expect(drain(alpha.other)).toHaveLength(1);
});

describe("bad options say what is wrong", () => {
  const port = undefined as unknown as Port;
  test.each<[what: string, options: Record<string, unknown>, message: string | RegExp]>([
    ["name", { name: "" }, 'name is ""; it must be a name'],
    ["address", { address: "host" }, 'address is "host"; it must be an IPv4 or IPv6 address'],
    ["uplinks", { uplinks: [] }, "uplinks.length is 0; it must be a whole number from 1 to 32"],
    ["encapsulations", { encapsulations: [] }, 'encapsulations is "none"; it must be one at least'],
    ["encapsulations", { encapsulations: ["gre"] }, /encapsulations\[0\] is "gre"; it must be one of vxlan/],
    ["encapsulations", { encapsulations: ["infiniband"] }, /encapsulations\[0\] is "infiniband"/],
    ["mtuBytes", { mtuBytes: 500 }, "mtuBytes is 500; it must be a whole number from 576 to 65535"],
    ["strict", { strict: 1 }, "strict is 1; it must be true or false"],
    ["clampMss", { clampMss: "yes" }, 'clampMss is "yes"; it must be true or false'],
    ["nestedMax", { nestedMax: 9 }, "nestedMax is 9; it must be a whole number from 0 to 8"],
    ["sendOnMax", { sendOnMax: -1 }, "sendOnMax is -1; it must be a whole number from 0 to 1048576"],
    ["blockSize", { blockSize: 0 }, "blockSize is 0; it must be a whole number from 1 to 65536"],
    ["times", { times: { tickMs: 0 } }, "times.tickMs is 0; it must be a whole number from 1 to 1000"],
    ["times", { times: { flowMs: 1e9 } }, "times.flowMs is 1000000000; it must be a whole number from 1 to 327670"],
    ["times", { times: { missMs: 0.5 } }, "times.missMs is 0.5; it must be a whole number from 1 to 86400000"],
    ["paths", { paths: { ttl: 999 } }, "paths.ttl is 999; it must be a whole number from 1 to 255"],
    ["paths", { paths: { vlan: 0 } }, "paths.vlan is 0; it must be a whole number from 1 to 4094"],
    ["paths", { paths: { dscp: 64 } }, 'paths.dscp is 64; it must be "uniform" or a whole number from 0 to 63'],
    ["pathsTo", { pathsTo: { b: [{ uplink: 1 }] } }, "pathsTo.b[0].uplink is 1; it must be a whole number from 0 to 0"],
    [
      "pathsTo",
      { pathsTo: { b: [{ weight: 17 }] } },
      "pathsTo.b[0].weight is 17; it must be a whole number from 1 to 16",
    ],
    [
      "pathsTo",
      { pathsTo: { b: [{}, { order: -1 }] } },
      "pathsTo.b[1].order is -1; it must be a whole number from 0 to 255",
    ],
    [
      "pathsTo",
      { pathsTo: { b: [{ mtuBytes: 1 }] } },
      "pathsTo.b[0].mtuBytes is 1; it must be a whole number from 576 to 65535",
    ],
    [
      "pathsTo",
      { pathsTo: { b: [{ remote: "x" }] } },
      'pathsTo.b[0].remote is "x"; it must be an IPv4 or IPv6 address',
    ],
    [
      "pathsTo",
      { pathsTo: { b: [{ nextHopMac: "x" }] } },
      /pathsTo.b\[0\].nextHopMac is "x"; it must be a MAC address/,
    ],
    [
      "pathsTo",
      { pathsTo: { b: [{ encapsulation: "gre" }] } },
      /pathsTo.b\[0\].encapsulation is "gre"; it must be one of/,
    ],
    [
      "pathsTo",
      { pathsTo: { b: Array(17).fill({}) } },
      "pathsTo.b.length is 17; it must be a whole number from 1 to 16",
    ],
  ])("of a host: %s %o", async (_, options, message) => {
    await expect(make("alpha", options as Partial<CreateHostOptions>)).rejects.toThrow(message);
  });

  test.each<[what: string, options: Partial<AttachOptions>, message: string | RegExp]>([
    ["partition", { partition: "" }, 'partition is ""; it must be a name'],
    ["network", { network: "green" }, 'network is "green"; it must be one of blue (42)'],
    ["network", { network: 7 }, "network is 7; it must be one of blue (42)"],
    ["mac", { mac: "02:00" }, /mac is "02:00"; it must be a MAC address/],
    ["mac", { mac: "03:00:00:00:00:01" }, 'mac is "03:00:00:00:00:01"; it must be one station\'s address'],
    ["ips", { ips: ["10.0.0.1", "10.0.0.0/8"] }, 'ips[1] is "10.0.0.0/8"; it must be an IPv4 or IPv6 address'],
    ["ips", { ips: "10.0.0.1" as never }, 'ips is "10.0.0.1"; it must be a list of addresses'],
    ["vnic", { vnic: port }, "vnic is undefined; it must be a port of this host's engine, and no uplink"],
  ])("of an attach: %s", async (_, options, message) => {
    const { host, vnic } = await make("alpha");
    expect(() => host.attach({ ...WEB, vnic, ...options })).toThrow(message);
    expect(host.attachments).toEqual([]);
  });

  test("ports that are taken, or an uplink, or another engine's", async () => {
    const [{ host, vnic, other, uplink }, beta] = [await make("alpha"), await make("beta")];
    await host.attach({ ...WEB, vnic });
    expect(() => host.attach({ ...DB, vnic })).toThrow('vnic is "v0"; it must be');
    expect(() => host.attach({ ...WEB, vnic: other })).toThrow(
      'mac is "02:00:00:00:00:01"; it must be one that no partition',
    );
    expect(() => host.attach({ ...DB, vnic: uplink })).toThrow(
      'vnic is "up"; it must be a port of this host\'s engine, and no uplink',
    );
    expect(() => host.attach({ ...DB, vnic: beta.vnic })).toThrow(
      'vnic is "v0"; it must be a port of this host\'s engine, and no uplink',
    );
    expect(() => host.link(vnic, false)).toThrow('uplink is "v0"; it must be one of up');
    expect(() => host.start(0)).toThrow("everyMs is 0; it must be a whole number from 1 to 1000");
    expect(() => host.setPolicy(definePolicy({ networks: {} }))).toThrow("network is 42; it must be one of none");
  });

  test("an engine without an overlay, or with one already", async () => {
    const engine = await testEngine({ ports: 2 });
    const options = {
      name: "a",
      engine,
      address: "192.0.2.1",
      uplinks: [engine.addPort("up")],
      policy,
      directory: new EmbeddedDirectory(),
    };
    expect(() => createHost(options)).toThrow("overlay is undefined; it must be given to createEngine");
    const alpha = await make("alpha");
    expect(() => createHost({ ...options, engine: alpha.engine, uplinks: [alpha.uplink] })).toThrow(/overlay|uplinks/);
    const times: Partial<HostTimes> = {};
    expect(times).toEqual({});
    nowMs = 0;
  });
});
