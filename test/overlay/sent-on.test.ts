/** A partition moves between hosts that are joined by cables: what still comes for it is sent on by the cable that leads to its new host. */
import { describe, expect, test } from "vitest";
import { createFabric, definePolicy, type EncapsulationName, HostCore, SimDirectory } from "../../src/index.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { drain } from "../helpers/ports.js";

const HOSTS = ["alpha", "beta", "gamma"];
const ENCAPSULATIONS: EncapsulationName[] = ["vxlan", "rocev2"];

describe.each(BUILDS)("cables between three hosts (%s build)", (build) => {
  test.each(ENCAPSULATIONS)("nothing of a move is lost in %s", async (encapsulation) => {
    const policy = definePolicy({ networks: { blue: { vni: 42, default: "allow" } } });
    const fabric = createFabric({ seed: 1 });
    const directory = new SimDirectory(fabric);
    const beds = await Promise.all(
      HOSTS.map(async (name, i) => {
        const engine = await testEngine({ ports: 4, queueSize: 256, mbufs: 1024, tunnels: 0, overlay: {} }, build);
        const others = HOSTS.filter((other) => other !== name);
        const uplinks = others.map((other) => engine.addPort(other));
        const pathsTo = Object.fromEntries(others.map((other, uplink) => [other, [{ uplink }]]));
        const address = `192.0.2.${i + 1}`;
        const encapsulations = [encapsulation];
        const core = new HostCore({ name, engine, address, uplinks, policy, pathsTo, encapsulations });
        directory.join(core);
        return { core, vnic: engine.addPort("vnic") };
      }),
    );
    const [alpha, beta, gamma] = beds as [(typeof beds)[0], (typeof beds)[0], (typeof beds)[0]];
    for (const [a, b] of [
      ["alpha", "beta"],
      ["alpha", "gamma"],
      ["beta", "gamma"],
    ]) {
      fabric.cable(`${a}.${b}`, `${b}.${a}`, { delayMs: 0.1 });
    }
    const base = { network: "blue" };
    const web = { ...base, partition: "web", mac: "02:00:00:00:0a:01", ips: ["10.0.0.1"] };
    const db = { ...base, partition: "db", mac: "02:00:00:00:0b:02", ips: ["10.0.0.2"] };
    alpha.core.attach({ ...web, vnic: alpha.vnic }, 0);
    beta.core.attach({ ...db, vnic: beta.vnic }, 0);
    fabric.run({ forMs: 100 });
    // Alpha hears of the move late, so that beta is asked to send on.
    fabric.play([{ kind: "directory-impair", atMs: 100, hosts: ["alpha"], delayMs: 4 }]);
    const frame = (n: number) => {
      const ends = { src: [10, 0, 0, 1], dst: [10, 0, 0, 2] };
      return f.ethernet(f.ipv4(f.udp(Uint8Array.of(n >> 8, n)), { ...ends, identification: n }));
    };
    const got: string[] = [];
    for (let n = 0; n < 800; n++) {
      if (n === 400) gamma.core.attach({ ...db, vnic: gamma.vnic }, fabric.nowMs);
      alpha.vnic.receive(frame(n));
      fabric.run({ forMs: 0.2 });
      for (const { vnic } of beds) got.push(...drain(vnic).map(({ bytes }) => Buffer.from(bytes).toString("hex")));
    }
    fabric.run({ forMs: 100 });
    for (const { vnic } of beds) got.push(...drain(vnic).map(({ bytes }) => Buffer.from(bytes).toString("hex")));
    expect(beta.core.counters.forwardedFrames).toBeGreaterThan(0);
    expect(got.toSorted()).toEqual(
      Array.from({ length: 800 }, (_, n) => Buffer.from(frame(n)).toString("hex")).toSorted(),
    );
    expect(beds.map(({ core }) => core.uplinks.map(({ counters }) => counters.drops))).toEqual(
      beds.map(() => [{}, {}]),
    );
    expect(fabric.census().holds).toBe(true);
  });
});
