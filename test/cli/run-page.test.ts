/** The page of `ringlane run`: each figure is the report's, each mark the checks'; a broken promise is marked, and is the exit code. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { pageOf } from "../../src/cli/run-page/page.js";
import { parseScenario, type Scenario } from "../../src/scenario/parse.js";
import { failuresOf } from "../../src/scenario/report/failures.js";
import type { ScenarioReport } from "../../src/scenario/run.js";
import type { System } from "../../src/scenario/systems.js";
import { ringlane } from "../helpers/command.js";
import { exampleCapture, testFolder } from "../helpers/files.js";
import { fileBytes, runText } from "../helpers/scenario-run.js";
import { ONE_LINK, THREE_HOSTS, TWO_HOSTS } from "../helpers/scenarios.js";

const FILES = { underlay: "out/underlay.pcapng", delivered: "out/delivered.pcapng" };
const NAMES: Readonly<Record<System, string>> = {
  "single-dma": "single-DMA transmit buffers",
  uplinks: "selective link aggregation",
  "queue-pairs": "global queue pairs",
  overlay: "distributed overlay",
  sockets: "RDMA socket aggregation",
  migration: "adapter-state migration",
  limits: "dynamic mbuf limits",
};

/** What the page says of each system: mark and facts, its lines joined. */
function systemsOf(page: string): Map<string, { mark: string; facts: string }> {
  const told = new Map<string, { mark: string; facts: string }>();
  const found = page.matchAll(/^(✓|FAILED) +([a-zA-Z-]+(?: [a-zA-Z-]+)+) {2,}(.*(?:\n {20,}.*)*)/gm);
  for (const [, mark = "", name = "", facts = ""] of found)
    told.set(name, { mark, facts: facts.replace(/\n +/g, " ") });
  return told;
}

const factsOf = (report: ScenarioReport, system: System) => systemsOf(pageOf(report, FILES)).get(NAMES[system])?.facts;

let scenario: Scenario;
let report: ScenarioReport;

beforeAll(async () => {
  scenario = parseScenario("three-hosts.yaml", THREE_HOSTS);
  const captures = ["web-mix.pcap", "bulk.pcap"].map((name) => fileBytes(exampleCapture(name)));
  report = (await runText(THREE_HOSTS, captures)).report;
}, 120_000);

/** The report with the value in another place of it; what is in a list goes by number, name or endpoint. */
function changed(path: string, value: unknown): ScenarioReport {
  const copy = structuredClone(report) as unknown as Node;
  const keys = path.split(".");
  const last = keys.pop() as string;
  const holder = keys.reduce((at, key) => (at[key] ?? named(at, key)) as Node, copy);
  if (!(last in holder)) throw new Error(`the report has no ${path}`);
  holder[last] = value;
  return copy as unknown as ScenarioReport;
}

type Node = Record<string, unknown>;

function named(list: Node, key: string): Node | undefined {
  return (list as unknown as Node[]).find(({ name, endpoint }) => name === key || endpoint === key);
}

describe("the page of three hosts", () => {
  it("is no longer and no wider than a terminal, with all seven systems", () => {
    const page = pageOf(report, FILES);
    const lines = page.split("\n");
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(110);
    expect(lines[0]).toBe(scenario.title);
    const systems = systemsOf(page);
    expect([...systems.keys()]).toEqual(Object.values(NAMES));
    expect([...systems.values()].map(({ mark }) => mark)).toEqual(Object.values(NAMES).map(() => "✓"));
    expect(page).not.toContain("not used here");
    expect(page).not.toMatch(/undefined|NaN|Infinity/);
  });

  it("accounts for every frame that was sent", () => {
    const [, delivered, all, rest = ""] =
      /(\S+) frames of (\S+); ([^\n]*(?:\n[^\n]+)?)\n\n/.exec(pageOf(report, FILES)) ?? [];
    const numbers = [delivered, ...rest.matchAll(/[\d,]+(?= )/g)].map((text) =>
      Number(String(text).replaceAll(",", "")),
    );
    expect(all).toBe(report.framesIn.toLocaleString("en-US"));
    expect(numbers.reduce((sum, n) => sum + n, 0)).toBe(report.framesIn);
  });

  it("says what was seen", () => {
    const { moves, streams, limits, sockets, outages } = report;
    const n = (value: number | undefined) => (value ?? Number.NaN).toLocaleString("en-US");
    const [move, outage] = [moves[0], outages[0]];
    const [own, others] = [outage?.sets.filter(({ hasIt }) => hasIt), outage?.sets.filter(({ hasIt }) => !hasIt)];
    expect(own?.map(({ partition }) => partition)).toEqual(["web", "db", "firewall"]);
    expect(others?.map(({ partition }) => partition)).toEqual(["noisy", "cache", "store"]);
    // Whoever has no such link was busy meanwhile, so that nothing moved means something.
    for (const { sentByOthers } of outage?.sets ?? []) expect(sentByOthers).toBeGreaterThan(10);
    const sentOf = (sets = own) => n(sets?.reduce((sum, { sentByOthers }) => sum + sentByOthers, 0));
    expect(factsOf(report, "uplinks")).toContain(
      `web, db, firewall sent 0 frames that way; ${sentOf()} by their other links; 0 flow buckets moved of noisy, cache, store, which sent ${sentOf(others)} frames elsewhere`,
    );
    expect(factsOf(report, "queue-pairs")).toContain(
      `store is queue pair ${move?.gqpn.before} on beta and ${move?.gqpn.before} on gamma`,
    );
    const [passage] = move?.passages ?? [];
    expect(passage?.first).toBe((passage?.last ?? 0) + 1);
    expect(factsOf(report, "queue-pairs")).toContain(
      `from alpha: ${n(passage?.last)} to beta, then ${n(passage?.first)} to gamma`,
    );
    expect(factsOf(report, "overlay")).toContain("4 IP addresses in common: 0 frames given to a VM of another");
    expect(factsOf(report, "overlay")).toContain(
      "ssh: 30 of 30 denied by policy, 0 delivered; 100 frames by way of firewall",
    );
    const transfers = sockets.reduce((sum, item) => sum + item.transfers, 0);
    expect(factsOf(report, "sockets")).toContain(`3,200 messages of 32 sockets in ${n(transfers)} transfers`);
    expect(factsOf(report, "migration")).toContain(`${n(move?.state?.bytes)} bytes of adapter state`);
    expect(factsOf(report, "migration")).toContain(`; 0 lost`);
    const noisy = streams.find(({ name }) => name === "noisy")?.limited;
    expect(factsOf(report, "limits")).toContain(
      `2,000 frames: ${n(noisy?.delivered)} delivered, ${n(noisy?.refused)} refused`,
    );
    const limit = limits.find(({ refused }) => refused > 0);
    expect(factsOf(report, "limits")).toContain(`the limit of noisy at db: ${n(limit?.limit)} buffers`);
  });

  it.each<readonly [System, string, number, string]>([
    ["single-dma", "descriptorsPerFrame", 1.25, "1.25"],
    ["single-dma", "copiedInBytesPerFrame", 987_654, "987,654"],
    ["single-dma", "copiedAfterwardsBytesPerFrame", 987_654, "987,654"],
    ["uplinks", "sets.3.outside", 987_654, "987,654"],
    ["uplinks", "outages.0.sets.0.sentByIt", 987_654, "987,654"],
    ["uplinks", "outages.0.sets.4.buckets", 987_654, "987,654"],
    ["queue-pairs", "moves.0.gqpn.after", 987_654, "987654"],
    ["queue-pairs", "moves.0.passages.0.first", 987_654, "987,654"],
    ["queue-pairs", "moves.0.stale", 987_654, "987,654"],
    ["overlay", "isolation.crossed", 987_654, "987,654"],
    ["overlay", "streams.ssh.denied.delivered", 987_654, "987,654"],
    ["overlay", "waypoints.0.frames", 987_654, "987,654"],
    ["overlay", "encapsulations.0.headerBytesPerFrame", 987_654, "987,654"],
    ["sockets", "sockets.0.sameStreams", 987_654 - 16, "987,654"],
    ["sockets", "sockets.0.transfers", 987_654 - 100, "987,654"],
    ["sockets", "sockets.0.alone.wireBytes", 1e9, "0 % if each went alone"],
    ["migration", "moves.0.lost", 987_654, "987,654"],
    ["migration", "moves.0.state.standsMs", 987_654, "987,654"],
    ["migration", "moves.0.state.bytes", 987_654, "987,654"],
    ["migration", "moves.0.state.heldFrames", 987_654, "987,654"],
    ["migration", "moves.0.state.forwardedFrames", 987_654, "987,654"],
    ["limits", "streams.noisy.limited.delivered", 987_654, "987,654"],
    ["limits", "limits.noisy.limit", 987_654, "987,654"],
    ["limits", "refusedOthers", 987_654, "987,654"],
  ])("has %s's figure from %s alone", (system, path, value, shown) => {
    const other = changed(path, value);
    expect(factsOf(report, system)).not.toContain(shown);
    expect(factsOf(other, system)).toContain(shown);
    for (const each of Object.keys(NAMES) as System[]) {
      if (each !== system) expect(factsOf(other, each)).toBe(factsOf(report, each));
    }
  });

  it.each<readonly [System, string, unknown]>([
    ["single-dma", "splitFrames", 3],
    ["single-dma", "copiedAfterwardsBytesPerFrame", 0.5],
    ["uplinks", "sets.0.outside", 1],
    ["uplinks", "outages.0.sets.0.sentByIt", 1],
    ["uplinks", "outages.0.sets.5.buckets", 1],
    ["queue-pairs", "moves.0.gqpn.after", 99],
    ["queue-pairs", "moves.0.stale", 1],
    ["overlay", "isolation.crossed", 1],
    ["overlay", "isolation.strays", 1],
    ["overlay", "neighbours.wrong", 1],
    ["sockets", "sockets.1.sameStreams", 15],
    ["migration", "moves.0.liveMs", undefined],
    ["limits", "refusedOthers", 1],
  ])("marks %s alone as FAILED where %s is %s", (system, path, value) => {
    const counted = changed(path, value);
    const failures = failuresOf(scenario, counted, true);
    expect(failures.map((failure) => failure.system)).toEqual([system]);
    const page = pageOf({ ...counted, failures, unmet: failures.map(({ text }) => text), ok: false }, FILES);
    const marks = [...systemsOf(page)].map(([name, { mark }]) => [name, mark]);
    expect(marks).toEqual(Object.values(NAMES).map((name) => [name, name === NAMES[system] ? "FAILED" : "✓"]));
    expect(page).toContain(`FAILED: ${failures[0]?.text}`);
    expect(page).not.toContain("delivered = sent");
  });

  it("marks a move as FAILED when frames of the VM are lost that the scenario does not allow", () => {
    const lossy = { ...changed("moves.0.lost", 2), comparison: { ...report.comparison, missing: 2 } };
    expect(failuresOf(scenario, lossy, true).map(({ system }) => system)).toEqual([undefined, "migration"]);
    expect(failuresOf({ ...scenario, expect: { ...scenario.expect, missing: 2 } }, lossy, true)).toEqual([]);
  });
});

describe("the page of other scenarios", () => {
  it("leaves out what they have no part of, and says so", async () => {
    const captures = ["web-mix.pcap", "bulk.pcap"].map((name) => fileBytes(exampleCapture(name)));
    const page = pageOf((await runText(TWO_HOSTS, captures)).report, FILES);
    expect([...systemsOf(page).keys()]).toEqual(
      ["single-dma", "uplinks", "overlay"].map((name) => NAMES[name as System]),
    );
    const absent = (["queue-pairs", "sockets", "migration", "limits"] as const).map((name) => NAMES[name]);
    expect(page).toContain(`not used here: ${absent.join(", ")}`);
    expect(page).toContain("delivered = sent, byte for byte: 2,900 frames of 2,902; 2 for hosts");
  });

  const FLOW = "flows: [{ from: web, to: db, port: 9000, count: 50";
  const ONE_FLOW = ONE_LINK.replace(/replays:.*$/s, "");
  const EIGHT = "unread: [web], mbufs: { floor: 8, preset: 8, ceiling: 8 }";

  it.each<readonly [System, string, RegExp]>([
    [
      "overlay",
      `${ONE_FLOW}${FLOW}, expect: denied }]\n`,
      /FAILED: 50 frames of udp 9000 were delivered, and were to be denied\n/,
    ],
    [
      "limits",
      `${ONE_FLOW.replace("  db: {", `  db: { ${EIGHT},`)}${FLOW} }]\nexpect: { missing: 50 }\n`,
      /FAILED: 42 frames of other streams were refused as mbuf-limit\n/,
    ],
    [
      "sockets",
      `${ONE_FLOW.replace("default: allow", "default: deny")}sockets: [{ from: web, to: db }]\nexpect: { missing: 1000 }\n`,
      /FAILED: 16 of the 16 streams of sockets 7000 did not arrive whole: /,
    ],
  ])("says FAILED where %s has not kept its promise, why, and exits with 1", (system, text, why) => {
    const folder = testFolder();
    const file = join(folder, "s.yaml");
    writeFileSync(file, text);
    const { code, stdout } = ringlane(["run", file, "--out", folder]);
    const page = stdout.toString();
    expect(code).toBe(1);
    expect(systemsOf(page).get(NAMES[system])?.mark).toBe("FAILED");
    for (const [name, { mark }] of systemsOf(page)) if (name !== NAMES[system]) expect(mark).toBe("✓");
    expect(page).toMatch(why);
  });
});
