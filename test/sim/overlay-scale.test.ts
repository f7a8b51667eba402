/** Fabrics of many hosts without engines: that a plane without frames asks and keeps as an engine's does, and what it then says of scale. */
import { describe, expect, test } from "vitest";
import { HostCore } from "../../src/host/core.js";
import { parseMac } from "../../src/overlay/address.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { makeScaleFabric, type ScaleFabric } from "../../src/sim/overlay-scale/fabric.js";
import { PolicyBlocks } from "../../src/sim/overlay-scale/networks.js";
import { ScaleEngine } from "../../src/sim/overlay-scale/plane.js";
import { testEngine, wasmBytes } from "../helpers/engines.js";
import { datagramTo, endpointOf, LoneHost, macOf, OWN, VNI } from "../helpers/lone-host.js";
import { drain } from "../helpers/ports.js";
import { Random } from "../helpers/property.js";

const RULES = {
  groups: { inside: { prefixes: ["10.0.0.0/8"] } },
  rules: [{ from: "inside", to: "inside", action: "allow" as const }],
};
const PEERS = 6;

test("a plane without frames asks what an engine's asks, and keeps as many records and routes", async () => {
  const random = new Random();
  for (let round = 0; round < 20; round++) {
    const policy = () => definePolicy({ networks: { n: { vni: VNI, ...RULES } } });
    const sizes = { endpoints: 64, flows: 16, networks: 1, routes: 16, waits: 16 };
    const engine = await testEngine({
      ports: 2,
      tunnels: 0,
      overlay: sizes,
      headers: ["ethernet", "ipv4", "udp", "vxlan"],
    });
    const [uplink, vnic] = [engine.addPort("up"), engine.addPort("vnic")] as const;
    const ends = { name: "here", address: "192.0.2.1", uplinks: [uplink] };
    const real = new LoneHost(new HostCore({ ...ends, engine, policy: policy() }));
    const counted = new LoneHost(
      new HostCore({ ...ends, engine: new ScaleEngine(new PolicyBlocks()), policy: policy() }),
    );
    const both = [real, counted] as const;
    for (const { core } of both) {
      core.attach({ partition: "own", network: VNI, vnic, mac: OWN.mac, ips: [OWN.ip] }, 0);
    }
    let nowMs = 0;
    const generations = new Map<number, number>();
    for (let step = 0; step < 60; step++) {
      for (const bench of both) bench.step(nowMs);
      const i = random.between(1, PEERS);
      const what = random.below(10);
      if (what < 5) {
        vnic.receive(datagramTo(i));
        counted.core.plane.send(VNI, parseMac("mac", macOf(i)));
      } else if (what < 7) {
        const generation = (generations.get(i) ?? 0) + 1;
        generations.set(i, generation);
        const record = endpointOf(i, random.pick(["there", "yonder"] as const), generation);
        for (const bench of both) bench.publish(record, nowMs);
      } else if (what === 7) for (const bench of both) bench.withdraw(i, nowMs);
      else nowMs += random.pick([10, 200, 1500, 70_000]);
      for (const bench of both) bench.step(nowMs);
      drain(uplink);
      expect(counted.asked, `round ${round}, step ${step}`).toEqual(real.asked);
      const { plane } = counted.core;
      const kept = [real.core.plane.endpointCount, real.core.plane.routes.count];
      expect([plane.endpoints.count, plane.routes.count], `round ${round}, step ${step}`).toEqual(kept);
      expect(plane.counters.questions, `round ${round}, step ${step}`).toBe(real.core.plane.counters.questions);
    }
    engine.close();
  }
});

async function populated(sizes: { hosts: number; endpoints: number; networks: number }): Promise<ScaleFabric> {
  const fabric = await makeScaleFabric({ ...sizes, together: 4, seed: 3, wasm: wasmBytes("release") });
  fabric.populate(20_000);
  expect(fabric.live).toBe(sizes.endpoints);
  return fabric;
}

describe("a fabric of hosts without engines", () => {
  test("keeps on each host what it talks to, in a fabric of ten times the size no more", async () => {
    const small = await populated({ hosts: 20, endpoints: 800, networks: 20 });
    const large = await populated({ hosts: 200, endpoints: 8_000, networks: 200 });
    const bytes = [small, large].map((fabric) =>
      [0, 10, 100].map((count) => {
        // Networks are of 40 endpoints on ten hosts: this host is in ten of them.
        fabric.talk(9 + count / 10, count);
        return fabric.bytesOf(9 + count / 10);
      }),
    );
    expect(bytes[1]).toEqual(bytes[0]);
    const [none, ten, hundred] = bytes[0] as [number, number, number];
    // A hundred endpoints are on 25 hosts: each a route of 384 bytes that begins with its path, each endpoint a record and its places.
    expect(hundred - none).toBeCloseTo(100 * (128 + 4 + 64 / 3) + 25 * 384, 6);
    expect(ten - none).toBeCloseTo(10 * (128 + 4 + 64 / 3) + 3 * 384, 6);
  });

  test("a move asks little, tells those who watch, and has everybody send to the new place", async () => {
    const fabric = await populated({ hosts: 20, endpoints: 800, networks: 20 });
    const [place] = fabric.layout.placesOf(3).slice(5);
    if (!place) throw new Error("no such endpoint");
    const watchers = fabric.directory.watchers(place.vni);
    const inside = (place.home + 1) % 20;
    const { asked, pushed, liveMs, redirectedMs } = fabric.move(place, inside);
    // Who has it? It is mine. Every host of the network hears it.
    expect([asked, pushed]).toEqual([2, watchers]);
    expect(redirectedMs.length).toBe(watchers - 2);
    // Two ways there, two back, of 0.5 to 1 ms each; a change takes three.
    expect(liveMs).toBeGreaterThanOrEqual(2);
    expect(liveMs).toBeLessThanOrEqual(4);
    for (const ms of redirectedMs) {
      expect(ms).toBeGreaterThanOrEqual(2);
      expect(ms).toBeLessThanOrEqual(4);
    }
    // To a host that is not in the network yet: it watches from then on, and is told all that there is.
    const [other] = fabric.layout.placesOf(4).slice(9);
    if (!other) throw new Error("no such endpoint");
    const outside = (other.home + 12) % 20;
    const cost = fabric.move(other, outside);
    expect([cost.asked, cost.pushed]).toEqual([3, watchers + 1]);
    expect(fabric.live).toBe(800);
  });
});
