import { expect, test } from "vitest";
import { OK } from "../assembly/layout.js";
import type { Port } from "../src/buffer/port.js";
import { causeName } from "../src/causes.js";
import { censusAfterEach } from "./helpers/census.js";
import { fuzzed, tunnelFrames } from "./helpers/corpus.js";
import { testEngine } from "./helpers/engines.js";
import { bytesOf } from "./helpers/ports.js";
import { Random } from "./helpers/property.js";
import { FORMS, OUTER_V4, OUTER_V6, optionsOf } from "./helpers/tunnels.js";
import { receive } from "./model/decapsulation.js";
import type { Outer } from "./model/encapsulation.js";

const COUNT = 200_000;
const BURST = 256;
const VNI = 4242;

censusAfterEach();

/** Every encapsulation over IPv4 and IPv6, each tunnel with rules of its own. */
const TUNNELS: readonly Outer[] = FORMS.flatMap((encapsulation, i) =>
  [OUTER_V4, OUTER_V6].map((outer, j): Outer => {
    const rules = { encapsulation, strict: j === 1, dscp: i % 2 === j ? ("uniform" as const) : 0 };
    if (encapsulation === "nvgre") return { ...outer, ...rules, udpChecksum: undefined, sourcePorts: undefined };
    return { ...outer, ...rules, innerVlan: i === 1 };
  }),
);

test(`${COUNT} mutated frames of every encapsulation: each to the guest that the twin says, or dropped under its cause`, async () => {
  const engine = await testEngine({ ports: 9, mbufs: 1024, queueSize: 512, tunnels: 8 }, "release");
  const uplink = engine.addPort("uplink");
  const vnics = TUNNELS.map((outer, i) => {
    const vnic = engine.addPort(`vnic${i}`);
    engine.addTunnel({ ...optionsOf(outer), vnic, uplink });
    return vnic;
  });
  const corpus = [OUTER_V4, OUTER_V6].flatMap(({ remote, local }) => tunnelFrames(VNI, remote, local));
  const random = new Random(COUNT);
  const expectedDrops: Record<string, number> = {};
  let delivered = 0;
  for (let done = 0; done < COUNT; done += BURST) {
    const frames = Array.from({ length: BURST }, () => fuzzed(random, corpus));
    const expected = new Map<Port, Uint8Array[]>(vnics.map((vnic) => [vnic, []]));
    for (const { data, wire } of frames) {
      const { cause, tunnel, bytes } = receive(data, TUNNELS, { wire });
      if (cause === OK) expected.get(vnics[TUNNELS.indexOf(tunnel as Outer)] as Port)?.push(bytes);
      else expectedDrops[causeName(cause)] = (expectedDrops[causeName(cause)] ?? 0) + 1;
    }
    expect(uplink.receiveBurst(frames.map(({ data, wire }) => ({ data, originalLength: wire })))).toBe(BURST);
    expect(engine.receive(uplink)).toBe(BURST);
    for (const [vnic, list] of expected) {
      const taken = vnic.takeBurst();
      expect(taken.length).toBe(list.length);
      for (const [i, frame] of taken.entries()) {
        if (Buffer.compare(bytesOf(frame), list[i] as Uint8Array) !== 0) expect(bytesOf(frame)).toEqual(list[i]);
      }
      delivered += taken.length;
      vnic.complete(taken);
      vnic.reap();
    }
  }
  expect(uplink.counters.drops).toEqual(expectedDrops);
  expect(Object.keys(expectedDrops)).toEqual(
    expect.arrayContaining(["reserved-bits", "ecn-ce", "inner-vlan", "geneve-options", "gpe-version", "nvgre-header"]),
  );
  expect(delivered).toBeGreaterThan(COUNT / 20);
  expect(engine.freeMbufs).toBe(1024);
});
