/** Predictions: what they say is where the data plane sends the flow's frames, for every policy; and their inverse. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.js";
import { ConfigError } from "../../src/errors.js";
import { HASH_POLICIES, type HashPolicy } from "../../src/hash/options.js";
import { type FlowChooser, findFlow, predictFlow } from "../../src/lag/chooser.js";
import { candidateFlow, type Flow, flowFrame } from "../../src/lag/flow.js";
import type { LagGroup } from "../../src/lag/group.js";
import type { Selection } from "../../src/lag/options.js";
import type { Partition } from "../../src/lag/partition.js";
import { macText } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import { drain, settle } from "../helpers/ports.js";
import { holds } from "../helpers/property.js";

censusAfterEach();

const MAC = "02:00:00:00:00:01";

interface Lab {
  readonly engine: Engine;
  readonly group: LagGroup;
  readonly partition: Partition;
  /** Sends a frame to the partition; the number of the port that it leaves by. */
  send(frame: Uint8Array): number;
}

/** A switch of n ports in front of one partition. */
async function lab(n: number, policy: HashPolicy, selection: Selection = "buckets", vlan?: number): Promise<Lab> {
  const engine = await testEngine({ ports: n + 1, tunnels: 0, lag: { buckets: 256 } });
  const network = engine.addPort("network");
  const ports = Array.from({ length: n }, (_, i) => engine.addPort(`uplink${i}`));
  const group = engine.addLagGroup({ role: "switch", network, ports, hash: { policy }, selection });
  const partition = group.addPartition({ name: "web", macs: [MAC], members: ports, ...(vlan && { vlan }) });
  const send = (frame: Uint8Array) => {
    expect(network.receive(frame)).toBe(true);
    settle(engine);
    const sent = ports.map((port) => drain(port).length);
    expect(sent.reduce((sum, frames) => sum + frames)).toBe(1);
    return sent.indexOf(1);
  };
  return { engine, group, partition, send };
}

const ipv4 = fc.ipV4();
const ipv6 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((words) => words.map((word) => word.toString(16)).join(":"));
const byte = fc.integer({ min: 0, max: 255 });
const port = fc.integer({ min: 0, max: 65_535 });
const sourceMac = fc.array(byte, { minLength: 5, maxLength: 5 }).map((bytes) => macText([0x02, ...bytes]));
/** Flows of the partition of the lab, whole. */
const flows: fc.Arbitrary<Partial<Flow>> = fc
  .tuple(fc.constantFrom(ipv4, ipv6), fc.constantFrom("tcp" as const, "udp" as const, "other" as const))
  .chain(([address, kind]) =>
    fc.record({
      source: address,
      destination: address,
      protocol: kind === "other" ? byte : fc.constant(kind),
      sourcePort: port,
      destinationPort: port,
      sourceMac,
    }),
  );

describe("LagGroup.predict", () => {
  it.each(HASH_POLICIES)("says where frames go by %s", async (policy) => {
    const { group, partition, send } = await lab(5, policy);
    holds(
      fc.property(flows, (flow) => {
        const said = group.predict(partition, flow);
        expect(said.flow).toMatchObject({ ...flow, destinationMac: MAC });
        expect(said.port).toBe(group.ports[said.member as number]);
        expect(said.bucket).toBe(said.hash % 256);
        expect(send(flowFrame(said.flow))).toBe(said.member);
      }),
      60,
    );
  });

  it("follows links, by buckets and by modulo, and the VLAN of the partition", async () => {
    for (const selection of ["buckets", "modulo"] as const) {
      const { group, partition, send } = await lab(3, "layer3+4", selection, 7);
      group.link(group.ports[1] as (typeof group.ports)[number], false, 0);
      for (let i = 0; i < 20; i++) {
        const said = group.predict(partition, { sourcePort: i });
        expect(said.flow.vlan).toBe(7);
        expect(said.buckets).toBe(selection === "modulo" ? 2 : 256);
        expect(said.member).not.toBe(1);
        expect(send(flowFrame(said.flow))).toBe(said.member);
      }
      for (const dead of [0, 2]) group.link(group.ports[dead] as (typeof group.ports)[number], false, 1);
      const nobody = group.predict(partition, {});
      expect(nobody).toMatchObject({ member: undefined, port: undefined });
      expect(nobody.reason).toContain("which nobody owns");
    }
  });

  it("says why, for people", async () => {
    const { group, partition } = await lab(2, "aix-dst-port");
    const { hash, reason, inputs } = group.predict(partition, { destinationPort: 443 });
    expect(hash).toBe(443 % 256); // AIX takes the last byte of a port.
    expect(reason).toBe(`${inputs}: hash 0x000000bb, mod 256 is bucket 187, which uplink1 owns`);
  });

  it("refuses ports in turn, and what is no flow", async () => {
    const { group, partition } = await lab(2, "layer3+4", "turn");
    const [first] = group.ports as [(typeof group.ports)[number]];
    expect(() => group.predict(partition, {})).toThrow(ConfigError);
    expect(() => group.flowFor(partition, first)).toThrow(/selection is "turn"/);
    const other = await lab(2, "layer3+4");
    expect(() => other.group.predict(other.partition, { source: "192.0.2.1", destination: "::1" })).toThrow(
      /IP version/,
    );
    expect(() => other.group.predict(other.partition, { sourcePort: 65_536 })).toThrow(/sourcePort is 65536/);
  });
});

describe("LagGroup.flowFor", () => {
  it.each([2, 3, 4, 5, 6, 7, 8])("finds a flow for each of %i members, by every policy", async (n) => {
    for (const policy of HASH_POLICIES) {
      const { engine, group, partition, send } = await lab(n, policy);
      for (const [member, port] of group.ports.entries()) {
        const found = group.flowFor(partition, port, { protocol: "tcp", source: "192.0.2.1" });
        expect(found).toMatchObject({ member, port, flow: { protocol: "tcp", source: "192.0.2.1" } });
        expect(send(flowFrame(found?.flow as Flow))).toBe(member);
      }
      engine.close();
    }
  });

  it("finds one where nothing is fixed: no parity or the like ties one end to the other", async () => {
    for (const policy of HASH_POLICIES) {
      const { engine, group } = await lab(8, policy);
      const bare = group.addPartition({ name: "bare", members: group.ports });
      for (const [member, port] of group.ports.entries()) {
        expect(group.flowFor(bare, port)?.member, `${policy} ${member}`).toBe(member);
        const fixed = { source: "2001:db8::1", vlan: 9 };
        expect(group.flowFor(bare, port, fixed), `${policy} ${member}`).toMatchObject({ member, flow: fixed });
      }
      engine.close();
    }
  });

  it("finds nothing where all that the policy looks at is fixed", async () => {
    const { group, partition } = await lab(2, "aix-dst-port");
    const fixed = { protocol: "tcp", destinationPort: 443 } as const;
    const taken = group.predict(partition, fixed).member;
    for (const [member, port] of group.ports.entries()) {
      expect(group.flowFor(partition, port, fixed)?.member).toBe(member === taken ? member : undefined);
    }
  });

  it("finds nothing for a port that is not usable", async () => {
    const { group, partition } = await lab(2, "layer3+4");
    const [first] = group.ports as [(typeof group.ports)[number]];
    group.link(first, false, 0);
    expect(group.flowFor(partition, first)).toBeUndefined();
  });
});

describe("predictFlow and findFlow", () => {
  /** Hashes a frame to its last source port byte: whatever chooses, these are the same. */
  const chooser: FlowChooser = {
    inputs: "source port",
    buckets: 3,
    hashes: (frames) => frames.map((frame) => frame[35] as number),
    ownerOf: (bucket) => (bucket === 2 ? undefined : bucket),
    nameOf: (member) => `link ${member}`,
  };

  it("take any chooser", () => {
    expect(predictFlow(chooser, { sourcePort: 4 })).toMatchObject({ hash: 4, bucket: 1, member: 1, buckets: 3 });
    expect(predictFlow(chooser, { sourcePort: 4 }).reason).toBe(
      "source port: hash 0x00000004, mod 3 is bucket 1, which link 1 owns",
    );
    expect(predictFlow(chooser, { sourcePort: 5 }).member).toBeUndefined();
    expect(findFlow(chooser, 1, {})?.member).toBe(1);
    expect(findFlow(chooser, 2, {})).toBeUndefined();
    expect(findFlow(chooser, 0, { sourcePort: 4 })).toBeUndefined();
  });
});

describe("flowFrame", () => {
  it("is a frame that parse takes, for every protocol number", async () => {
    const engine = await testEngine({ mbufs: 512 });
    const burst = engine.burst();
    for (const source of ["192.0.2.1", "2001:db8::1"]) {
      for (const vlan of [0, 5]) {
        const flow = (protocol: number) => flowFrame(candidateFlow({ source, vlan, protocol }, protocol));
        burst.load(Array.from({ length: 256 }, (_, protocol) => ({ data: flow(protocol) })));
        burst.parse();
        expect(burst.frames().map(({ cause }) => cause)).toEqual(new Array(256).fill(undefined));
      }
    }
    burst.release();
  });
});
