/** Plans of link aggregation: what a file may say, what is refused and where; the same rules for plans made in code. */
import { describe, expect, it } from "vitest";
import { DocumentError } from "../../src/document/parse.js";
import { planProblems } from "../../src/lag/plan-rules.js";
import { type LagPlan, parsePlan } from "../../src/lag/plan-schema.js";

const GOOD = `ports: [uplink0, uplink1, uplink2, uplink3]
hash: { policy: layer3+4, generation: "5.17", headers: outer, key: 6d5a56da, ports: true, basis: 0 }
selection: buckets
buckets: 256
minLinks: 1
preemptionDelayMs: 500
preempt: true
partitions:
  web:
    macs: ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    vlan: 10
    vni: 42
    members: [uplink0, {port: uplink1, weight: 3}]
    backup: [uplink2]
    minLinks: 1
    preemptionDelayMs: 0
  db: { macs: ["02:00:00:00:00:01"], standalone: uplink3 }
`;
const NINE = Array.from({ length: 9 }, (_, i) => `p${i}`);

function refusal(text: string): DocumentError {
  try {
    parsePlan("plan.yaml", text);
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error("the plan was accepted");
}

/** GOOD as an object, with other values at paths such as partitions.web.vlan. */
function changed(values: Readonly<Record<string, unknown>>): LagPlan {
  const plan = structuredClone(parsePlan("plan.yaml", GOOD));
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    let at: unknown = plan;
    for (const key of keys) at = (at as Record<string, unknown>)[key];
    (at as Record<string, unknown>)[last] = value;
  }
  return plan;
}

describe("parsePlan", () => {
  it("gives what the file says", () => {
    const plan = parsePlan("plan.yaml", GOOD);
    expect(plan).toMatchObject({ selection: "buckets", buckets: 256, hash: { generation: "5.17", key: "6d5a56da" } });
    expect(plan.partitions.web).toEqual({
      macs: ["02:00:00:00:00:01", "02:00:00:00:00:02"],
      vlan: 10,
      vni: 42,
      members: ["uplink0", { port: "uplink1", weight: 3 }],
      backup: ["uplink2"],
      minLinks: 1,
      preemptionDelayMs: 0,
    });
    expect(plan.partitions.db).toEqual({ macs: ["02:00:00:00:00:01"], standalone: "uplink3" });
  });

  it("asks whoever knows more, and says where they refuse", () => {
    const hash = GOOD.replace("policy: layer3+4", "policy: layer9");
    const parse = () =>
      parsePlan("plan.yaml", hash, (plan, refuse) => refuse(["hash", "policy"], `another than ${plan.hash?.policy}`));
    expect(parse).toThrow("plan.yaml:2:9: hash.policy: expected another than layer9");
  });

  it.each(["modulo", "turn"])("weights ports by buckets only, not by %s", (selection) => {
    const uneven = GOOD.replace("selection: buckets\nbuckets: 256", `selection: ${selection}`);
    expect(() => parsePlan("plan.yaml", uneven)).toThrow(
      `plan.yaml:12:40: partitions.web.members.1.weight: expected 1 where selection is ${selection}, received 3`,
    );
    parsePlan("plan.yaml", uneven.replace("weight: 3", "weight: 1"));
    const backup = uneven.replace("weight: 3", "weight: 1").replace("[uplink2]", "[{ port: uplink2, weight: 2 }]");
    expect(() => parsePlan("plan.yaml", backup)).toThrow(/backup.0.weight: expected 1 where selection is/);
  });

  it("needs no more than ports and one set", () => {
    const text = 'ports: [a]\npartitions: { web: { macs: ["02:00:00:00:00:01"], members: [a] } }\n';
    expect(parsePlan("plan.yaml", text).ports).toEqual(["a"]);
  });

  it.each([
    // Shapes and words.
    ["vlan: 10", "vlans: 10", "11:5", "web.vlans", "no such key"],
    ["weight: 3", "wait: 3", "13:40", "web.members.1.wait", "no such key"],
    ["weight: 3", 'weight: "3"', "13:40", "web.members.1.weight", 'number, received "3"'],
    ["[uplink0, {", "[7, {", "13:15", "web.members.0", "a port's name, or { port, weight }, received 7"],
    ['"5.17"', "5.17", "2:27", "hash.generation", "string, received 5.17"],
    ["headers: outer", "headers: both", "2:47", "hash.headers", '("outer" | "inner"), received "both"'],
    [
      "selection: buckets",
      "selection: random",
      "3:1",
      "selection",
      '("buckets" | "modulo" | "turn"), received "random"',
    ],
    ["macs: [", "macs: # [", "10:5", "web.macs", "Array, received null"],
    // Bounds.
    ["weight: 3", "weight: 0", "13:40", "web.members.1.weight", "a whole number from 1 to 1000, received 0"],
    ["weight: 3", "weight: 1001", "13:40", "web.members.1.weight", "a whole number from 1 to 1000, received 1001"],
    ["buckets: 256", "buckets: 100", "4:1", "buckets", "a power of two from 2 to 65536, received 100"],
    ["buckets: 256", "buckets: 131072", "4:1", "buckets", "a power of two from 2 to 65536, received 131072"],
    ["selection: buckets", "selection: modulo", "4:1", "buckets", "left out where selection is modulo, received 256"],
    ["vlan: 10", "vlan: 4095", "11:5", "web.vlan", "a whole number from 1 to 4094, received 4095"],
    ["vni: 42", "vni: 16777216", "12:5", "web.vni", "a whole number from 0 to 16777215, received 16777216"],
    ["key: 6d5a56da", "key: 6d5a56d", "2:63", "hash.key", 'hexadecimal bytes, received "6d5a56d"'],
    ["basis: 0", "basis: -1", "2:91", "hash.basis", "a whole number from 0 to 4294967295, received -1"],
    [
      "preemptionDelayMs: 500",
      "preemptionDelayMs: 0.5",
      "6:1",
      "preemptionDelayMs",
      "a whole number from 0 to 86400000, received 0.5",
    ],
    ["minLinks: 1\npre", "minLinks: 0\npre", "5:1", "minLinks", "a whole number from 1 to 8, received 0"],
    // Ports.
    ["uplink2, uplink3]", "uplink2, uplink2]", "1:36", "ports.3", 'a name that no other port has, received "uplink2"'],
    [/ports: \[u.*]/, "ports: []", "1:1", "ports", "1 to 32 ports, received 0"],
    [
      "[uplink0, {",
      "[uplink9, {",
      "13:15",
      "web.members.0",
      'one of uplink0, uplink1, uplink2, uplink3, received "uplink9"',
    ],
    [
      "port: uplink1,",
      "port: uplink9,",
      "13:25",
      "web.members.1.port",
      "one of uplink0, uplink1, uplink2, uplink3, rec",
    ],
    [
      "standalone: uplink3",
      "standalone: eth9",
      "17:38",
      "db.standalone",
      'one of uplink0, uplink1, uplink2, uplink3, received "eth9"',
    ],
    [
      "backup: [uplink2]",
      "backup: [uplink2, uplink0]",
      "14:23",
      "web.backup.1",
      "a port that this partition has not named before",
    ],
    [
      "backup: [uplink2]",
      "backup: [{port: uplink1}]",
      "14:15",
      "web.backup.0.port",
      "a port that this partition has not named before",
    ],
    [
      "port: uplink1,",
      "port: uplink0,",
      "13:25",
      "web.members.1.port",
      "a port that this partition has not named before",
    ],
    // Sets.
    [
      "members: [uplink0, {port: uplink1, weight: 3}]",
      "members: []",
      "13:5",
      "web.members",
      "1 to 8 ports, received 0",
    ],
    [", standalone: uplink3", "", "17:3", "db.members", "1 to 8 ports, or standalone, but it is missing"],
    [
      "standalone: uplink3",
      "standalone: uplink3, members: [uplink0]",
      "17:59",
      "db.members",
      "left out where standalone is given",
    ],
    [
      "standalone: uplink3",
      "standalone: uplink3, minLinks: 1",
      "17:59",
      "db.minLinks",
      "left out where standalone is given, received 1",
    ],
    [
      "minLinks: 1\n    pre",
      "minLinks: 3\n    pre",
      "15:5",
      "web.minLinks",
      "at most 2, the number of members, received 3",
    ],
    [
      "minLinks: 1\n    pre",
      "minLinks: 2\n    pre",
      "14:5",
      "web.backup",
      "no ports, or at least 2, which is minLinks, received 1",
    ],
    // Identifiers.
    ['00:02"]', '00:01"]', "10:33", "web.macs.1", 'an address that is not listed before, received "02:00:00:00:00:01"'],
    [
      'db: { macs: ["02:00:00:00:00:01"]',
      'db: { macs: ["02:00:00:00:00:09", "02:00:00:00:00:01"], vlan: 10, vni: 42',
      "17:37",
      "db.macs.1",
      "an address that web has not with the same VLAN and VNI",
    ],
    [
      '["02:00:00:00:00:01"], st',
      '["03:00:00:00:00:01"], st',
      "17:16",
      "db.macs.0",
      "a unicast MAC address of six hexadecimal bytes with colons",
    ],
    ['["02:00:00:00:00:01"], st', "[], st", "17:9", "db.macs", "1 or more MAC addresses, received []"],
    [/partitions:.*$/s, "partitions: {}", "8:1", "partitions", "1 or more partitions, received {}"],
  ])("%#: %j -> %j is refused at %s", (before, after, place, key, expected) => {
    const text = GOOD.replace(before, after);
    expect(text).not.toBe(GOOD);
    const name = /^(web|db)\./.test(key) ? `partitions.${key}` : key;
    expect(refusal(text).message).toContain(`plan.yaml:${place}: ${name}: expected ${expected}`);
  });

  it("holds the common minLinks against every set", () => {
    const error = refusal(GOOD.replace("minLinks: 1\npre", "minLinks: 3\npre").replace("    minLinks: 1\n", ""));
    expect(error.message).toBe(
      "plan.yaml:5:1: minLinks: expected at most 2, the members of partitions.web, received 3",
    );
  });

  it("refuses more than 8 primaries or backups", () => {
    const plan = (side: string) =>
      `ports: [${[...NINE, "q"]}]\npartitions:\n  w: { macs: ["02:00:00:00:00:01"], ${side} }\n`;
    expect(refusal(plan(`members: [${NINE}]`)).message).toContain(
      "3:37: partitions.w.members: expected 1 to 8 ports, received 9",
    );
    expect(refusal(plan(`members: [q], backup: [${NINE}]`)).message).toContain(
      "backup: expected 0 to 8 ports, received 9",
    );
    const eight = NINE.slice(0, 8);
    expect(parsePlan("plan.yaml", plan(`members: [q], backup: [${eight}]`)).partitions.w?.backup).toEqual(eight);
  });
});

describe("planProblems", () => {
  it("accepts what a file may say", () => {
    expect([...planProblems(parsePlan("plan.yaml", GOOD))]).toEqual([]);
    expect([...planProblems(changed({ "partitions.web.backup": [] }))]).toEqual([]);
  });

  it("tells the same MAC address in another VLAN or VNI apart", () => {
    const { web } = parsePlan("plan.yaml", GOOD).partitions;
    for (const key of ["vlan", "vni"]) {
      expect([...planProblems(changed({ "partitions.mail": { ...web, [key]: 7 } }))]).toEqual([]);
      expect([...planProblems(changed({ "partitions.mail": { ...web, [key]: undefined } }))]).toEqual([]);
    }
    expect([...planProblems(changed({ "partitions.mail": web }))][0]).toEqual({
      path: ["partitions", "mail", "macs", 0],
      value: "02:00:00:00:00:01",
      bound: "an address that web has not with the same VLAN and VNI",
    });
  });

  it("takes upper and lower case for the same address", () => {
    const plan = changed({
      "partitions.db.macs": ["0a:00:00:00:00:0b"],
      "partitions.mail": { macs: ["0A:00:00:00:00:0B"], standalone: "uplink3" },
    });
    expect([...planProblems(plan)]).toMatchObject([{ bound: expect.stringContaining("an address that db has not") }]);
  });

  it.each([
    ["partitions.web.members.1.weight", 0, "a whole number from 1 to 1000"],
    ["partitions.web.members.0", "eth0", "one of uplink0, uplink1, uplink2, uplink3"],
    ["partitions.web.members", undefined, "1 to 8 ports, or standalone"],
    ["partitions.db.backup", [], "left out where standalone is given"],
    ["selection", "x", "one of buckets, modulo, turn"],
    ["hash.headers", "x", "one of outer, inner"],
    ["ports.0", "", "a name"],
    ["minLinks", Number.NaN, "a whole number from 1 to 8"],
    ["partitions", {}, "1 or more partitions"],
  ])("refuses %s = %j", (key, value, bound) => {
    const [first] = planProblems(changed({ [key]: value }));
    expect(first?.path.join(".")).toBe(key);
    expect(first).toMatchObject({ value, bound });
  });

  it("finds every problem, in order", () => {
    const plan = changed({
      buckets: 3,
      "partitions.web.vlan": 0,
      "partitions.web.members.1.weight": 0,
      "partitions.db.standalone": "eth0",
    });
    expect([...planProblems(plan)].map(({ path }) => path.join("."))).toEqual([
      "buckets",
      "partitions.web.vlan",
      "partitions.web.members.1.weight",
      "partitions.db.standalone",
    ]);
  });
});
