import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { GENERATIONS } from "../../src/hash/generations.js";
import { describeHash, HASH_POLICIES, type HashOptions, hashPlanOf } from "../../src/hash/options.js";

/** What asks for something that is not there, and what the error says. */
const REFUSED: readonly [options: Record<string, unknown>, argument: string, bound: RegExp][] = [
  [{ policy: "layer4" }, "policy", /^one of layer2, layer2\+3, /],
  [{}, "policy", /^one of /],
  [{ policy: "layer2", headers: "middle" }, "headers", /^one of outer, inner$/],
  [{ policy: "layer3+4", generation: "2.6" }, "generation", /^one of 3\.13, .*, 6\.0 for layer3\+4$/],
  [{ policy: "vlan+srcmac", generation: "5.5" }, "generation", /^one of 5\.12, 5\.15, 5\.18, 6\.0 for vlan\+srcmac$/],
  [{ policy: "slb", generation: "6.0" }, "generation", /bonding/],
  [{ policy: "toeplitz", generation: "6.0" }, "generation", /bonding/],
  [{ policy: "toeplitz", key: new Uint8Array(39) }, "key.length", /^40 bytes or more$/],
  [{ policy: "toeplitz-symmetric", key: new Uint8Array(40) }, "key", /^given for toeplitz only$/],
  [{ policy: "layer3+4", key: new Uint8Array(40) }, "key", /toeplitz/],
  [{ policy: "layer3+4", ports: true }, "ports", /toeplitz/],
  [{ policy: "aix-default", ports: false }, "ports", /toeplitz/],
  [{ policy: "slb", basis: -1 }, "basis", /0 to 4294967295$/],
  [{ policy: "slb", basis: 2 ** 32 }, "basis", /0 to 4294967295$/],
  [{ policy: "slb", basis: 1.5 }, "basis", /whole number/],
  [{ policy: "layer2", basis: 0 }, "basis", /slb/],
];

describe("options of a hash", () => {
  test.each(REFUSED)("%j is refused", (options, argument, bound) => {
    const error = (() => {
      try {
        hashPlanOf(options as unknown as HashOptions);
      } catch (thrown) {
        return thrown as ConfigError;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(ConfigError);
    expect([error?.argument, error?.bound]).toEqual([argument, expect.stringMatching(bound)]);
  });

  test("defaults are filled in: the newest generation, the outer frame, ports, basis 0", () => {
    const filled = Object.fromEntries(HASH_POLICIES.map((policy) => [policy, hashPlanOf({ policy }).options]));
    expect(filled["layer3+4"]).toEqual({ policy: "layer3+4", headers: "outer", generation: "6.0" });
    expect(filled["vlan+srcmac"]?.generation).toBe("6.0");
    expect(filled.slb).toEqual({ policy: "slb", headers: "outer", basis: 0 });
    expect(filled["aix-default"]).toEqual({ policy: "aix-default", headers: "outer" });
    expect(filled["toeplitz-symmetric"]).toEqual({ policy: "toeplitz-symmetric", headers: "outer", ports: true });
    expect(filled.toeplitz?.key?.length).toBe(40);
    // What is filled in asks for the same again.
    for (const options of Object.values(filled)) expect(hashPlanOf(options).options).toEqual(options);
  });

  test("a key is copied", () => {
    const key = new Uint8Array(52).fill(7);
    const plan = hashPlanOf({ policy: "toeplitz", key });
    key.fill(0);
    expect(plan.key).toEqual(new Uint8Array(40).fill(7));
  });

  test("each policy and generation is told apart in one line", () => {
    const lines = HASH_POLICIES.flatMap((policy) =>
      (["outer", "inner"] as const).map((headers) => describeHash(hashPlanOf({ policy, headers }).options)),
    );
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.every((line) => !line.includes("\n"))).toBe(true);
    expect(lines[0]).toBe("layer2 of Linux 6.0: last bytes of both MAC addresses, EtherType, of the outer frame");
    expect(describeHash(hashPlanOf({ policy: "slb", basis: 5 }).options)).toContain("basis 5");
    expect(describeHash(hashPlanOf({ policy: "layer2", generation: "3.13" }).options)).toBe(
      "layer2 of Linux 3.13: last bytes of both MAC addresses, of the outer frame",
    );
  });

  test("the three folds are there, and every generation says what it is", () => {
    expect([...new Set(GENERATIONS.map(({ fold }) => fold))]).toEqual(["no shift", "shift", "shift layer3+4"]);
    expect(new Set(GENERATIONS.map(({ name }) => name)).size).toBe(GENERATIONS.length);
    for (const { name, kernels, text } of GENERATIONS) {
      expect(kernels, name).toContain(name);
      expect(text.length, name).toBeGreaterThan(20);
    }
  });
});
