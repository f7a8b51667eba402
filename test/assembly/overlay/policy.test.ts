/** The compiled policy against the twin, which asks every rule. */
import { describe, expect, it } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { definePolicy, type NetworkPolicy } from "../../../src/overlay/policy/policy.js";
import { BUILDS, testKernels } from "../../helpers/engines.js";
import { IPS, randomAsked, randomEnd, randomNetwork } from "../../helpers/policy.js";
import { Random } from "../../helpers/property.js";
import { bitsOf, decide, type End, isIn, type ModelNetwork } from "../../model/policy.js";

const BLOCK_MAX = 4 << 20;
const ACTIONS = ["deny", "allow", "via"] as const;

function networkOf(network: ModelNetwork): NetworkPolicy {
  return definePolicy({ networks: { blue: network } }).network("blue");
}

describe.each(BUILDS)("policy tables (%s build)", (build) => {
  async function bed() {
    const { kernels, arena } = await testKernels(BLOCK_MAX + 64, build);
    const block = arena.take(BLOCK_MAX);
    const load = (bytes: Uint8Array) => arena.u8.set(bytes, block);
    const view = new DataView(arena.u8.buffer);
    const ask = (source: number, destination: number, protocol: number | undefined, port: number) => {
      const at = kernels.policyDecide(block, source, destination, protocol ?? layout.PROGRAM_NOT_IP, port);
      return {
        action: ACTIONS[view.getUint8(at + layout.DECISION_ACTION)],
        stateful: view.getUint8(at + layout.DECISION_FLAGS) === layout.DECISION_F_STATEFUL,
        waypoint: view.getUint16(at + layout.DECISION_WAYPOINT, true),
        rule: view.getUint16(at + layout.DECISION_RULE, true),
      };
    };
    const classOf = (ip: string) => {
      const value = BigInt(`0b${bitsOf(ip)}`);
      if (!ip.includes(":")) return kernels.policyClassOf4(block, Number(value) | 0);
      return kernels.policyClassOf6(block, BigInt.asIntN(64, value >> 64n), BigInt.asIntN(64, value));
    };
    return { load, ask, classOf };
  }

  it.each([
    [0, 20],
    [1, 40],
    [5, 120],
    [40, 60],
    [1000, 4],
  ])("of %i rules decide as the rules say, and say which", async (rules, rounds) => {
    const { load, ask } = await bed();
    const random = new Random(rules);
    for (let round = 0; round < rounds; round++) {
      const model = randomNetwork(random, rules);
      const network = networkOf(model);
      const ends: End[] = Array.from({ length: 12 }, () => randomEnd(random));
      const classes = ends.map((end) => network.classOf(end));
      load(network.encode(BLOCK_MAX));
      for (let i = 0; i < 400; i++) {
        const [from, to] = [random.below(ends.length), random.below(ends.length)];
        const { protocol, port } = randomAsked(random);
        const wanted = decide(model, ends[from] as End, ends[to] as End, protocol, port);
        const found = ask(classes[from] as number, classes[to] as number, protocol, port);
        const { action, via, stateful, rule } = wanted;
        expect(found).toEqual({
          action,
          stateful,
          waypoint: via === undefined ? 0 : network.waypoints.indexOf(via),
          rule: rule === undefined ? 0 : rule + 1,
        });
        const { rule: said, ...verdict } = network.decide(
          classes[from] as number,
          classes[to] as number,
          protocol,
          port,
        );
        expect(verdict).toMatchObject({ action, via, stateful });
        expect(said?.index).toBe(rule);
      }
    }
  });

  it("class addresses by prefixes, at the ends of ranges and between them", async () => {
    const { load, classOf } = await bed();
    const random = new Random(7);
    for (let round = 0; round < 60; round++) {
      const model = randomNetwork(random, 1);
      const network = networkOf(model);
      load(network.encode(BLOCK_MAX));
      const around = IPS.flatMap((ip) => neighbours(ip));
      for (const ip of around) {
        const groups = Object.keys(model.groups).filter((group) => isIn(model, group, { ip }));
        expect(network.groupsOf(classOf(ip))).toEqual(groups);
        expect(network.classOf({ ip })).toBe(classOf(ip));
      }
    }
  });
});

/** The address, and those before and behind it. */
function neighbours(ip: string): string[] {
  const bits = bitsOf(ip);
  const value = BigInt(`0b${bits}`);
  return [value - 1n, value, value + 1n]
    .filter((near) => near >= 0n && near < 1n << BigInt(bits.length))
    .map((near) => {
      const digits = near.toString(2).padStart(bits.length, "0");
      const step = bits.length === 32 ? 8 : 16;
      const parts = Array.from({ length: bits.length / step }, (_, i) =>
        Number.parseInt(digits.slice(i * step, (i + 1) * step), 2),
      );
      return step === 8 ? parts.join(".") : parts.map((part) => part.toString(16)).join(":");
    });
}
