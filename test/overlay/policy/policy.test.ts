/** Policies: what is refused and where, what is filled in, how classes and blocks come about. */
import { describe, expect, it } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { DocumentError } from "../../../src/document/parse.js";
import { ConfigError } from "../../../src/errors.js";
import { copyHits, definePolicy, hitsOf, type PolicyDefinition } from "../../../src/overlay/policy/index.js";
import { parsePolicy } from "../../../src/overlay/policy/parse.js";

import { placeOf } from "../../helpers/places.js";

const GOOD = `networks:
  blue:
    vni: 42
    groups:
      web: { labels: { role: web } }
      db: { partitions: [db1], prefixes: ["10.1.0.0/16", "2001:db8::/32"] }
    rules:
      - { name: sql, from: web, to: db, action: allow, protocol: tcp, ports: [5432, "8000-8100"] }
      - { from: any, to: any, action: via, via: fw, priority: -1, stateful: false }
  red:
    vni: 43
    groups: { office: { partitions: [pc] } }
`;

function refusal(text: string): DocumentError {
  try {
    parsePolicy("p.yaml", text);
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error("the policy was accepted");
}

describe("parsePolicy", () => {
  it("gives networks, groups and rules, with defaults and lines", () => {
    const blue = parsePolicy("p.yaml", GOOD).network("blue");
    expect(blue).toMatchObject({
      ...{ name: "blue", vni: 42, default: "deny", flood: false, innerVlan: false },
      ...{ groups: ["web", "db"], waypoints: ["fw"], tenant: undefined, encapsulation: undefined, mtuBytes: undefined },
    });
    expect(blue.rules).toEqual([
      {
        ...{ index: 0, line: 8, name: "sql", from: "web", to: "db", action: "allow", via: undefined, priority: 0 },
        protocols: [6],
        ports: [
          { first: 5432, last: 5432 },
          { first: 8000, last: 8100 },
        ],
        stateful: true,
      },
      {
        ...{ index: 1, line: 9, name: undefined, from: "any", to: "any", action: "via", via: "fw", priority: -1 },
        ...{ protocols: undefined, ports: undefined, stateful: false },
      },
    ]);
  });

  it.each([
    ["vni: 43", "vni: 42 ", "vni: 42 ", "networks.red.vni", "another VNI than that of blue, received 42"],
    ["vni: 43", "vni: 16777216", "vni: 16777216", "networks.red.vni", "<=16777215, received 16777216"],
    ["vni: 43", "vni: 43\n    colour: red", "colour", "networks.red.colour", "no such key"],
    ["from: web", "from: wbe", "from: wbe", "networks.blue.rules.0.from", 'one of any, web, db, received "wbe"'],
    [
      "from: web",
      "from: office",
      "from: office",
      "networks.blue.rules.0.from",
      'one of any, web, db (office is a group of red: nothing crosses networks), received "office"',
    ],
    ["via: fw, ", "", "{ from: any", "networks.blue.rules.1.via", "a partition where action is via, but it is missing"],
    ["allow", "allow, via: gw", "via: gw", "networks.blue.rules.0.via", "left out where action is allow"],
    ["allow", "permit", "action: permit", "networks.blue.rules.0.action", '"deny" | "via"'],
    [
      "allow",
      "deny, stateful: true",
      "stateful: true",
      "networks.blue.rules.0.stateful",
      "left out where action is deny",
    ],
    ["protocol: tcp, ", "", "ports", "networks.blue.rules.0.ports", "left out unless protocol is tcp or udp"],
    [
      "protocol: tcp",
      "protocol: icmp",
      "ports",
      "networks.blue.rules.0.ports",
      "left out unless protocol is tcp or udp",
    ],
    ["protocol: tcp", "protocol: 256", "protocol: 256", "networks.blue.rules.0.protocol", "<=255, received 256"],
    ["protocol: tcp", "protocol: sctp", "protocol: sctp", "networks.blue.rules.0.protocol", 'received "sctp"'],
    ['"8000-8100"', '"8100-8000"', '"8100', "networks.blue.rules.0.ports.1", "whose first port is not above its last"],
    ['"8000-8100"', "65536", "65536", "networks.blue.rules.0.ports.1", "<=65535, received 65536"],
    ['"8000-8100"', '"8000-70000"', '"8000', "networks.blue.rules.0.ports.1", "ports of at most 65535"],
    ['"8000-8100"', '"http"', '"http"', "networks.blue.rules.0.ports.1", "a port from 0 to 65535"],
    ['[5432, "8000-8100"]', "[]", "ports", "networks.blue.rules.0.ports", ">=1, received 0"],
    ["10.1.0.0/16", "10.1.0.0/15", '"10.1', "networks.blue.groups.db.prefixes.0", "with no bits set behind it"],
    ["10.1.0.0/16", "10.1.0.0", '"10.1', "networks.blue.groups.db.prefixes.0", "an IP prefix such as 10.0.0.0/8"],
    ["10.1.0.0/16", "10.1.0.0/33", '"10.1', "networks.blue.groups.db.prefixes.0", "an IP prefix"],
    ["2001:db8::/32", "2001:db8::%1/32", '"2001', "networks.blue.groups.db.prefixes.1", "an IP prefix"],
    ["{ labels: { role: web } }", "{}", "web: {}", "networks.blue.groups.web", "at least one of partitions, labels"],
    ["{ role: web }", "{}", "labels", "networks.blue.groups.web.labels", "one label or more"],
    ["{ role: web }", "{ constructor: web }", "constructor", "constructor", "another key"],
    ["web: { labels", "any: { labels", "any: { labels", "networks.blue.groups.any", "another name: any is the group"],
    ["priority: -1", "priority: 0.5", "priority", "networks.blue.rules.1.priority", "received 0.5"],
    ["vni: 43", "vni: 43\n    encapsulation: nvgre", "vni: 43", "networks.red.vni", "4096 to 16777214 where"],
    ["vni: 43", "vni: 43\n    encapsulation: gre", "encapsulation", "networks.red.encapsulation", '"vxlan" | "geneve"'],
    ["vni: 43", "vni: 43\n    mtuBytes: 67", "mtuBytes", "networks.red.mtuBytes", ">=68, received 67"],
  ])("refuses %j as %j with its place", (before, after, at, key, expected) => {
    const text = GOOD.replace(before, after);
    const error = refusal(text);
    expect([error.line, error.column, error.key]).toEqual([...placeOf(text, at), key]);
    expect(error.expected).toContain(expected);
  });
});

/** A definition with one network of two groups. */
function network(rules: NonNullable<PolicyDefinition["networks"][string]["rules"]>): PolicyDefinition {
  const groups = { web: { labels: { role: "web" } }, lan: { prefixes: ["10.0.0.0/8"] } };
  return { networks: { blue: { vni: 7, groups, rules } } };
}

describe("definePolicy", () => {
  it("refuses as files are refused, with path, value and bound", () => {
    const refused = (definition: unknown) => {
      try {
        definePolicy(definition as PolicyDefinition);
      } catch (error) {
        if (error instanceof ConfigError) return [error.argument, error.value, error.bound];
        throw error;
      }
      throw new Error("the policy was accepted");
    };
    expect(refused(network([{ from: "db", to: "any", action: "allow" }]))).toEqual([
      "networks.blue.rules.0.from",
      "db",
      "one of any, web, lan",
    ]);
    expect(refused({ networks: { blue: { vni: -1 } } })).toEqual(["networks.blue.vni", -1, ">=0"]);
    expect(refused({ networks: { blue: { vni: 1, rule: [] } } })).toEqual(["networks.blue.rule", "rule", "left out"]);
    expect(refused({ networks: { Blue: { vni: 1 } } })).toEqual(["networks.Blue", "Blue", "a name of a-z, 0-9 and -"]);
    expect(refused(network([{ from: "any", to: "any", action: "deny", protocol: "udp", ports: "9-1" }]))).toEqual([
      "networks.blue.rules.0.ports",
      "9-1",
      "a range whose first port is not above its last",
    ]);
    const label = { groups: { g: { labels: { constructor: "x", a: "b" } } }, vni: 1 };
    expect(refused({ networks: { blue: label } })).toEqual([
      "networks.blue.groups.g.labels.constructor",
      "constructor",
      "another key",
    ]);
    const tooMany = Array.from({ length: 32768 }, () => ({ from: "any", to: "any", action: "deny" as const }));
    expect(refused(network(tooMany))).toEqual(["networks.blue.rules", tooMany, "<=32767"]);
  });

  it("finds networks by name and VNI, and no other", () => {
    const policy = definePolicy(network([]));
    expect(policy.network("blue")).toBe(policy.network(7));
    expect(() => policy.network(8)).toThrow("network is 8; it must be one of blue (7)");
  });

  it("numbers classes as they appear, and says when the block is out of date", () => {
    const blue = definePolicy(network([{ from: "web", to: "lan", action: "allow" }])).network("blue");
    // No group, and that of the prefix.
    expect([blue.classCount, blue.version]).toEqual([2, 1]);
    expect(blue.classOf({ ip: "10.1.2.3" })).toBe(1);
    expect(blue.classOf({ ip: "11.0.0.0" })).toBe(0);
    expect(blue.classOf({ partition: "x", labels: { role: "db" }, ip: "10.0.0.1" })).toBe(1);
    expect([blue.classCount, blue.version]).toEqual([2, 1]);
    const web = blue.classOf({ partition: "x", labels: { role: "web", zone: "a" } });
    expect([web, blue.version, blue.groupsOf(web)]).toEqual([2, 2, ["web"]]);
    expect(blue.groupsOf(blue.classOf({ labels: { role: "web" }, ip: "10.0.0.1" }))).toEqual(["web", "lan"]);
    expect(blue.version).toBe(3);
    expect(() => blue.classOf({ ip: "10.0.0" })).toThrow('ip is "10.0.0"; it must be an IPv4 or IPv6 address');
    expect(blue.decide(web, 1, undefined)).toMatchObject({ action: "allow", reason: "rule 0: from web to lan, allow" });
    expect(blue.decide(1, web, 6, 80).reason).toBe("no rule is about it, and the network's default is deny");
  });

  it("refuses a block over the bound, and then forgets the classes that it was for", () => {
    const blue = definePolicy(network([{ from: "web", to: "lan", action: "allow" }])).network("blue");
    const small = blue.encode(1 << 20);
    const web = blue.classOf({ labels: { role: "web" } });
    expect(() => blue.encode(small.length)).toThrow(
      /^networks.blue is "\d+ bytes when compiled"; it must be at most \d+$/,
    );
    expect(blue.classCount).toBe(2);
    expect(blue.encode(small.length)).toEqual(small);
    expect(blue.classOf({ labels: { role: "web" } })).toBe(web);
    expect(blue.encode(1 << 20).length).toBeGreaterThan(small.length);
  });

  it("keeps programs, port maps and pages once each, and numbers that stay", () => {
    const rules = (["any", "web", "lan"] as const).flatMap((from) => [
      { from, to: "any", action: "allow" as const, protocol: "tcp" as const, ports: [80, 443, "60000-65535"] },
      { from, to: "any", action: "deny" as const, protocol: "udp" as const, ports: [80, 443, "60000-65535"] },
    ]);
    const blue = definePolicy(network(rules)).network("blue");
    const of = (block: Uint8Array, field: number) => new DataView(block.buffer).getUint32(field, true);
    const counts = (block: Uint8Array) => [
      (of(block, layout.POLICY_PORT_MAPS) - of(block, layout.POLICY_PROGRAMS)) / layout.PROGRAM_ENTRIES / 2,
      (of(block, layout.POLICY_PAGES) - of(block, layout.POLICY_PORT_MAPS)) / 512,
      Math.floor((block.length - of(block, layout.POLICY_PAGES)) / 512),
    ];
    // One program, though rules differ by source: the first two shadow the rest. A page of nothing, then of 80, of 443, of 60000's
    // first and of all, for TCP and for UDP.
    const before = blue.encode(1 << 20);
    expect(counts(before)).toEqual([1, 2, 9]);
    blue.classOf({ labels: { role: "web" } });
    const after = blue.encode(1 << 20);
    expect(counts(after)).toEqual([1, 2, 9]);
    // Frames that were counted stay counted, rule by rule.
    const at = of(before, layout.POLICY_DECISIONS) + 2 * layout.DECISION_BYTES + layout.DECISION_HITS;
    new DataView(before.buffer).setBigUint64(at, 12n, true);
    copyHits(before, after);
    expect(hitsOf(after)).toEqual([0n, 0n, 12n, 0n, 0n, 0n, 0n]);
  });

  it("refuses more different port maps than a program can name", () => {
    // Each rule pairs a group of its own with all, so that each class has port maps of its own.
    const groups = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`g${i}`, { partitions: [`p${i}`] }]));
    const rules = Object.keys(groups).flatMap((group, i) => [
      { from: group, to: "any", action: "allow" as const, protocol: "tcp" as const, ports: i },
      { from: "any", to: group, action: "allow" as const, protocol: "tcp" as const, ports: 1000 + i },
    ]);
    const blue = definePolicy({ networks: { blue: { vni: 1, groups, rules } } }).network("blue");
    for (let i = 0; i < 181; i++) blue.classOf({ partition: `p${i}` });
    expect(() => blue.encode(1 << 30)).toThrow(
      'port maps of networks.blue is "more than 32768 different ones"; it must be at most 32768',
    );
    expect(blue.classCount).toBe(1);
  });
});
