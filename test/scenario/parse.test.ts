/** A bad scenario is refused with file, line, column, key and what was expected. */
import { describe, expect, it } from "vitest";
import { DocumentError } from "../../src/document/parse.js";
import { type Schedule, scheduleText } from "../../src/index.js";
import { parseScenario } from "../../src/scenario/parse.js";
import { ONE_LINK as GOOD, THREE_HOSTS, TWO_HOSTS } from "../helpers/scenarios.js";

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
  it("accepts the examples", () => {
    const { networks, hosts, endpoints, replays } = parseScenario("two-hosts.yaml", TWO_HOSTS);
    expect(networks.blue).toEqual({ vni: 42, default: "allow", flood: true });
    expect(hosts.alpha).toMatchObject({ address: "192.0.2.1", uplinks: ["a0", "a1", "a2"] });
    expect(endpoints.cache).toMatchObject({ network: "red", host: "alpha", standalone: "a2" });
    expect(replays[0]).toMatchObject({ capture: "captures/web-mix.pcap", from: "web", to: "db", expect: "delivered" });
    const three = parseScenario("three-hosts.yaml", THREE_HOSTS);
    expect(three.moves).toEqual([{ endpoint: "store", to: "gamma", atMs: 100, state: true }]);
    expect(three.policy.network("blue").rules[0]?.line).toBe(place(THREE_HOSTS, "- { name: no remote").line);
  });

  it("says where an unknown key stands", () => {
    const error = refusal("vni: 42", "mtu: 1500, vni: 42");
    expect(error).toMatchObject({ file: "s.yaml", key: "networks.blue.mtu", expected: "no such key" });
    expect(error).toMatchObject(place(GOOD.replace("vni: 42", "mtu: 1500, vni: 42"), "mtu"));
    expect(error.message).toBe(`s.yaml:${error.line}:11: networks.blue.mtu: expected no such key`);
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
    ["mtuBytes: 1600", "mtuBytes: 575", "hosts.alpha.mtuBytes", ">=576, received 575"],
    ["mtuBytes: 1600", "encapsulations: [vxlan, infiniband]", "hosts.alpha.encapsulations.1", "one that IP carries"],
    ["network: blue, host: alpha", "network: red, host: alpha", "endpoints.web.network", "one of blue"],
    ["network: blue, host: alpha", "network: blue, host: gamma", "endpoints.web.host", "one of alpha, beta"],
    ["10.20.0.1,", "10.20.0.2,", "endpoints.db.ips.0", "another address than that of web"],
    ["  web: {", "  uplink: {", "endpoints.uplink", "a name of its own"],
    ["to: db", "to: web", "replays.0.to", "another endpoint than web"],
    ["from: web", "from: nobody", "replays.0.from", "one of web, db"],
    [
      "from: web",
      "from: web\n    expect: lost",
      "replays.0.expect",
      'delivered, denied, limited, or "via" and a partition',
    ],
    ["from: web", "from: web\n    expect: via db", "replays.0.expect", "via a partition that forwards (none)"],
    ["address: 192.0.2.2", "address: 2001:db8::2", "hosts", "addresses that are all IPv4 or all IPv6"],
    ["address: 192.0.2.2", "address: 192.0.2.1", "hosts.beta.address", "another address than that of alpha"],
    ["replays:", "underlay: { links: { alpha.a0: {} } }\nreplays:", "underlay.links.alpha.a0", "one of alpha.uplink"],
    ["replays:", "underlay: { loss: 2 }\nreplays:", "underlay.loss", "<=1, received 2"],
    ["replays:", "moves: [{ endpoint: web, to: beta }]\nreplays:", "moves.0", "either atMs or afterFrames"],
    ["replays:", "moves: [{ endpoint: web, to: alpha, atMs: 1 }]\nreplays:", "moves.0.to", "another host than alpha"],
    ["replays:", "moves: [{ endpoint: cat, to: beta, atMs: 1 }]\nreplays:", "moves.0.endpoint", "one of web, db"],
    ["replays:", "flows: [{ from: web, to: db, count: 1 }]\nreplays:", "flows.0.port", "a port, but it is missing"],
    [
      "replays:",
      "flows: [{ from: web, to: db, count: 1, protocol: icmp, port: 7 }]\nreplays:",
      "flows.0.port",
      "no port with icmp",
    ],
    [
      "replays:",
      "flows: [{ from: web, to: db, count: 1, protocol: tcp, port: 7, bytes: 9 }]\nreplays:",
      "flows.0.bytes",
      "no payload with tcp",
    ],
    [
      "replays:",
      "faults: [{ kind: cut, atMs: 1, link: alpha.a0 }]\nreplays:",
      "faults.0.link",
      "one of alpha.uplink, beta.uplink",
    ],
    [
      "replays:",
      "faults: [{ kind: partition, atMs: 1, sides: [[alpha], [cat]] }]\nreplays:",
      "faults.0.sides.1.0",
      "one of alpha, beta",
    ],
  ])("refuses %j -> %j", (before, after, key, expected) => {
    const error = refusal(before, after);
    expect(error.key).toBe(key);
    expect(error.expected).toContain(expected);
  });

  it.each([
    ["members: [a0, a1]", "members: [a0, a9]", "endpoints.web.members.1", "one of a0, a1, a2"],
    ["backup: [a2]", "backup: [a1]", "endpoints.web.backup.0", "a port that this partition has not named"],
    ["members: [a0, a1]", "members: []", "endpoints.web.members", "1 to 8 ports"],
    ["members: [a0, a1]", "standalone: a0", "endpoints.web.backup", "left out where standalone is given"],
    ["members: [a0, a1], ", "", "endpoints.web.backup.0", "a port that this partition has not named"],
    ["mac: ", "mac: x", "endpoints.web.mac", "a unicast MAC address"],
    ["uplinks: [a0, a1, a2]", "uplinks: [a0, a1, a1]", "hosts.alpha.uplinks.2", "a name that no other port has"],
    ["uplinks: [b0, b1, b2]", "uplinks: [b0, b1]", "hosts", "as many uplinks on one as on the other"],
    ["uplinks: [a0, a1, a2], ", "", "hosts", "as many uplinks on one as on the other"],
    ["uplinks: [a0, a1, a2]", "uplinks: [web, a1, a2]", "hosts.alpha.uplinks.0", "a name of its own"],
    ["cache: { network: red", "cache: { network: blue", "endpoints.cache.mac", "another address than that of web"],
    ["uplink: a1, fromFrame", "uplink: b1, fromFrame", "linkDown.0.uplink", "one of a0, a1, a2"],
    ["- { host: alpha", "- { host: gamma", "linkDown.0.host", "one of alpha, beta"],
    ["toFrame: 1500", "toFrame: 400", "linkDown.0.toFrame", "more than 400"],
    ["from: cache, to: store", "from: web, to: db", "replays.1", "endpoints that replay 0 does not use"],
    ["from: cache, to: store", "from: cache, to: db", "replays.1.to", "an endpoint of cache's network"],
  ])("refuses %j -> %j of several uplinks", (before, after, key, expected) => {
    const error = refusal(before, after, TWO_HOSTS);
    expect(error.key).toBe(key);
    expect(error.expected).toContain(expected);
  });

  it("refuses a set where there is one uplink for all", () => {
    const error = refusal("web: { network", "web: { members: [a0], network");
    expect(error).toMatchObject({ key: "endpoints.web.members", expected: "uplinks on alpha" });
  });

  it("says what is missing, at the map that lacks it", () => {
    const error = refusal("    from: web\n", "");
    expect(error).toMatchObject({ key: "replays.0.from", line: place(GOOD, "- capture").line });
    expect(error.expected).toContain("missing");
    expect(refusal(/replays:.*$/s, "").expected).toBe("a replay, a flow, or sockets");
  });

  it("accepts the seed and the faults that a shrunk schedule is printed as", () => {
    const schedule: Schedule = {
      seed: 0xdeadbeef,
      faults: [
        { kind: "cut", atMs: 3, forMs: 2, link: "alpha.uplink", direction: "back", silent: true },
        { kind: "impair", atMs: 0.5, link: "beta.uplink", loss: 0.25, reorder: 0.1, reorderMs: 3 },
        { kind: "partition", atMs: 1, forMs: 9, sides: [["alpha"], ["beta"]] },
        { kind: "directory-cut", atMs: 2, hosts: ["beta"] },
        { kind: "directory-impair", atMs: 4, loss: 0.5 },
      ],
    };
    const { seed, faults } = parseScenario("s.yaml", `${GOOD}${scheduleText(schedule)}`);
    expect({ seed, faults }).toEqual(schedule);
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
