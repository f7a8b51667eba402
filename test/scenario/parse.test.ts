/** A bad scenario is refused with file, line, column, key and what was expected. */
import { describe, expect, it } from "vitest";
import { DocumentError } from "../../src/document/parse.js";
import { parseScenario } from "../../src/scenario/parse.js";
import { ONE_CABLE as GOOD, TWO_HOSTS } from "../helpers/scenarios.js";

/** The error for a scenario with one piece of its text replaced. */
function refusal(before: string | RegExp, after: string, scenario = GOOD): DocumentError {
  const text = scenario.replace(before, after);
  expect(text).not.toBe(scenario);
  try {
    parseScenario("s.yaml", text);
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error("the scenario was accepted");
}

/** Line and column of a piece of the changed text, from 1. */
function place(text: string, piece: string): { line: number; column: number } {
  const before = text.slice(0, text.indexOf(piece));
  return { line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
}

describe("parseScenario", () => {
  it("accepts the example", () => {
    const scenario = parseScenario("two-hosts.yaml", TWO_HOSTS);
    expect(scenario.networks).toEqual({ blue: { vni: 42 }, red: { vni: 43 } });
    expect(scenario.hosts.alpha).toMatchObject({ address: "192.0.2.1", uplinks: ["a0", "a1", "a2"] });
    expect(scenario.hosts.alpha?.partitions.cache).toMatchObject({ network: "red", standalone: "a2" });
    expect(scenario.replays[0]).toEqual({ capture: "captures/web-mix.pcap", from: "web", to: "db" });
  });

  it("says where an unknown key stands", () => {
    const error = refusal("vni: 42", "vni: 42\n    mtu: 1500");
    expect(error).toMatchObject({ file: "s.yaml", key: "networks.blue.mtu", expected: "no such key" });
    expect(error).toMatchObject(place(GOOD.replace("vni: 42", "vni: 42\n    mtu: 1500"), "mtu"));
    expect(error.message).toBe(`s.yaml:${error.line}:5: networks.blue.mtu: expected no such key`);
  });

  it.each([
    ["vni: 42", "vni: 16777216", "networks.blue.vni", "<=16777215, received 16777216"],
    ["vni: 42", "vni: -1", "networks.blue.vni", ">=0, received -1"],
    ["vni: 42", "vni: blue", "networks.blue.vni", 'number, received "blue"'],
    [
      "address: 192.0.2.1",
      "address: 192.0.2.256",
      "hosts.alpha.address",
      'an IPv4 or IPv6 address, received "192.0.2.256"',
    ],
    ["network: blue }\n  beta", "network: red }\n  beta", "hosts.alpha.partitions.web.network", "one of blue"],
    ["to: db", "to: web", "replays.0.to", "a partition on another host than web"],
    ["from: web", "from: nobody", "replays.0.from", "one of web, db"],
    ["address: 192.0.2.2", "address: 2001:db8::2", "hosts", "addresses that are all IPv4 or all IPv6"],
    ["address: 192.0.2.2", "address: 192.0.2.1", "hosts", "addresses that differ"],
    ["      db: {", "      web: {", "hosts.beta.partitions.web", "a name that no partition of alpha has"],
  ])("refuses %j -> %j", (before, after, key, expected) => {
    expect(refusal(before, after)).toMatchObject({ key, expected });
  });

  it.each([
    ["members: [a0, a1]", "members: [a0, a9]", "hosts.alpha.partitions.web.members.1", "one of a0, a1, a2"],
    ["backup: [a2]", "backup: [a1]", "hosts.alpha.partitions.web.backup.0", "a port that this partition has not named"],
    ["members: [a0, a1]", "members: []", "hosts.alpha.partitions.web.members", "1 to 8 ports"],
    ["macs: [", "macs: [x, ", "hosts.alpha.partitions.web.macs.0", "a unicast MAC address"],
    ["uplinks: [a0, a1, a2]", "uplinks: [a0, a1, a1]", "hosts.alpha.uplinks.2", "a name that no other port has"],
    ["uplinks: [b0, b1, b2]", "uplinks: [b0, b1]", "hosts", "as many uplinks on one as on the other"],
    ["    uplinks: [a0, a1, a2]\n", "", "hosts", "as many uplinks on one as on the other"],
    ["uplinks: [a0, a1, a2]", "uplinks: [web, a1, a2]", "hosts.alpha.uplinks.0", "a name that no partition has"],
    ["network: red, macs", "network: blue, macs", "hosts.alpha.partitions.cache.macs.0", "an address that web has not"],
    ["uplink: a1, fromFrame", "uplink: b1, fromFrame", "linkDown.0.uplink", "one of a0, a1, a2"],
    ["host: alpha", "host: gamma", "linkDown.0.host", "one of alpha, beta"],
    ["toFrame: 1500", "toFrame: 400", "linkDown.0.toFrame", "more than 400"],
    ["from: cache, to: store", "from: web, to: db", "replays.1", "partitions that replay 0 does not use"],
  ])("refuses %j -> %j of several uplinks", (before, after, key, expected) => {
    const error = refusal(before, after, TWO_HOSTS);
    expect(error.key).toBe(key);
    expect(error.expected).toContain(expected);
  });

  it("refuses a set where there is one uplink for all", () => {
    const error = refusal("web: { network: blue }", "web: { network: blue, members: [a0] }");
    expect(error).toMatchObject({ key: "hosts.alpha.partitions.web.members", expected: "uplinks on alpha" });
  });

  it("says what is missing, at the map that lacks it", () => {
    const error = refusal("    from: web\n", "");
    expect(error).toMatchObject({ key: "replays.0.from", line: place(GOOD, "- capture").line });
    expect(error.expected).toContain("missing");
  });

  it("points at a syntax error", () => {
    const error = refusal("vni: 42", "vni: [42");
    expect(error.key).toBe("YAML");
    expect(error.line).toBeGreaterThanOrEqual(place(GOOD, "vni").line);
  });

  it("refuses a file that is no map", () => {
    expect(() => parseScenario("s.yaml", "just text")).toThrow(DocumentError);
    expect(() => parseScenario("s.yaml", "")).toThrow(DocumentError);
  });
});
