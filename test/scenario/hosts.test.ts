/** Several hosts and links: each endpoint's set of uplinks, switches out of service, tenants, policy, waypoints, moves, faults. */
import { describe, expect, it } from "vitest";
import { type Schedule, scheduleText } from "../../src/index.js";
import type { ScenarioReport } from "../../src/scenario/run.js";
import { exampleCapture } from "../helpers/files.js";
import { fileBytes, runText } from "../helpers/scenario-run.js";
import { ONE_LINK, THREE_HOSTS, TWO_HOSTS } from "../helpers/scenarios.js";

const captures = () => [fileBytes(exampleCapture("web-mix.pcap")), fileBytes(exampleCapture("bulk.pcap"))];
const UDP_PORT_AT = 14 + 20 + 2;
const BTH_AT = 14 + 20 + 8;

function linksOf({ sets }: ScenarioReport, name: string) {
  const found = sets.find(({ partition }) => partition === name);
  if (!found) throw new Error(`no partition ${name}`);
  return found.links;
}
const sentBy = (report: ScenarioReport, name: string) => linksOf(report, name).map(({ sent }) => sent);
const receivedBy = (report: ScenarioReport, name: string) => linksOf(report, name).map(({ received }) => received);

function streamOf({ streams }: ScenarioReport, name: string) {
  const found = streams.find((stream) => stream.name === name);
  if (!found) throw new Error(`no stream ${name}`);
  return found;
}

function limitedOf(report: ScenarioReport, name: string) {
  const { limited } = streamOf(report, name);
  if (!limited) throw new Error(`${name} is not limited`);
  return limited;
}

/** Of the agents inside VMs to each other. */
function socketFrames({ sockets, streams }: ScenarioReport): number {
  const names = sockets.flatMap(({ name }) => [name, `${name}, answers`]);
  return streams.reduce((sum, { name, sent }) => sum + (names.includes(name) ? sent : 0), 0);
}

describe("two hosts with three links", () => {
  it("deliver each tenant's frames by its own links, both ways, and around a switch that is out of service", async () => {
    const { report, underlay } = await runText(TWO_HOSTS, captures());
    expect(report.unmet).toEqual([]);
    // Two frames of neighbour discovery are for the hosts.
    expect(report).toMatchObject({ framesIn: 2902, framesOut: 2900, descriptorsPerFrame: 1, drops: {} });
    expect(report.comparison).toEqual({ identical: 2900, altered: 0, missing: 0, duplicated: 0, overtaken: 0 });
    expect(underlay).toHaveLength(2900);
    for (const [one, other, frames] of [
      ["cache", "store", 422],
      ["store", "cache", 1130],
    ] as const) {
      expect(sentBy(report, one)).toEqual([0, 0, frames]);
      expect(receivedBy(report, other)).toEqual([0, 0, frames]);
    }
    for (const [one, frames] of [
      ["web", 818],
      ["db", 530],
    ] as const) {
      const [first, second, backup] = sentBy(report, one) as [number, number, number];
      expect([first + second, backup]).toEqual([frames, 0]);
      expect(Math.min(first, second)).toBeGreaterThan(50);
    }
    // Nothing was lost when the links were cut.
    expect(report.links).toMatchObject({ cut: 0, lost: 0 });
  });

  it("say of a switch out of service what each set sent meanwhile, and which buckets moved", async () => {
    const { report } = await runText(TWO_HOSTS, captures());
    const [{ uplinks, sets } = { uplinks: [], sets: [] }, ...others] = report.outages;
    expect([uplinks, others]).toEqual([["a1", "b1"], []]);
    const told = sets.map(({ partition, hasIt, sentByIt, buckets }) => [partition, hasIt, sentByIt, buckets > 0]);
    expect(told).toEqual([
      ["web", true, 0, true],
      ["db", true, 0, true],
      ["cache", false, 0, false],
      ["store", false, 0, false],
    ]);
    // From before the first frame to after the last, that is all that the sets have sent.
    const always = await runText(
      TWO_HOSTS.replace(/fromFrame: \d+, toFrame: \d+/, "fromFrame: 0, toFrame: 99999"),
      captures(),
    );
    expect(always.report.unmet).toEqual([]);
    const [outage] = always.report.outages;
    expect(outage?.toMs).toBeUndefined();
    for (const { partition, sentByIt, sentByOthers } of outage?.sets ?? []) {
      const sent = sentBy(always.report, partition).reduce((sum, frames) => sum + frames, 0);
      expect([partition, sentByIt, sentByOthers]).toEqual([partition, 0, sent]);
    }
  });

  it("go by the backup while no member can carry anything", async () => {
    const pulled = TWO_HOSTS.replace("members: [a0, a1]", "members: [a1]").replace(
      "members: [b0, b1]",
      "members: [b1]",
    );
    const { report } = await runText(pulled.replace("toFrame: 1500", "toFrame: 2500"), captures());
    expect(report).toMatchObject({ ok: true, comparison: { identical: 2900, altered: 0, missing: 0 } });
    const [, a1, a2] = sentBy(report, "web") as [number, number, number];
    expect([a1 + a2, a1 > 100, a2 > 100]).toEqual([818, true, true]);
  });

  it("fail loudly when an end does not expect what the other sends", async () => {
    const unequal = TWO_HOSTS.replace("members: [b0, b1], backup: [b2]", "members: [b0]");
    const { report } = await runText(unequal, captures());
    expect(report.ok).toBe(false);
    expect(report.drops).toEqual({ "outside-port-set": report.comparison.missing });
    expect(report.comparison.missing).toBeGreaterThan(100);
    expect(report.unmet[1]).toBe(`${report.comparison.missing} frames outside their set of uplinks`);
  });
});

describe("three hosts", () => {
  it("keep tenants apart, deny, send through the firewall, and move a VM with its number", async () => {
    const { report, underlay } = await runText(THREE_HOSTS, captures());
    expect(report.unmet).toEqual([]);
    const { delivered, refused } = limitedOf(report, "noisy");
    const spoken = socketFrames(report);
    expect(spoken).toBeGreaterThan(600);
    expect(report).toMatchObject({ framesIn: 6072 + spoken, framesOut: 4040 + delivered + spoken });
    expect(report.descriptorsPerFrame).toBe(1);
    expect(report.drops).toEqual({ policy: 30, "mbuf-limit": refused });
    expect(report.isolation).toEqual({ crossed: 0, deniedDelivered: 0, strays: 0 });
    const reason = 'rule "no remote shells" (line 28): from web to db, deny';
    const denied = {
      delivered: 0,
      dropped: 30,
      host: "alpha",
      port: "web",
      cause: "policy",
      rule: { reason, hits: 30 },
    };
    expect(streamOf(report, "ssh")).toMatchObject({ sent: 30, identical: 0, missing: 0, denied });
    expect(streamOf(report, "backup")).toMatchObject({ expect: "via firewall", sent: 100, identical: 100 });
    expect(streamOf(report, "ping, answers")).toMatchObject({ from: "db", to: "web", sent: 20, identical: 20 });
    expect(report.waypoints).toEqual([{ endpoint: "firewall", host: "gamma", frames: 100 }]);

    const [move] = report.moves;
    expect(move).toMatchObject({ endpoint: "store", from: "beta", to: "gamma", stale: 0 });
    expect(move?.gqpn.after).toBe(move?.gqpn.before);
    expect(move?.generation).toEqual({ before: 1, after: 2 });
    expect(move?.framesThere).toBeGreaterThan(300);
    const toStoreFrames = 1422 + streamOf(report, "lookups").sent;
    expect((move?.framesThere ?? 0) + (move?.framesHere ?? 0)).toBe(toStoreFrames);
    // Alpha heard of it late: what it still sent to beta was held there, and went after store.
    expect(move?.state).toMatchObject({ outcome: "moved" });
    expect(move?.state?.heldFrames).toBeGreaterThan(0);
    expect(move?.state?.forwardedFrames).toBeGreaterThanOrEqual(move?.sentToOldHost as number);
    expect(move?.framesHere).toBeGreaterThan(300);
    expect(move?.lost).toBe(0);
    expect(move?.state?.bytes).toBeGreaterThan(1000);
    expect(move?.state?.standsMs).toBeLessThan(5);
    const [passage] = move?.passages ?? [];
    expect(passage).toEqual({ sender: "alpha", last: expect.any(Number), first: (passage?.last ?? 0) + 1 });
    expect(move?.blackoutMs).toBeLessThan(10);

    // The same on the wire: to store's number, first to beta's address, then to gamma's.
    const view = (frame: Uint8Array) => new DataView(frame.buffer, frame.byteOffset, frame.length);
    const queued = underlay.filter((frame) => view(frame).getUint16(UDP_PORT_AT) === 4791);
    const toStore = queued.filter((frame) => (view(frame).getUint32(BTH_AT + 4) & 0xffffff) === move?.gqpn.before);
    const hosts = toStore.map((frame) => frame[14 + 19]);
    expect([...new Set(hosts)]).toEqual([2, 3]);
    expect(toStore).toHaveLength(toStoreFrames + (move?.sentOn ?? 0));
  });

  it.each(["vxlan", "geneve", "vxlan-gpe", "nvgre", "rocev2"])(
    "lose nothing of a move in %s, there and back",
    async (name) => {
      const text = THREE_HOSTS.replaceAll("encapsulations: [geneve, rocev2]", `encapsulations: [${name}]`)
        .replaceAll(/ {4}encapsulation: .*\n/g, "")
        .replaceAll(/vni: (\d+)/g, "vni: 50$1")
        .replace("moves:\n", "moves:\n  - { endpoint: web, to: gamma, afterFrames: 1000 }\n")
        .replace("atMs: 100 }\n\n# The", "atMs: 100 }\n  - { endpoint: store, to: beta, atMs: 400 }\n\n# The")
        .replace("everyMs: 0.1 }", "everyMs: 0.5 }");
      const { report } = await runText(text, captures());
      expect(report.unmet).toEqual([]);
      const seen = report.moves.map(({ endpoint, from, to, stale, generation }) => [
        endpoint,
        from,
        to,
        stale,
        generation.after,
      ]);
      expect(seen.toSorted()).toEqual([
        ["store", "beta", "gamma", 0, 2],
        ["store", "gamma", "beta", 0, 3],
        ["web", "alpha", "gamma", 0, 2],
      ]);
      const { delivered } = limitedOf(report, "noisy");
      const identical = 4040 + delivered + socketFrames(report);
      expect(report.comparison).toEqual({ identical, altered: 0, missing: 0, duplicated: 0, overtaken: 0 });
    },
  );

  it.each([
    ["what is to be denied is let through", "action: deny", "action: allow", /30 frames of ssh were delivered/],
    ["what is to be delivered is denied", "expect: denied", "expect: delivered", /30 frames missing/],
    ["nothing is sent through the firewall", "action: via, via: firewall", "action: allow", /100 frames missing/],
    ["more goes through the firewall than is to", "expect: via firewall", "expect: delivered", /100 frames missing/],
  ])("fail when %s", async (_, before, after, expected) => {
    const { report } = await runText(THREE_HOSTS.replace(before, after), captures());
    expect(report.ok).toBe(false);
    expect(report.unmet.join("\n")).toMatch(expected);
  });
});

describe("faults", () => {
  const FLOW = "flows: [{ from: web, to: db, port: 9000, count: 500 }]\n";
  const text = `${ONE_LINK.replace(/replays:.*$/s, "")}${FLOW}`;
  const run = (more: string) => runText(`${text}${more}`, []);

  it("lose frames, which the scenario may expect", async () => {
    const faults = 'faults: [{ kind: cut, atMs: 100, forMs: 50, link: "beta.uplink", silent: true }]\n';
    const { report } = await run(faults);
    const { missing, identical } = report.comparison;
    expect([report.ok, missing + identical]).toEqual([false, 500]);
    expect(Math.abs(missing - 50)).toBeLessThan(3);
    expect((await run(`${faults}expect: { missing: 60 }\n`)).report.ok).toBe(true);
  });

  it("duplicate and alter frames, which is seen", async () => {
    const twice = await run("underlay: { duplicate: 0.5 }\n");
    expect(twice.report).toMatchObject({ ok: false, comparison: { identical: 500, missing: 0 } });
    expect(twice.report.comparison.duplicated).toBeGreaterThan(300);
    // Two links, and no checksum outside: what is flipped in the payload gets through.
    const flipped = await run("underlay: { corrupt: 0.3 }\n");
    const { identical, altered, missing } = flipped.report.comparison;
    expect(identical + altered + missing).toBe(500);
    expect([flipped.report.ok, altered > 10]).toEqual([false, true]);
  });

  it("are the same again from the same seed", async () => {
    const noisy = "underlay: { loss: 0.1, jitterMs: 1, reorder: 0.1, reorderMs: 1 }\nexpect: { missing: 500 }\n";
    const [first, again, other] = [await run(noisy), await run(noisy), await run(`seed: 2\n${noisy}`)];
    expect(first.report.digest).toBe(again.report.digest);
    expect(first.report.comparison).toEqual(again.report.comparison);
    expect(other.report.digest).not.toBe(first.report.digest);
  });

  it("of a schedule that was shrunk are replayed as they were printed", async () => {
    const schedule: Schedule = {
      seed: 77,
      faults: [{ kind: "impair", atMs: 10, forMs: 400, link: "alpha.uplink", direction: "forth", loss: 0.5 }],
    };
    const { report } = await run(scheduleText(schedule));
    expect(report).toMatchObject({ seed: 77, ok: false });
    expect(report.links.lost).toBe(report.comparison.missing);
    expect(report.comparison.missing).toBeGreaterThan(100);
  });

  it("of the directory do not stop what is known", async () => {
    const faults = "faults: [{ kind: directory-cut, atMs: 50, forMs: 300 }]\n";
    const { report } = await run(faults);
    expect(report).toMatchObject({ ok: true, comparison: { identical: 500 } });
  });
});
