/** Mbuf limits in scenarios: what a file may say of them, and that one who floods costs the others nothing. */
import { describe, expect, it } from "vitest";
import { DocumentError } from "../../src/document/parse.js";
import { parseScenario } from "../../src/scenario/parse.js";
import type { ScenarioReport } from "../../src/scenario/run.js";
import { exampleCapture } from "../helpers/files.js";
import { placeOf } from "../helpers/places.js";
import { fileBytes, runText } from "../helpers/scenario-run.js";
import { ONE_LINK, THREE_HOSTS } from "../helpers/scenarios.js";

const captures = () => [fileBytes(exampleCapture("web-mix.pcap")), fileBytes(exampleCapture("bulk.pcap"))];
/** Without its replay. */
const PLAIN = ONE_LINK.replace(/replays:.*$/s, "");
const EIGHT = "mbufs: { floor: 8, preset: 8, ceiling: 8 }";

/** ONE_LINK's endpoints, the receiver with more keys, and such flows. */
function withDb(keys: string, flows: readonly string[], more = ""): string {
  return `${PLAIN.replace("  db: {", `  db: { ${keys},`)}flows:\n${flows.map((flow) => `  - { ${flow} }\n`).join("")}${more}`;
}

function streamOf({ streams }: ScenarioReport, name: string) {
  const found = streams.find((stream) => stream.name === name);
  if (!found) throw new Error(`no stream ${name}`);
  return found;
}

describe("a scenario's limits", () => {
  it.each([
    ["mbufs: { floor: 9, ceiling: 8 }", "", "floor", "endpoints.db.mbufs.floor", "at most the ceiling, 8, received 9"],
    ["mbufs: { cieling: 8 }", "", "cieling", "endpoints.db.mbufs.cieling", "no such key"],
    [
      "mbufs: { peers: { preset: 0 } }",
      "",
      "preset",
      "endpoints.db.mbufs.peers.preset",
      "from 1 to 16777216, received 0",
    ],
    [
      "mbufs: { ceiling: 100, peers: { floor: 40 } }",
      "",
      "floor",
      "endpoints.db.mbufs.peers.floor",
      "at most 36, what the partition's own floor leaves, received 40",
    ],
    ["mbufs: { reduce: { by: rtt } }", "", "by: rtt", "endpoints.db.mbufs.reduce.by", "expected"],
    ["mbufs: { reading: batch }", "", "reading", "endpoints.db.mbufs.reading", '"held", received "batch"'],
    ["unread: [web, cat]", "", "cat]", "endpoints.db.unread.1", "an endpoint of blue (web, db)"],
    ["labels: {}", "engine: { mbufs: 64, wall: 65 }", "wall", "engine.wall", "the engine's mbufs, 64, received 65"],
    ["labels: {}", "engine: { wall: 4097 }", "wall", "engine.wall", "the engine's mbufs, 4096, received 4097"],
    ["labels: {}", "engine: { wall: 0 }", "wall", "engine.wall", ">=1, received 0"],
    [
      "mbufs: { floor: 9 }",
      "engine: { wall: 8 }",
      "wall",
      "engine.wall",
      "at least 9, the floors of all that are ever on",
    ],
  ])("that say %j and %j are refused at their place", (keys, more, at, key, expected) => {
    const text = withDb(keys, ["from: web, to: db, port: 9, count: 1"], `${more}\n`);
    let error: unknown;
    try {
      parseScenario("s.yaml", text);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof DocumentError)) throw new Error("the scenario was accepted");
    const [line, column] = placeOf(text, at);
    expect(error).toMatchObject({ key, line, column });
    expect(error.message).toContain(expected);
  });

  it("refuse one who is not in the network, and count floors of those who come", () => {
    const red = THREE_HOSTS.replace("unread: [noisy]", "unread: [store]");
    expect(() => parseScenario("s.yaml", red)).toThrow(
      "db.unread.0: expected an endpoint of blue (web, db, firewall, noisy)",
    );
    const both = `${THREE_HOSTS.replace("  store: { ", "  store: { mbufs: { floor: 40 }, ").replace("  firewall: { ", "  firewall: { mbufs: { floor: 60 }, ")}engine: { wall: 99 }\n`;
    expect(() => parseScenario("s.yaml", both)).toThrow(
      "engine.wall: expected at least 104, the floors of all that are ever on beta",
    );
    const there = both.replace("mbufs: { floor: 64, preset", "mbufs: { floor: 50, preset");
    expect(() => parseScenario("s.yaml", there)).toThrow("at least 100, the floors of all that are ever on gamma");
  });
});

describe("three hosts", () => {
  it("keep one who floods and is never read from costing the others a frame", async () => {
    const { report } = await runText(THREE_HOSTS, captures());
    expect(report.unmet).toEqual([]);
    const noisy = streamOf(report, "noisy");
    const { delivered = 0, refused = 0 } = noisy.limited ?? {};
    expect(noisy).toMatchObject({ expect: "limited", sent: 2000, altered: 0, missing: 0, limited: { lost: 0 } });
    expect(delivered + refused).toBe(2000);
    expect(delivered).toBeLessThan(100);
    expect(report.drops).toEqual({ policy: 30, "mbuf-limit": refused });
    const owners = report.limits.map(({ host, partition, endpoint, peer }) => [host, partition, endpoint, peer]);
    expect(owners).toEqual([
      ["beta", "db", undefined, undefined],
      ["beta", "db", "web", "10.20.0.2"],
      ["beta", "db", "noisy", "10.20.0.10"],
      ["beta", "db", "web", "fd00:20::2"],
    ]);
    const peers = report.limits.filter(({ peer }) => peer !== undefined);
    for (const peer of peers) expect(peer.refused).toBe(peer.endpoint === "noisy" ? refused : 0);
    const held = report.limits.find(({ endpoint }) => endpoint === "noisy");
    expect(held).toMatchObject({ limit: 16, inUse: 64, frames: 64, changes: 2 });
  });

  it("may go by the health of TCP connections", async () => {
    const text = THREE_HOSTS.replace("ceiling: 256 }", "ceiling: 256, reduce: { by: tcp } }");
    const { report } = await runText(text, captures());
    expect(report.unmet).toEqual([]);
    expect(streamOf(report, "noisy").limited?.refused).toBeGreaterThan(1900);
  });

  it("lose others' frames to it without limits", async () => {
    const { report } = await runText(THREE_HOSTS.replace(/ {4}mbufs: .*\n/, ""), captures());
    // The vnic's queue is full of what nobody reads.
    const noisy = streamOf(report, "noisy");
    expect(noisy.limited).toEqual({ delivered: 512, refused: 0, lost: 1488 });
    const lost = report.streams.filter(({ missing }) => missing > 0).map(({ name, from, to }) => [name, from, to]);
    expect(lost).toEqual([
      ["captures/web-mix.pcap", "web", "db"],
      ["ping", "web", "db"],
      ["backup", "web", "db"],
      ["orders", "web", "db"],
    ]);
    expect(report.comparison.missing).toBeGreaterThan(300);
    expect(report.drops).toEqual({ policy: 30, "queue-full": 1488 + report.comparison.missing });
    expect(report.unmet).toEqual([
      `${report.comparison.missing} frames missing, at most 0 expected`,
      expect.stringMatching(
        /^16 of the 16 streams of orders did not arrive whole: \d+ of 100 messages .* arrived, ETIMEDOUT$/,
      ),
      "1488 frames of limited streams were lost to something else",
    ]);
    expect(report.limits).toEqual([]);
  });
});

describe("a limited stream", () => {
  const FLOOD = "name: flood, from: web, to: db, port: 9, count: 100";

  it("needs its frames to be delivered, or refused by a limit and nothing else", async () => {
    const flow = `${FLOOD}, expect: limited`;
    const { report } = await runText(withDb(`${EIGHT}, unread: [web]`, [flow]), []);
    expect(report).toMatchObject({ ok: true, framesOut: 8, drops: { "mbuf-limit": 92 } });
    expect(streamOf(report, "flood").limited).toEqual({ delivered: 8, refused: 92, lost: 0 });
    const read = await runText(withDb(EIGHT, [flow]), []);
    expect(read.report).toMatchObject({ ok: true, framesOut: 100, drops: {} });
    const cut = 'faults: [{ kind: cut, atMs: 5.5, forMs: 10, link: "beta.uplink", silent: true }]\n';
    const lossy = await runText(withDb(EIGHT, [flow], cut), []);
    const { limited } = streamOf(lossy.report, "flood");
    expect(limited).toEqual({ delivered: 100 - (limited?.lost ?? 0), refused: 0, lost: lossy.report.links.cut });
    expect(lossy.report.unmet).toEqual([`${limited?.lost} frames of limited streams were lost to something else`]);
  });

  it("must be unaltered where it comes", async () => {
    const { report } = await runText(withDb(EIGHT, [`${FLOOD}, expect: limited`], "underlay: { corrupt: 0.5 }\n"), []);
    expect(report.comparison.altered).toBeGreaterThan(10);
    expect(report.unmet).toContain(`${report.comparison.altered} frames altered, at most 0 expected`);
  });

  it("alone may be refused something", async () => {
    const flows = [`${FLOOD}, expect: limited`, "name: calm, from: web, to: db, port: 10, count: 20"];
    const { report } = await runText(withDb(`${EIGHT}, unread: [web]`, flows, "expect: { missing: 20 }\n"), []);
    const { missing } = streamOf(report, "calm");
    expect(missing).toBeGreaterThan(10);
    expect(report.unmet).toEqual([`${missing} frames of other streams were refused as mbuf-limit`]);
  });

  it("of pings is answered, if anybody reads them", async () => {
    const pings = "from: web, to: db, protocol: icmp, count: 5, expect: limited";
    const read = await runText(withDb(EIGHT, [pings]), []);
    expect(streamOf(read.report, "icmp, answers")).toMatchObject({ sent: 5, identical: 5 });
    const unread = await runText(withDb("unread: [web]", [pings]), []);
    expect(unread.report.ok).toBe(true);
    expect(streamOf(unread.report, "icmp, answers").sent).toBe(0);
  });

  it("may be a capture's", async () => {
    const text = ONE_LINK.replace("  db: {", `  db: { ${EIGHT}, unread: [web],`).replace(
      "to: db\n",
      "to: db\n    expect: limited\n",
    );
    const { report } = await runText(text, [fileBytes(exampleCapture("web-mix.pcap"))]);
    expect(report.unmet).toEqual([]);
    const [there, back] = report.streams;
    // What it sends is charged to it, too: it could answer until it held eight.
    expect([there?.limited?.delivered, back?.limited?.delivered]).toEqual([8, 11]);
  });
});

it("an endpoint has its limits on the host that it moves to, under that host's wall", async () => {
  const flows = ["name: flood, from: web, to: db, port: 9, count: 100, expect: limited"];
  const move = "moves: [{ endpoint: db, to: alpha, atMs: 50, state: false }]\nengine: { wall: 8 }\n";
  const { report } = await runText(withDb(`${EIGHT}, unread: [web]`, flows, move), []);
  expect(report.unmet).toEqual([]);
  // Eight on either host, which are not read there; the old host's are still there.
  expect(streamOf(report, "flood").limited).toEqual({ delivered: 16, refused: 84, lost: 0 });
  expect(report.limits).toMatchObject([
    { host: "alpha", partition: "db", limit: 8, inUse: 8, frames: 8 },
    { host: "beta", partition: "db", limit: 0, inUse: 8, frames: 8 },
  ]);
});
