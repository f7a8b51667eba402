/** Engines on a fabric: what arrives, when, and where the rest has gone. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Outgoing } from "../../src/buffer/outgoing.js";
import { ConfigError } from "../../src/errors.js";
import { createFabric, type Fabric, type FabricOptions } from "../../src/sim/fabric.js";
import { engineHost, type FabricHost } from "../../src/sim/host.js";
import type { Fault } from "../../src/sim/schedule.js";
import { imbalance } from "../../src/sim/way.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import { holdsUnderFaults, type MeshHost, makeMesh, numbered, takeNumbers } from "../helpers/fabric.js";
import * as f from "../helpers/frames.js";
import { macBytes, macOf, makeGroup } from "../helpers/lag.js";
import { bytesOf, drain } from "../helpers/ports.js";

censusAfterEach();
afterEach(() => vi.unstubAllGlobals());

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

async function makeFabric(count: number, options: Partial<FabricOptions> = {}, family: 4 | 6 = 4) {
  const mesh = await makeMesh(count, family);
  const fabric = createFabric({ seed: 5, hosts: mesh.map(({ host }) => host), underlay: { delayMs: 1 }, ...options });
  const [a, b, c] = mesh as [MeshHost, MeshHost, MeshHost];
  return { fabric, mesh, a, b, c };
}

/** Sends numbered frames, one every intervalMs from fromMs on. */
function sendEvery(
  fabric: Fabric,
  from: MeshHost,
  to: string,
  numbers: readonly number[],
  intervalMs: number,
  fromMs = 0,
) {
  for (const [i, number] of numbers.entries()) {
    fabric.at(fromMs + i * intervalMs, () => expect(from.vnic(to).receive(numbered(number))).toBe(true));
  }
}

describe("a network", () => {
  test.each([4, 6] as const)("carries IPv%i from each host to each other one, in two delays", async (family) => {
    const { fabric, mesh } = await makeFabric(4, {}, family);
    for (const from of mesh) {
      for (const to of mesh.filter((other) => other !== from)) {
        for (const i of upTo(3)) from.vnic(to.host.name).receive(numbered(i));
      }
    }
    fabric.run({ untilMs: 1.999999 });
    expect(
      mesh.flatMap((to) => mesh.filter((o) => o !== to).flatMap(({ host }) => takeNumbers(to.vnic(host.name)))),
    ).toEqual([]);
    fabric.run({ forMs: 0.000001 });
    for (const to of mesh) {
      for (const from of mesh.filter((other) => other !== to)) {
        expect(takeNumbers(to.vnic(from.host.name))).toEqual([0, 1, 2]);
      }
    }
    expect([fabric.nowMs, fabric.isQuiet]).toEqual([2, true]);
    expect(fabric.networks[0]?.counters).toEqual({ forwarded: 36, copies: 0, unknown: 0 });
    expect(fabric.census()).toMatchObject({ holds: true, links: { sent: 72, arrived: 72, inFlight: 0 } });
  });

  test("waits for nobody: a burst beyond queue and ring comes through whole", async () => {
    const { fabric, a, b } = await makeFabric(2);
    const numbers = upTo(1500);
    for (let at = 0; at < numbers.length; at += 250) {
      for (const number of numbers.slice(at, at + 250)) a.vnic("beta").receive(numbered(number));
      fabric.run({ forMs: 0.1 });
    }
    const got: number[] = [];
    while (!fabric.isQuiet) {
      fabric.run({ forMs: 0.1 });
      got.push(...takeNumbers(b.vnic("alpha")));
    }
    expect(got).toEqual(numbers);
    expect(fabric.refused).toBe(0);
  });

  test("sends a frame to the host with its IP address, else its MAC address, else to all that a group is", async () => {
    const seen: string[] = [];
    const ends = await Promise.all(["one", "two", "three"].map((name, i) => makeEnd(name, `10.0.0.${i + 1}`)));
    const fabric = createFabric({ seed: 1, hosts: ends.map(({ host }) => host), underlay: {} });
    const macFor = (i: number) => [2, 0, 10, 0, 0, i];
    const frames = {
      ip: f.ethernet(f.ipv4(f.udp([1]), { dst: [10, 0, 0, 3] }), { dst: macFor(2) }),
      tagged: f.ethernet(f.ipv4(f.udp([1]), { dst: [10, 0, 0, 3] }), { dst: macFor(2), tags: [{ tci: 9 }] }),
      mac: f.ethernet(f.layer3(0x88b5, Uint8Array.of(1, 2, 3)), { dst: macFor(2) }),
      broadcast: f.ethernet(f.arp(), { dst: [255, 255, 255, 255, 255, 255] }),
      lacp: f.ethernet(f.layer3(0x8809, Uint8Array.of(1, 1)), { dst: [1, 0x80, 0xc2, 0, 0, 2] }),
      stranger: f.ethernet(f.ipv4(f.udp([1]), { dst: [10, 0, 0, 9] }), { dst: macFor(9) }),
      itself: f.ethernet(f.ipv4(f.udp([1]), { dst: [10, 0, 0, 1] }), { dst: macFor(1) }),
    };
    for (const [name, frame] of Object.entries(frames)) {
      const before = ends.map(({ uplink }) => uplink.counters.rxFrames);
      ends[0]?.post(frame);
      fabric.settle(10);
      for (const [i, { host, uplink }] of ends.entries()) {
        if (uplink.counters.rxFrames > (before[i] as number)) seen.push(`${name} ${host.name}`);
      }
    }
    expect(seen).toEqual(["ip three", "tagged three", "mac two", "broadcast two", "broadcast three"]);
    expect(fabric.networks[0]?.counters).toEqual({ forwarded: 5, copies: 1, unknown: 3 });
    const { forwarded, copies, unknown } = fabric.networks[0]?.counters ?? { forwarded: 0, copies: 0, unknown: 0 };
    expect(forwarded).toBe(Object.keys(frames).length + copies - unknown);
  });

  test("takes of several links of a host one that is up, the same for a flow", async () => {
    const { group, ports, vnics, engine } = await makeGroup("debug", { portCount: 3, engine: { queueSize: 256 } });
    const vnic = vnics[0];
    group.addPartition({ name: "vm", vnic: vnic as never, macs: [macOf(9)], members: ports });
    const far = await makeEnd("far", "10.0.0.1");
    const host = engineHost("near", "10.0.0.2", engine, ports, [group]);
    const fabric = createFabric({ seed: 1, hosts: [far.host, host], underlay: { delayMs: 0.1 } });
    const frames = upTo(60).map((i) =>
      f.ethernet(f.ipv4(f.udp([1], { sport: 1000 + i }), { dst: [10, 0, 0, 2] }), { dst: macBytes(9) }),
    );
    const rounds = [];
    for (const round of upTo(3)) {
      if (round === 2) fabric.play([{ kind: "cut", atMs: 0, link: "near.up1" }]);
      fabric.run({ forMs: 0 });
      const before = ports.map(({ counters }) => counters.rxFrames);
      for (const frame of frames) far.post(frame);
      fabric.settle(10);
      rounds.push(ports.map(({ counters }, i) => counters.rxFrames - (before[i] as number)));
    }
    expect(rounds[0]).toEqual(rounds[1]);
    for (const count of rounds[0] as number[]) expect(count).toBeGreaterThan(8);
    expect([rounds[2]?.[1], rounds[2]?.reduce((sum, count) => sum + count, 0)]).toEqual([0, 60]);
    // The group was told of its link.
    expect(group.partitions[0]?.activePorts.map(({ name }) => name)).toEqual(["up0", "up2"]);
  });
});

describe("a cable", () => {
  test("joins two uplinks, by either name, each way with its own delay", async () => {
    const { fabric, a, b } = await makeFabric(2, { underlay: undefined as never });
    const cable = fabric.cable("alpha.up", "beta.up", { delayMs: 3, back: { delayMs: 5 } });
    expect([fabric.link("alpha.up"), fabric.link("beta.up"), fabric.links]).toEqual([cable, cable, [cable]]);
    a.vnic("beta").receive(numbered(1));
    b.vnic("alpha").receive(numbered(2));
    fabric.run({ untilMs: 3 });
    expect([takeNumbers(b.vnic("alpha")), takeNumbers(a.vnic("beta"))]).toEqual([[1], []]);
    fabric.run({ untilMs: 5 });
    expect(takeNumbers(a.vnic("beta"))).toEqual([2]);
    expect([cable.forth.counters.arrived, cable.back.counters.arrived, cable.counters.sent]).toEqual([1, 1, 2]);
  });

  test("with a rate holds frames in their port's queue, completes each when it has left, and loses none", async () => {
    const { fabric, a, b } = await makeFabric(2, { underlay: undefined as never });
    // 80 bytes in VXLAN are 130, and 24 on the wire: 154 bytes a millisecond.
    fabric.cable("alpha.up", "beta.up", { rateBps: 154 * 8000 });
    for (const i of upTo(200)) a.vnic("beta").receive(numbered(i));
    const got: number[] = [];
    for (const i of upTo(200)) {
      fabric.run({ untilMs: i + 1 });
      expect(fabric.census()).toMatchObject({ holds: true, hosts: [{ queues: 199 - i }, {}] });
      got.push(...takeNumbers(b.vnic("alpha")));
      expect(got.length).toBe(i + 1);
    }
    expect(got).toEqual(upTo(200));
  });
});

describe("faults", () => {
  test("a cut loses what is on the link and what is sent on it; both ends are told, unless it is silent", async () => {
    for (const silent of [false, true]) {
      const told: string[] = [];
      const mesh = await makeMesh(2);
      const hosts = mesh.map(({ host }) => ({
        ...host,
        link: (uplink: { name: string }, isUp: boolean, nowMs: number) =>
          told.push(`${host.name}.${uplink.name} ${isUp} ${nowMs}`),
      }));
      const fabric = createFabric({ seed: 1, hosts });
      fabric.cable("alpha.up", "beta.up", { delayMs: 10 });
      const [a, b] = mesh as [MeshHost, MeshHost];
      sendEvery(fabric, a, "beta", upTo(10), 4);
      // On the way at 14 are 1, 2 and 3; sent until 25 are 4, 5 and 6.
      fabric.play([{ kind: "cut", atMs: 13, forMs: 12, link: "beta.up", silent }]);
      expect(fabric.settle(1000)).toBe(true);
      expect(takeNumbers(b.vnic("alpha"))).toEqual([0, 7, 8, 9]);
      expect(fabric.census().links).toMatchObject({ sent: 10, cut: 6, arrived: 4 });
      expect(told).toEqual(
        silent ? [] : ["alpha.up false 13", "beta.up false 13", "alpha.up true 25", "beta.up true 25"],
      );
    }
  });

  test("a cut of one direction leaves the other", async () => {
    const { fabric, a, b } = await makeFabric(2);
    fabric.play([{ kind: "cut", atMs: 0, link: "alpha.up", direction: "back", silent: true }]);
    sendEvery(fabric, a, "beta", upTo(5), 1);
    sendEvery(fabric, b, "alpha", upTo(5), 1);
    fabric.settle(100);
    expect([takeNumbers(b.vnic("alpha")), takeNumbers(a.vnic("beta"))]).toEqual([upTo(5), []]);
    expect(fabric.link("alpha.up").back.counters).toMatchObject({ sent: 5, cut: 5, arrived: 0 });
  });

  test("a partition parts the hosts of its sides and nobody else, also those of two at once", async () => {
    const { fabric, mesh, a, b, c } = await makeFabric(3);
    fabric.play([
      { kind: "partition", atMs: 10, forMs: 20, sides: [["alpha"], ["beta"]] },
      { kind: "partition", atMs: 20, forMs: 20, sides: [["alpha", "gamma"], ["beta"]] },
    ]);
    for (const from of mesh) {
      for (const { host } of mesh.filter((other) => other !== from))
        sendEvery(fabric, from, host.name, [0, 1, 2, 3, 4], 10, 5);
    }
    fabric.settle(1000);
    expect(takeNumbers(b.vnic("alpha"))).toEqual([0, 4]);
    expect(takeNumbers(a.vnic("beta"))).toEqual([0, 4]);
    expect(takeNumbers(b.vnic("gamma"))).toEqual([0, 1, 4]);
    expect(takeNumbers(c.vnic("beta"))).toEqual([0, 1, 4]);
    expect([takeNumbers(a.vnic("gamma")), takeNumbers(c.vnic("alpha"))]).toEqual([upTo(5), upTo(5)]);
    expect(fabric.census().links).toMatchObject({ parted: 10 });
  });

  test("an impairment is there while it lasts: by its counts and by the time that frames take", async () => {
    const { fabric, a, b } = await makeFabric(2);
    fabric.play([
      { kind: "impair", atMs: 10, forMs: 10, link: "beta.up", direction: "back", duplicate: 1, delayMs: 2 },
      { kind: "impair", atMs: 20, forMs: 10, link: "alpha.up", loss: 1 },
    ]);
    sendEvery(fabric, a, "beta", [0, 1, 2, 3], 10, 5);
    const seen: string[] = [];
    for (const ms of upTo(50)) {
      fabric.run({ untilMs: ms });
      for (const number of takeNumbers(b.vnic("alpha"))) seen.push(`${number} at ${ms}`);
    }
    expect(seen).toEqual(["0 at 7", "1 at 19", "1 at 19", "3 at 37"]);
    expect(fabric.census().links).toMatchObject({ sent: 7, lost: 1, duplicated: 1, arrived: 7 });
  });

  test.each<[string, Fault]>([
    ["faults[1].link", { kind: "cut", atMs: 0, link: "alpha.nowhere" }],
    ["faults[1].kind", { kind: "melt", atMs: 0 } as never],
    ["faults[1].atMs", { kind: "cut", atMs: -1, link: "alpha.up" }],
    ["faults[1].forMs", { kind: "cut", atMs: 0, forMs: Number.NaN, link: "alpha.up" }],
    ["faults[1].direction", { kind: "cut", atMs: 0, link: "alpha.up", direction: "up" as never }],
    ["faults[1].loss", { kind: "impair", atMs: 0, link: "alpha.up", loss: 2 }],
    ["faults[1].sides", { kind: "partition", atMs: 0, sides: [["alpha"], ["omega"]] }],
    ["faults[1].sides", { kind: "partition", atMs: 0, sides: [["alpha"], ["alpha"]] }],
    ["faults[1].hosts", { kind: "directory-cut", atMs: 0, hosts: ["omega"] }],
    ["faults[1].delayMs", { kind: "directory-impair", atMs: 0, delayMs: -2 }],
  ])("that cannot be are refused by place, %s, and none is played", async (argument, fault) => {
    const { fabric } = await makeFabric(2);
    expect(() => fabric.play([{ kind: "cut", atMs: 0, link: "alpha.up" }, fault])).toThrow(ConfigError);
    expect(() => fabric.play([fault, fault])).toThrow(argument.replace("[1]", "[0]"));
    fabric.run({ forMs: 1 });
    expect(fabric.link("alpha.up").isUp).toBe(true);
  });
});

describe("a fabric's digest", () => {
  const faults: Fault[] = [
    { kind: "impair", atMs: 3, forMs: 20, link: "alpha.up", loss: 0.3, duplicate: 0.2, reorder: 0.2, jitterMs: 3 },
    { kind: "cut", atMs: 8, forMs: 5, link: "beta.up" },
  ];

  async function play(seed: number, schedule: readonly Fault[], stepMs = 1000, lastNumber = 39): Promise<Fabric> {
    const { fabric, a, b } = await makeFabric(3, { seed });
    fabric.play(schedule);
    sendEvery(fabric, a, "beta", [...upTo(39), lastNumber], 1);
    for (let ms = 0; ms < 1000; ms += stepMs) {
      fabric.run({ forMs: stepMs });
      takeNumbers(b.vnic("alpha"));
    }
    return fabric;
  }

  test("is the same for the same seed and schedule, in one run or in many", async () => {
    const first = await play(7, faults);
    expect(first.digest).toMatch(/^[0-9a-f]{16}$/);
    expect((await play(7, faults)).digest).toBe(first.digest);
    expect((await play(7, faults, 10)).digest).toBe(first.digest);
    expect(first.census().links.lost).toBeGreaterThan(0);
  });

  test("differs by seed, by fault, and by one byte", async () => {
    const all = await Promise.all([
      play(7, faults),
      play(8, faults),
      play(7, faults.slice(0, 1)),
      play(7, []),
      play(7, faults, 1000, 40),
    ]);
    expect(new Set(all.map(({ digest }) => digest)).size).toBe(5);
  });

  test("needs no clock, timer or randomness of the machine's", async () => {
    const { fabric, a, b } = await makeFabric(2, { seed: 7 });
    const forbidden = (name: string) => () => {
      throw new Error(`${name} was used`);
    };
    vi.spyOn(Math, "random").mockImplementation(forbidden("Math.random"));
    vi.spyOn(Date, "now").mockImplementation(forbidden("Date.now"));
    vi.spyOn(performance, "now").mockImplementation(forbidden("performance.now"));
    vi.spyOn(crypto, "getRandomValues").mockImplementation(forbidden("getRandomValues") as never);
    for (const name of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"])
      vi.stubGlobal(name, forbidden(name));
    try {
      fabric.play(faults);
      sendEvery(fabric, a, "beta", upTo(40), 1);
      // A day, at once.
      fabric.run({ untilMs: 86_400_000 });
    } finally {
      vi.restoreAllMocks();
      vi.unstubAllGlobals();
    }
    expect(fabric.nowMs).toBe(86_400_000);
    expect(takeNumbers(b.vnic("alpha")).length).toBeGreaterThan(10);
  });

  test("a link's dice know nothing of other links", async () => {
    const lossy = { delayMs: 1, loss: 0.5 };
    const numbers = await Promise.all(
      [2, 4].map(async (count) => {
        const { fabric, mesh, a, b } = await makeFabric(count, { underlay: lossy });
        for (const from of mesh.slice(2)) sendEvery(fabric, from, "alpha", upTo(60), 0.5);
        sendEvery(fabric, a, "beta", upTo(60), 1);
        fabric.settle(1000);
        return takeNumbers(b.vnic("alpha"));
      }),
    );
    expect(numbers[0]).toEqual(numbers[1]);
    expect(numbers[0]?.length).toBeGreaterThan(5);
  });
});

describe("hosts", () => {
  test("are called at the times they ask for, and when frames come, once for all of one time", async () => {
    const calls: number[] = [];
    const { engine, uplink } = (await makeMesh(2))[0] as MeshHost;
    const host: FabricHost = {
      ...{ name: "timed", address: "192.0.2.9", engine, uplinks: [uplink] },
      step: (nowMs) => {
        calls.push(nowMs);
        return Math.floor(nowMs / 10 + 1) * 10;
      },
    };
    const fabric = createFabric({ seed: 1, hosts: [host] });
    fabric.at(15, () => {});
    fabric.at(15, () => {});
    fabric.run({ untilMs: 30 });
    expect(calls).toEqual([0, 10, 15, 20, 30]);
  });

  test("that change their mind about when are called at the earliest time they named, and once for each", async () => {
    const { engine, uplink } = (await makeMesh(2))[0] as MeshHost;
    const wants: Readonly<Record<number, number>> = { 0: 100, 10: 50, 20: 80, 50: 80 };
    const calls: number[] = [];
    const step = (nowMs: number) => {
      calls.push(nowMs);
      return wants[nowMs];
    };
    const hosts = [{ name: "timed", address: "192.0.2.9", engine, uplinks: [uplink], step }];
    const fabric = createFabric({ seed: 1, hosts });
    for (const ms of [10, 20]) fabric.at(ms, () => {});
    fabric.run({ untilMs: 200 });
    expect(calls).toEqual([0, 10, 20, 50, 80]);
  });

  test("that want to be called at once, for ever, do not stop the time", async () => {
    const { engine, uplink } = (await makeMesh(2))[0] as MeshHost;
    let calls = 0;
    const step = (nowMs: number) => {
      calls++;
      return nowMs;
    };
    const fabric = createFabric({
      seed: 1,
      hosts: [{ name: "busy", address: "192.0.2.9", engine, uplinks: [uplink], step }],
    });
    fabric.run({ untilMs: 0.001 });
    expect([fabric.nowMs, calls]).toEqual([0.001, 1001]);
  });

  test("whose ring is full and who do no work lose what comes, counted", async () => {
    const far = await makeEnd("far", "10.0.0.1");
    const { engine, uplink } = (await makeMesh(2, 4, { queueSize: 16 }))[0] as MeshHost;
    const idle: FabricHost = { name: "idle", address: "10.0.0.2", engine, uplinks: [uplink], step: () => undefined };
    const fabric = createFabric({ seed: 1, hosts: [far.host, idle], underlay: { delayMs: 1 } });
    for (const i of upTo(40)) far.post(f.ethernet(f.ipv4(f.udp([i]), { dst: [10, 0, 0, 2] })));
    fabric.settle(10);
    expect([fabric.refused, uplink.counters.rxFrames]).toEqual([24, 16]);
    expect(fabric.census()).toMatchObject({ holds: true, links: { arrived: 80 } });
  });

  test("are seen by a tap as they send, in the fabric's time", async () => {
    const seen: [string, bigint, number][] = [];
    const tap = (frame: Outgoing, from: { name: string }) =>
      seen.push([from.name, frame.timestampNs, bytesOf(frame).length]);
    const { fabric, a } = await makeFabric(2, { tap, startNs: 1_700_000_000_000_000_000n, underlay: { loss: 1 } });
    sendEvery(fabric, a, "beta", [0, 1], 2.5, 1);
    fabric.settle(100);
    expect(seen).toEqual([
      ["up", 1_700_000_000_001_000_000n, 130],
      ["up", 1_700_000_000_003_500_000n, 130],
    ]);
  });

  test("keep a frame's own time and its length on the wire from end to end", async () => {
    const { fabric, a, b } = await makeFabric(2);
    a.vnic("beta").receiveBurst([{ data: numbered(3), originalLength: 900, timestampNs: 123n }]);
    fabric.settle(10);
    expect(drain(b.vnic("alpha"))).toMatchObject([{ originalLength: 900, timestampNs: 123n }]);
  });
});

describe("a fabric", () => {
  test("refuses names that are taken, strangers, and uplinks that have a link", async () => {
    const { fabric, a } = await makeFabric(2);
    expect(() => fabric.addHost(a.host)).toThrow(/^host is "alpha"/);
    expect(() => fabric.addNetwork("underlay")).toThrow(/^network is/);
    expect(() => fabric.networks[0]?.attach("alpha")).toThrow(/^uplink is "alpha.up"/);
    expect(() => fabric.networks[0]?.attach("alpha", ["down"])).toThrow(/^uplinks\[0\] is "down"/);
    expect(() => fabric.networks[0]?.attach("omega")).toThrow(/^host is "omega"/);
    expect(() => fabric.cable("alpha.up", "omega.up")).toThrow(/^b is "omega.up"/);
    expect(() => fabric.cable("alpha.up", "alpha.up")).toThrow(/^b is "alpha.up"/);
    expect(() => createFabric({ seed: -1 })).toThrow(/^seed is -1/);
  });

  test("runs until something is so, or for as long as it may", async () => {
    const { fabric, a, b } = await makeFabric(2);
    fabric.at(4, () => a.vnic("beta").receive(numbered(1)));
    const hasCome = () => b.vnic("alpha").counters.txFrames === 1;
    expect([fabric.runUntil(hasCome, 3), fabric.nowMs, fabric.isQuiet]).toEqual([false, 3, false]);
    expect([fabric.runUntil(hasCome, 100), fabric.nowMs]).toEqual([true, 6]);
    expect([fabric.settle(100), fabric.nowMs]).toEqual([true, 6]);
  });

  test("gives random numbers of its seed by name", () => {
    const first = (seed: number, name: string) => createFabric({ seed }).random(name).unit();
    expect(first(1, "a")).toBe(first(1, "a"));
    expect(new Set([first(1, "a"), first(1, "b"), first(2, "a")]).size).toBe(3);
  });

  test("under random faults: every frame arrives, or is lost under a name, and no guest gets what was not sent", async () => {
    const targets = {
      ...{ hosts: ["alpha", "beta", "gamma"], links: ["alpha.up", "beta.up", "gamma.up"] },
      ...{ withinMs: 60, count: 6 },
    };
    let lost = 0;
    await holdsUnderFaults(targets, 30, async ({ seed, faults }) => {
      const { fabric, mesh } = await makeFabric(3, { seed });
      fabric.play(faults);
      for (const from of mesh) {
        for (const { host } of mesh.filter((other) => other !== from)) sendEvery(fabric, from, host.name, upTo(50), 1);
      }
      expect(fabric.settle(10_000)).toBe(true);
      const { links, holds } = fabric.census();
      expect(holds).toBe(true);
      for (const { forth, back } of fabric.links)
        expect([imbalance(forth.counters), imbalance(back.counters)]).toEqual([0, 0]);
      const network = fabric.networks[0]?.counters;
      const sum = (pick: "arrived" | "sent", way: "forth" | "back") =>
        fabric.links.reduce((total, link) => total + link[way].counters[pick], 0);
      expect(sum("sent", "forth")).toBe(300);
      expect(sum("sent", "back")).toBe(sum("arrived", "forth") + (network?.copies ?? 0) - (network?.unknown ?? 0));
      const refused = mesh.reduce(
        (count, { uplink }) => count + Object.values(uplink.counters.drops).reduce((a, b) => a + b, 0),
        0,
      );
      expect(sum("arrived", "back")).toBe(mesh.reduce((count, { uplink }) => count + uplink.counters.rxFrames, 0));
      const received = mesh.flatMap((to) =>
        mesh.filter((o) => o !== to).map(({ host }) => to.vnic(host.name).counters.txFrames),
      );
      expect(received.reduce((a, b) => a + b, 0)).toBe(sum("arrived", "back") - refused);
      lost += links.lost + links.cut + links.parted;
    });
    expect(lost).toBeGreaterThan(100);
  });
});

/** A host without tunnels: frames are posted on its uplink by hand, and what arrives stays in the ring. */
async function makeEnd(name: string, address: string) {
  const engine = await testEngine({ mbufs: 512, queueSize: 128, payloadBytes: 256 });
  const uplink = engine.addPort("up");
  const post = (data: Uint8Array) => {
    const frame = uplink.reserve(data.length);
    frame?.payload.set(data);
    expect(frame && uplink.post(frame)).toBe(true);
  };
  return { host: engineHost(name, address, engine, [uplink]), uplink, post };
}
