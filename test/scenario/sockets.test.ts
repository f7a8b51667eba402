/** Sockets in scenarios: what a file may say of them, what aggregation saves, and that every stream comes whole, whatever happens. */
import { describe, expect, it } from "vitest";
import { DocumentError } from "../../src/document/parse.js";
import { parseScenario } from "../../src/scenario/parse.js";
import type { ScenarioReport } from "../../src/scenario/run.js";
import { exampleCapture } from "../helpers/files.js";
import { placeOf } from "../helpers/places.js";
import { fileBytes, runText } from "../helpers/scenario-run.js";
import { ONE_LINK, THREE_HOSTS } from "../helpers/scenarios.js";

const HOSTS = ONE_LINK.replace(/replays:.*$/s, "");
const MOUSE = '  mouse: { network: blue, host: beta, mac: "02:00:00:00:00:07", ips: [10.20.0.7] }\n';
const THREE = HOSTS.replace("endpoints:\n", `endpoints:\n${MOUSE}`);
const run = async (more: string, hosts = HOSTS) => (await runText(`${hosts}${more}`, [])).report;

function sentBy({ streams }: ScenarioReport, name: string): number {
  return streams.find((stream) => stream.name === name)?.sent as number;
}

/** The first item, when there are no others. */
function only({ sockets }: ScenarioReport) {
  const [first, second] = sockets;
  if (!first || second) throw new Error(`${sockets.length} sockets`);
  return first;
}

describe("a scenario's sockets", () => {
  it("have defaults that need no more than two ends", () => {
    const { sockets } = parseScenario("s.yaml", `${HOSTS}sockets: [{ from: web, to: db }]\n`);
    const defaults = { streams: 16, messages: 100, bytes: 64, port: 7000, atMs: 0, everyMs: 0.5, mtu: 1024 };
    expect(sockets).toEqual([{ from: "web", to: "db", ...defaults }]);
  });

  it.each([
    ["from: web, to: cat", "sockets.0.to", "one of mouse, web, db"],
    ["from: cat, to: db", "sockets.0.from", "one of mouse, web, db"],
    ["from: web, to: web", "sockets.0.to", "another endpoint than web"],
    ["from: web, to: db, streams: 0", "sockets.0.streams", ">=1, received 0"],
    ["from: web, to: db, streams: 4097", "sockets.0.streams", "<=4096, received 4097"],
    ["from: web, to: db, messages: 0", "sockets.0.messages", ">=1, received 0"],
    ["from: web, to: db, bytes: 7", "sockets.0.bytes", ">=8, received 7"],
    ["from: web, to: db, mtu: 1000", "sockets.0.mtu", "(256 | 512 | 1024 | 2048 | 4096), received 1000"],
    [
      "from: web, to: db, mtu: 2048",
      "sockets.0.mtu",
      "at most 1024, for which mtuBytes of alpha has room, received 2048",
    ],
    ["from: web, to: db, port: 21063", "sockets.0.port", "another than 21063, where agents agree on sessions"],
    ["from: web, to: db, everyMs: -1", "sockets.0.everyMs", ">=0, received -1"],
    ["from: web, to: db, size: 64", "sockets.0.size", "no such key"],
    ["from: web, to: db }, { from: db, to: web", "sockets.1", "endpoints that sockets 0 does not join"],
    ["from: web, to: db }, { from: web, to: mouse, mtu: 512", "sockets.1.mtu", "1024, which web has with db, too"],
  ])("refuse { %s }", (item, key, expected) => {
    const text = `${THREE}sockets: [{ ${item} }]\n`;
    const error = (() => {
      try {
        parseScenario("s.yaml", text);
      } catch (thrown) {
        if (thrown instanceof DocumentError) return thrown;
        throw thrown;
      }
      throw new Error("the scenario was accepted");
    })();
    const [line] = placeOf(text, "sockets:");
    expect(error).toMatchObject({ key, expected, line });
  });

  it("need addresses of one IP version", () => {
    const six = THREE.replace("ips: [10.20.0.7]", 'ips: ["fd00:20::7"]').replace(
      'ips: [10.20.0.2, "fd00:20::2"]',
      "ips: [10.20.0.2]",
    );
    const text = `${six}sockets: [{ from: web, to: mouse }]\n`;
    expect(() => parseScenario("s.yaml", text)).toThrow(
      "sockets.0.to: expected an endpoint with an address of the IP version of web's",
    );
  });
});

describe("sockets of three hosts", () => {
  const captures = () => [fileBytes(exampleCapture("web-mix.pcap")), fileBytes(exampleCapture("bulk.pcap"))];
  const BTH_AT = 14 + 20 + 8;
  /** SEND: first, middle, last, last with immediate, only, only with immediate. */
  const SENDS = [0, 1, 2, 3, 4, 5];

  it("send 16 messages in one transfer of two packets, by links that fail, and to a VM that moves", async () => {
    const { report, delivered } = await runText(THREE_HOSTS, captures());
    expect(report.unmet).toEqual([]);
    for (const item of report.sockets) {
      expect(item).toMatchObject({ messages: 1600, arrivedMessages: 1600, transfers: 100, messagesPerTransfer: 16 });
      expect(item).toMatchObject({ arrivedBytes: 102_400, sameStreams: 16, faults: [] });
      expect(item.utilization).toBeGreaterThan(0.8);
      // 14 + 20 + 8 + 12 + 4 around 64.
      expect(item.alone).toEqual({ transfers: 1600, wireBytes: 1600 * 122, utilization: 64 / 122 });
      expect(item.addedDelayNs.p50).toBe(0);
    }
    expect(sentBy(report, "orders")).toBe(205);
    // The same in the file: what of the packets of both is payload.
    const packets = delivered.filter((frame) => {
      const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
      const isToServer = frame[30 + 3] === 1 && frame[23] === 17 && view.getUint16(36) === 4791;
      return isToServer && SENDS.includes(frame[BTH_AT] as number);
    });
    expect(packets.length).toBeGreaterThanOrEqual(400);
    const wireBytes = packets.reduce((sum, { length }) => sum + length, 0);
    expect(204_800 / wireBytes).toBeGreaterThan(0.8);
  });

  it("send one message in one packet where the underlay has room", async () => {
    const text = `${HOSTS.replaceAll("1600", "2400")}sockets: [{ from: web, to: db, mtu: 2048 }]\n`;
    const report = await run("", text);
    expect(report.unmet).toEqual([]);
    expect(only(report)).toMatchObject({ transfers: 100, messagesPerTransfer: 16 });
    expect(sentBy(report, "sockets 7000")).toBeLessThan(110);
    expect(only(report).utilization).toBeGreaterThan(0.86);
  });
});

describe("streams of sockets come whole", () => {
  const SOCKETS = "sockets: [{ name: talk, from: web, to: db, messages: 200 }]\n";
  const whole = { messages: 3200, arrivedMessages: 3200, arrivedBytes: 204_800, sameStreams: 16, faults: [] };

  it("though packets are lost, which are sent again; each that was lost is missing", async () => {
    const loss = "underlay: { loss: 0.05 }\n";
    const report = await run(`${SOCKETS}${loss}expect: { missing: 1000 }\n`);
    expect(report.unmet).toEqual([]);
    expect(only(report)).toMatchObject(whole);
    expect(report.comparison.missing).toBe(report.links.lost);
    expect(report.comparison.missing).toBeGreaterThan(50);
    // Messages that wait for those before them go together.
    expect(only(report).messagesPerTransfer).toBeGreaterThan(16);
    expect((await run(`${SOCKETS}${loss}`)).unmet).toEqual([`${report.links.lost} frames missing, at most 0 expected`]);
  });

  it("though packets come twice, late, and altered", async () => {
    const faults = "underlay: { duplicate: 0.1, reorder: 0.2, reorderMs: 1, corrupt: 0.01 }\n";
    const report = await run(`${SOCKETS}${faults}expect: { missing: 500, altered: 500, duplicated: 1000 }\n`);
    expect(only(report)).toMatchObject(whole);
    expect(report.comparison.duplicated).toBeGreaterThan(50);
    expect(report.comparison.altered).toBeGreaterThan(5);
  });

  it("though there is no way for four seconds: their session comes back", async () => {
    const cut = "faults: [{ kind: cut, atMs: 20, forMs: 4000, link: beta.uplink, silent: true }]\n";
    const report = await run(`${SOCKETS}${cut}expect: { missing: 3000 }\n`);
    expect(report.unmet).toEqual([]);
    expect(only(report)).toMatchObject(whole);
    expect(only(report).addedDelayNs.p99).toBeGreaterThan(3e9);
  });

  it.each(["vxlan", "geneve", "nvgre", "rocev2"])(
    "though the reader changes host, to a third and to the writer's, in %s",
    async (name) => {
      const hosts = HOSTS.replaceAll("1600", `1600, encapsulations: [${name}]`)
        .replace("vni: 42", "vni: 5042")
        .replace(
          "endpoints:",
          `  gamma: { address: 192.0.2.3, mtuBytes: 1600, encapsulations: [${name}] }\nendpoints:`,
        );
      const moves =
        "moves: [{ endpoint: db, to: gamma, atMs: 40, state: false }, { endpoint: db, to: alpha, atMs: 70, state: false }]\n";
      // Alpha hears of it late.
      const late = "faults: [{ kind: directory-impair, atMs: 30, forMs: 60, hosts: [alpha], delayMs: 5 }]\n";
      const report = await run(`${SOCKETS}${moves}${late}`, hosts);
      expect(report.unmet).toEqual([]);
      expect(only(report)).toMatchObject(whole);
      const [there, back] = report.moves;
      for (const frames of [there?.framesThere, there?.framesHere, back?.framesHere])
        expect(frames).toBeGreaterThan(50);
      // Packets of one message went by the old host, which sent them on.
      expect(there?.sentOn).toBeGreaterThan(0);
    },
  );

  it("of one stream, of large messages, over IPv6, all at once, and of several writers to one reader", async () => {
    const six = HOSTS.replace("10.20.0.2, ", "").replace("10.20.0.1, ", "");
    const alone = only(await run("sockets: [{ from: web, to: db, streams: 1 }]\n", six));
    expect(alone).toMatchObject({ messages: 100, wholes: 100, aggregates: 1, sameStreams: 1 });
    expect(alone.alone.wireBytes).toBe(100 * 142);
    const large = only(await run("sockets: [{ from: web, to: db, streams: 3, bytes: 30000, messages: 10 }]\n"));
    expect(large).toMatchObject({ arrivedBytes: 900_000, sameStreams: 3, messages: 30 });
    const atOnce = only(await run("sockets: [{ from: web, to: db, everyMs: 0 }]\n"));
    expect(atOnce).toMatchObject({ messages: 1600, sameStreams: 16 });
    // Of 2048 bytes, as many as there are of 70.
    expect(atOnce.messagesPerTransfer).toBeGreaterThan(27);
    const { sockets, unmet } = await run("sockets: [{ from: web, to: db }, { from: mouse, to: db }]\n", THREE);
    expect(unmet).toEqual([]);
    expect(sockets.map(({ from, sameStreams }) => [from, sameStreams])).toEqual([
      ["web", 16],
      ["mouse", 16],
    ]);
  });

  it("the same from the same seed, and other bytes from another", async () => {
    const [first, again, other] = [await run(SOCKETS), await run(SOCKETS), await run(`${SOCKETS}seed: 2\n`)];
    expect(again.digest).toBe(first.digest);
    expect(again.sockets).toEqual(first.sockets);
    expect(other.digest).not.toBe(first.digest);
  });
});

describe("a run fails with a stream that did not come whole", () => {
  it("since there was no way any more", async () => {
    const cut = "faults: [{ kind: cut, atMs: 20, link: beta.uplink, silent: true }]\n";
    const report = await run(`sockets: [{ from: web, to: db }]\n${cut}expect: { missing: 3000 }\n`);
    const [only = ""] = report.unmet;
    expect(report.unmet).toHaveLength(1);
    expect(only).toMatch(
      /^16 of the 16 streams of sockets 7000 did not arrive whole: \d+ of 100 messages of stream 0 arrived, ETIMEDOUT$/,
    );
    expect(report.virtualMs).toBeLessThan(60_000);
  });

  it("since nobody reads", async () => {
    const report = await run("sockets: [{ from: web, to: db }]\n", HOSTS.replace("  db: {", "  db: { unread: [web],"));
    expect(report.unmet[0]).toMatch(/^16 of the 16 streams of sockets 7000 did not arrive whole: stream 0 wrote 0 of/);
  });

  it("since policy was against it", async () => {
    const report = await run(
      "sockets: [{ from: web, to: db }]\nexpect: { missing: 1000 }\n",
      HOSTS.replace("allow", "deny"),
    );
    expect(report.unmet).toEqual([
      "16 of the 16 streams of sockets 7000 did not arrive whole: stream 0 wrote 0 of 100 messages, ETIMEDOUT",
    ]);
    expect(only(report)).toMatchObject({ transfers: 0, utilization: 0, sameStreams: 0 });
  });
});
