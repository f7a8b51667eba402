/** A bad scenario is refused with file, line, column, key and what was expected. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DocumentError } from "../../src/document/parse.js";
import { parseScenario } from "../../src/scenario/parse.js";
import { ROOT } from "../helpers/files.js";

const GOOD = readFileSync(join(ROOT, "examples/two-hosts.yaml"), "utf8");

/** The error for the example with one piece of its text replaced. */
function refusal(before: string | RegExp, after: string): DocumentError {
  const text = GOOD.replace(before, after);
  expect(text).not.toBe(GOOD);
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
    const scenario = parseScenario("two-hosts.yaml", GOOD);
    expect(scenario.networks).toEqual({ blue: { vni: 42 } });
    expect(scenario.hosts.alpha).toEqual({ address: "192.0.2.1", partitions: { web: { network: "blue" } } });
    expect(scenario.replay).toEqual({ capture: "captures/web-mix.pcap", from: "web", to: "db" });
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
    ["to: db", "to: web", "replay.to", "a partition on another host than web"],
    ["from: web", "from: nobody", "replay.from", "one of web, db"],
    ["address: 192.0.2.2", "address: 2001:db8::2", "hosts", "addresses that are all IPv4 or all IPv6"],
    ["address: 192.0.2.2", "address: 192.0.2.1", "hosts", "addresses that differ"],
    ["      db: {", "      web: {", "hosts.beta.partitions.web", "a name that no partition of alpha has"],
  ])("refuses %j -> %j", (before, after, key, expected) => {
    expect(refusal(before, after)).toMatchObject({ key, expected });
  });

  it("says what is missing, at the map that lacks it", () => {
    const error = refusal("  from: web\n", "");
    expect(error).toMatchObject({ key: "replay.from", line: place(GOOD, "replay:").line });
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
