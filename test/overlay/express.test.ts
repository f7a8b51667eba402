/** Frames about which nothing is special, in the places where they are nearly so (assembly/overlay/express.ts). */
import { describe, expect, test } from "vitest";
import { HostCore } from "../../src/host/core.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, type Build, testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { datagramTo, endpointOf, ends, LoneHost, OWN, VNI } from "../helpers/lone-host.js";
import { drain } from "../helpers/ports.js";

censusAfterEach();

async function make(build: Build, ips: readonly string[], stateful: boolean) {
  const sizes = { endpoints: 64, flows: 64, networks: 1, routes: 16 };
  const headers = ["ethernet", "ipv4", "udp", "vxlan"] as const;
  const engine = await testEngine({ ports: 2, tunnels: 0, overlay: sizes, headers }, build);
  const [uplink, vnic] = [engine.addPort("up"), engine.addPort("vnic")] as const;
  const rules = [{ from: "any", to: "any", action: "allow" as const, stateful }];
  const policy = definePolicy({ networks: { n: { vni: VNI, rules } } });
  const host = new LoneHost(new HostCore({ name: "here", address: "192.0.2.1", uplinks: [uplink], engine, policy }));
  host.core.attach({ partition: "own", network: VNI, vnic, mac: OWN.mac, ips }, 0);
  host.step(0);
  for (const i of [1, 2]) host.publish(endpointOf(i, "there", 1), 0);
  return { host, uplink, vnic };
}

describe.each(BUILDS)("plain frames (%s build)", (build) => {
  test("of a stateful rule go on when their flow was not seen for a while, among others of the burst", async () => {
    const { host, uplink, vnic } = await make(build, [OWN.ip], true);
    // Known from the first frame on; renewed now and then while it goes on, and at once after minutes; after that it is another.
    for (const nowMs of [0, 1, 3_000, 10_000, 100_000, 150_000, 400_000]) {
      vnic.receiveBurst([1, 2, 1, 2].map((i) => ({ data: datagramTo(i) })));
      host.step(nowMs);
      expect(drain(uplink).length, `at ${nowMs} ms`).toBe(4);
    }
    expect(vnic.counters.drops).toEqual({});
  });

  test("that wait for room are counted once by the rule that lets them go, as are others", async () => {
    // TCP and UDP take the lane; IP protocol 253 (RFC 3692) does not.
    const other = f.ethernet(f.ipv4(f.raw(253, counting(20)), { src: [10, 0, 1, 0], dst: [10, 0, 0, 1] }), ends(1));
    for (const data of [datagramTo(1), other]) {
      const { host, uplink, vnic } = await make(build, [OWN.ip], false);
      const queueSize = 16;
      vnic.receiveBurst(Array.from({ length: 12 }, () => ({ data })));
      host.step(0);
      vnic.receiveBurst(Array.from({ length: 12 }, () => ({ data })));
      for (let nowMs = 1; nowMs < 5; nowMs++) host.step(nowMs);
      expect(host.core.ruleHits("n")).toEqual([0n, BigInt(queueSize)]);
      expect(drain(uplink).length).toBe(queueSize);
      host.step(5);
      expect([drain(uplink).length, host.core.ruleHits("n")]).toEqual([24 - queueSize, [0n, 24n]]);
    }
  });

  test("from 0.0.0.0 are nobody's own, whether the partition has an address or not", async () => {
    for (const ips of [[OWN.ip], []]) {
      const { host, uplink, vnic } = await make(build, ips, false);
      // One that is not IP makes the other known, whom the lane is for.
      vnic.receive(f.ethernet(f.layer3(0x88b5, counting(46)), ends(1)));
      host.step(0);
      expect(drain(uplink).length).toBe(1);
      vnic.receive(datagramTo(1, [0, 0, 0, 0]));
      host.step(1);
      expect([drain(uplink).length, vnic.counters.drops["spoofed-ip"]]).toEqual([0, 1]);
    }
  });
});
