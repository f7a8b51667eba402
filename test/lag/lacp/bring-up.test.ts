/** Two systems and their cables, in exact virtual milliseconds: coming up, timing, and the ways to fail. */
import { describe, expect, it, test } from "vitest";
import { decodeLacpdu, encodeLacpdu, type Lacpdu, type LacpOptions, LacpSystem } from "../../../src/lag/lacp/index.js";
import { type Cables, MAC, options, pair } from "./cable.js";

const FAST = { timeout: "fast" } as const;
const SLOW = { timeout: "slow" } as const;
const PASSIVE = { activity: "passive" } as const;

function up(cables: Cables, untilMs = 20_000): Cables {
  cables.linkAll(true, "a", "b");
  cables.runTo(untilMs);
  return cables;
}

/** Loses everything from now on, from one system or from both. */
function lose(cables: Cables, ...systems: string[]): void {
  cables.copies = ({ from }) => (systems.includes(from.system) ? 0 : 1);
}

const versions = [1, 2].flatMap((a) => [1, 2].map((b) => [a, b] as [1 | 2, 1 | 2]));

describe("coming up", () => {
  test.each(versions)("versions %i and %i: both ends after wait-while (2 s) and two crossings", (a, b) => {
    const cables = up(pair(2, { version: a, ...SLOW }, { version: b, ...SLOW }, 10));
    // Slow ends have no periodic PDU near. 0: both ask. 10: each knows the other and waits. 2010: attached. 2020: the
    // other's sync is here, collecting. 2030: so is collecting.
    for (const port of [1, 2]) {
      expect(cables.distributionTimes("a", port)).toEqual([[2030, true]]);
      expect(cables.distributionTimes("b", port)).toEqual([[2030, true]]);
    }
    const states = cables.happened.filter(({ system, action }) => system === "a" && action.type === "state");
    expect(states.map(({ atMs, action }) => [atMs, action])).toEqual(
      [false, true].flatMap((distributing) =>
        [1, 2].map((port) => [
          distributing ? 2030 : 2020,
          { type: "state", port, collecting: true, distributing, aggregator: 1 },
        ]),
      ),
    );
    expect(cables.get("a").port(1).partnerVersion).toBe(b);
  });

  it("active and passive: the passive end answers", () => {
    const cables = up(pair(1, {}, PASSIVE, 10));
    expect(cables.distributing).toEqual(["a 1", "b 1"]);
    expect(cables.sendTimes("b", 1)[0]).toBe(10);
  });

  it("passive and passive: not a frame, ever", () => {
    const cables = up(pair(1, PASSIVE, PASSIVE), 1_000_000);
    expect(cables.sent).toEqual([]);
    expect(cables.distributing).toEqual([]);
    expect(cables.get("a").port(1)).toMatchObject({ defaulted: true, expired: false });
  });

  it("alone: asks every second, attaches by itself and never carries anything", () => {
    const cables = pair(1);
    cables.link("a", 1, true);
    cables.runTo(10_000);
    // Attached at 2000, alone: one PDU says so.
    const times = [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000];
    expect([...new Set(cables.sendTimes("a", 1))]).toEqual(times);
    expect(cables.happened).toEqual([]);
    expect(cables.get("a").port(1)).toMatchObject({
      attached: true,
      isIndividual: true,
      states: { receive: "DEFAULTED" },
    });
  });

  it("a port that comes later joins the aggregator that runs, and nothing else moves", () => {
    const cables = pair(2, {}, {}, 10);
    for (const system of ["a", "b"]) cables.link(system, 2, true);
    cables.runTo(5000);
    for (const system of ["a", "b"]) cables.link(system, 1, true);
    cables.runTo(10_000);
    expect(cables.distributionTimes("a", 2)).toEqual([[2030, true]]);
    expect(cables.distributionTimes("a", 1)).toEqual([[7030, true]]);
    expect([1, 2].map((port) => cables.get("a").port(port).aggregator)).toEqual([2, 2]);
  });
});

describe("periodic transmission", () => {
  const steadyFrom = 100_000;
  test.each([
    ["fast, asked by a fast partner", SLOW, FAST, 1000],
    ["slow, asked by a slow partner", FAST, SLOW, 30_000],
  ] as const)("%s", (_, a, b, periodMs) => {
    const cables = up(pair(1, a, b, 10), steadyFrom + 200_000);
    const times = cables.sendTimes("a", 1).filter((atMs) => atMs >= steadyFrom);
    const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] as number));
    expect(gaps.length).toBeGreaterThan(3);
    expect(new Set(gaps)).toEqual(new Set([periodMs]));
    // Nothing else happens in a steady state.
    expect(cables.happened.filter(({ atMs }) => atMs > 2030)).toEqual([]);
  });

  it("no more than three PDUs in a second, whatever the partner says", () => {
    const cables = up(pair(1), 10_000);
    const [noise] = cables.sent.filter(({ from }) => from.system === "b");
    const a = cables.get("a");
    for (let n = 0; n < 500; n++) {
      cables.runTo(cables.nowMs + 7);
      cables.act("a", a.receive(1, noise?.frame as Uint8Array, cables.nowMs));
    }
    const times = cables.sendTimes("a", 1);
    expect(times.filter((atMs) => atMs > 10_000).length).toBeGreaterThanOrEqual(9);
    for (const [i, atMs] of times.slice(3).entries()) expect(atMs - (times[i] as number)).toBeGreaterThanOrEqual(1000);
    // The last need was not forgotten.
    cables.runTo(cables.nowMs + 1000);
    const [last] = cables.sent.filter(({ from }) => from.system === "a").slice(-1);
    expect(decodeLacpdu(last?.frame as Uint8Array)).toMatchObject({ actor: { port: 1, system: MAC(1, 0) } });
  });
});

describe("a partner that has us wrong is told at once", () => {
  test.each([
    ["activity", 0x01, 1],
    ["timeout", 0x02, 1],
    ["aggregation", 0x04, 1],
    ["synchronization", 0x08, 1],
    ["collecting", 0x10, 0],
    ["defaulted", 0x40, 0],
  ])("%s", (_, bit, answers) => {
    const cables = up(pair(1, SLOW, SLOW, 10), 70_000);
    const frames = cables.sent.filter(({ from }) => from.system === "b").map(({ frame }) => frame);
    const pdu = decodeLacpdu(frames.at(-1) ?? new Uint8Array()) as Lacpdu;
    const receive = (state: number) => {
      const frame = encodeLacpdu({ ...pdu, partner: { ...pdu.partner, state } });
      return cables
        .get("a")
        .receive(1, frame, cables.nowMs)
        .filter(({ type }) => type === "send").length;
    };
    expect(receive(pdu.partner.state)).toBe(0);
    expect(receive(pdu.partner.state ^ bit)).toBe(answers);
  });
});

describe("a partner that falls silent", () => {
  test.each([
    ["fast", FAST, 3000],
    ["slow", SLOW, 90_000],
  ] as const)(
    "%s: expired after three periods to the millisecond, defaulted 3 s later, and back",
    (_, timing, timeoutMs) => {
      const cables = up(pair(1, timing, timing, 10), 200_500);
      lose(cables, "b");
      const arrivals = cables.sendTimes("b", 1).map((atMs) => atMs + 10);
      const lastMs = arrivals.at(-1) as number;
      const a = cables.get("a");
      cables.runTo(lastMs + timeoutMs - 1);
      expect(a.port(1)).toMatchObject({ distributing: true, states: { receive: "CURRENT" } });
      cables.runTo(lastMs + timeoutMs);
      expect(a.port(1)).toMatchObject({ distributing: false, collecting: false, expired: true });
      cables.runTo(lastMs + timeoutMs + 2999);
      expect(a.port(1)).toMatchObject({ expired: true, defaulted: false });
      cables.runTo(lastMs + timeoutMs + 3000);
      expect(a.port(1)).toMatchObject({ expired: false, defaulted: true, partnerVersion: 0, isIndividual: true });
      // The other end was told one crossing after the first expiry and has stopped too.
      expect(cables.distributionTimes("b", 1).at(-1)).toEqual([lastMs + timeoutMs + 10, false]);

      cables.copies = () => 1;
      cables.runTo(cables.nowMs + 40_000);
      expect(cables.distributing).toEqual(["a 1", "b 1"]);
    },
  );

  it("two periods without a PDU are survived", () => {
    const cables = up(pair(1, FAST, FAST, 10), 10_500);
    lose(cables, "a", "b");
    cables.runTo(12_500);
    cables.copies = () => 1;
    cables.runTo(30_000);
    expect(cables.distributionTimes("a", 1)).toEqual([[2030, true]]);
    expect(cables.distributionTimes("b", 1)).toEqual([[2030, true]]);
  });

  it("the other port goes on", () => {
    const cables = up(pair(2, FAST, FAST, 10), 10_500);
    cables.copies = ({ from }) => (from.port === 1 ? 0 : 1);
    cables.runTo(20_000);
    expect(cables.distributing).toEqual(["a 2", "b 2"]);
    cables.copies = () => 1;
    cables.runTo(30_000);
    expect(cables.distributing).toEqual(["a 1", "a 2", "b 1", "b 2"]);
    expect(cables.distributionTimes("a", 2)).toHaveLength(1);
  });
});

describe("links and reboots", () => {
  it("a link that goes down is out at once, and the port waits again when it is back", () => {
    const cables = up(pair(2, {}, {}, 10), 10_000);
    for (const system of ["a", "b"]) cables.link(system, 1, false);
    expect(cables.distributionTimes("a", 1).at(-1)).toEqual([10_000, false]);
    expect(cables.get("a").port(1)).toMatchObject({ selected: "UNSELECTED", attached: false, isLinkUp: false });
    cables.runTo(15_000);
    expect(cables.distributing).toEqual(["a 2", "b 2"]);
    for (const system of ["a", "b"]) cables.link(system, 1, true);
    cables.runTo(20_000);
    expect(cables.distributionTimes("a", 1)).toEqual([
      [2030, true],
      [10_000, false],
      // Both remember whom they met: the wait begins with the link.
      [17_020, true],
    ]);
    expect(cables.get("a").port(1).aggregator).toBe(1);
  });

  it("frames on a link that is down are counted and left alone", () => {
    const cables = up(pair(1), 5000);
    const [pdu] = cables.sent.filter(({ from }) => from.system === "b").slice(-1);
    cables.link("a", 1, false);
    expect(cables.get("a").receive(1, pdu?.frame as Uint8Array, 5001)).toEqual([]);
    expect(cables.get("a").port(1).counters.linkDown).toBe(1);
  });

  it("a partner that reboots behind a link that stays up is noticed with its first PDU", () => {
    const cables = up(pair(1, {}, {}, 10), 10_500);
    cables.add("b", options(2, 1));
    cables.link("b", 1, true);
    cables.runTo(20_000);
    expect(cables.distributionTimes("a", 1)).toEqual([
      [2030, true],
      [10_510, false],
      // The other has waited since 10520, and sees that this end is attached.
      [12_530, true],
    ]);
    expect(cables.distributing).toEqual(["a 1", "b 1"]);
  });

  it("a cable moved to another port takes the partner along, and the old port forgets it", () => {
    const cables = up(pair(2, {}, {}, 10), 10_000);
    for (const port of [1, 2]) cables.link("a", port, false);
    cables.cut({ system: "a", port: 1 });
    cables.cut({ system: "a", port: 2 });
    cables.link("b", 2, false);
    cables.join({ system: "a", port: 2 }, { system: "b", port: 1 });
    expect(cables.get("a").port(1).partner.port).toBe(1);
    cables.link("a", 2, true);
    cables.runTo(20_000);
    expect(cables.distributing).toEqual(["a 2", "b 1"]);
    expect(cables.get("a").port(1)).toMatchObject({ partner: { port: 0 }, defaulted: true });
  });
});

describe("who belongs together", () => {
  const keys = (...list: number[]): Partial<LacpOptions> => ({
    ports: list.map((key, i) => ({ number: i + 1, mac: MAC(2, i + 1), key })),
  });

  it("ports of different keys there never share an aggregator here", () => {
    const cables = up(pair(4, {}, keys(1, 2, 1, 2)));
    const a = cables.get("a");
    expect([1, 2, 3, 4].map((port) => a.port(port).aggregator)).toEqual([1, 2, 1, 2]);
    expect(cables.distributing).toHaveLength(8);
  });

  it("a key changed here moves the port, and the partner follows", () => {
    const cables = up(pair(2, {}, {}, 10), 10_000);
    cables.act("a", cables.get("a").setKey(2, 7, cables.nowMs));
    expect(cables.distributionTimes("a", 2).at(-1)).toEqual([10_000, false]);
    cables.runTo(20_000);
    expect(cables.distributing).toHaveLength(4);
    for (const name of ["a", "b"]) {
      expect([1, 2].map((port) => cables.get(name).port(port).aggregator)).toEqual([1, 2]);
    }
    expect(cables.distributionTimes("b", 1)).toHaveLength(1);
    cables.act("a", cables.get("a").setKey(2, 1, cables.nowMs));
    cables.runTo(30_000);
    expect([1, 2].map((port) => cables.get("b").port(port).aggregator)).toEqual([1, 1]);
    expect(cables.distributing).toHaveLength(4);
  });

  it("two ports to different systems are two aggregators", () => {
    const cables = pair(1);
    cables.add("a", options(1, 2));
    cables.add("c", options(3, 1));
    cables.join({ system: "a", port: 2 }, { system: "c", port: 1 });
    cables.linkAll(true, "a", "b", "c");
    cables.runTo(20_000);
    expect(cables.distributing).toEqual(["a 1", "a 2", "b 1", "c 1"]);
    expect([1, 2].map((port) => cables.get("a").port(port).aggregator)).toEqual([1, 2]);
  });

  it("a partner that is not aggregatable gives individual links", () => {
    const individual = {
      ports: [1, 2].map((number) => ({ number, mac: MAC(2, number), key: 1, aggregatable: false })),
    };
    const cables = up(pair(2, {}, individual));
    for (const name of ["a", "b"]) {
      for (const port of [1, 2]) {
        const report = cables.get(name).port(port);
        expect(report).toMatchObject({ isIndividual: true, distributing: true, aggregator: port });
      }
    }
  });

  it("a loop to another port of one's own, or to itself, is never used", () => {
    const cables = pair(3);
    cables.join({ system: "a", port: 1 }, { system: "a", port: 2 });
    cables.join({ system: "a", port: 3 }, { system: "a", port: 3 });
    cables.linkAll(true, "a");
    cables.runTo(100_000);
    expect(cables.happened.filter(({ action }) => action.type === "state")).toEqual([]);
    for (const port of [1, 2, 3]) {
      expect(cables.get("a").port(port)).toMatchObject({ isLoop: true, selected: "UNSELECTED", attached: false });
    }
  });

  it("of more links than allowed the better system's worse ports stand by, and take over", () => {
    const priorities = [9, 2, 5].map((priority, i) => ({ number: i + 1, mac: MAC(1, i + 1), key: 1, priority }));
    const cables = up(pair(3, { maxLinks: 2, ports: priorities, systemPriority: 1 }, { maxLinks: 2 }, 10), 10_000);
    expect(cables.distributing).toEqual(["a 2", "a 3", "b 2", "b 3"]);
    expect(cables.get("a").port(1)).toMatchObject({ selected: "STANDBY", attached: false, states: { mux: "WAITING" } });
    for (const name of ["a", "b"]) cables.link(name, 2, false);
    cables.runTo(20_000);
    expect(cables.distributing).toEqual(["a 1", "a 3", "b 1", "b 3"]);
    expect(cables.distributionTimes("a", 3)).toHaveLength(1);
    for (const name of ["a", "b"]) cables.link(name, 2, true);
    cables.runTo(30_000);
    expect(cables.distributing).toEqual(["a 2", "a 3", "b 2", "b 3"]);
  });

  it("a limit at one end alone keeps the other from using what is not attached", () => {
    const cables = up(pair(2, { maxLinks: 1 }, {}, 10));
    expect(cables.distributing).toEqual(["a 1", "b 1"]);
    expect(cables.get("b").port(2)).toMatchObject({ selected: "SELECTED", attached: true, collecting: false });
  });
});

describe("churn", () => {
  it("is told of after 60 s out of synchronization, of the end that is, and when it is over", () => {
    const cables = up(pair(2, { maxLinks: 1 }, {}, 10), 100_000);
    const churn = () =>
      cables.happened.filter(({ action }) => action.type === "churn").map((h) => [h.atMs, h.system, h.action]);
    const told = (port: number, end: string, churning: boolean) => ({ type: "churn", port, end, churning });
    expect(churn()).toEqual([
      [60_000, "a", told(2, "actor", true)],
      [60_000, "b", told(2, "partner", true)],
    ]);
    expect(cables.get("a").port(2).churn).toEqual({ actor: true, partner: false });
    for (const name of ["a", "b"]) cables.link(name, 1, false);
    cables.runTo(200_000);
    expect(churn().slice(2)).toEqual([
      [100_000, "a", told(2, "actor", false)],
      [100_010, "b", told(2, "partner", false)],
    ]);
  });

  it("of nobody: a port without partner is itself in synchronization", () => {
    const a = new LacpSystem(options(1, 1));
    a.link(1, true, 0);
    const actions = [];
    for (let nowMs = 1000; nowMs <= 70_000; nowMs += 1000) actions.push(...a.tick(nowMs));
    const churn = actions.filter((action) => action.type === "churn");
    expect(churn).toEqual([{ type: "churn", port: 1, end: "partner", churning: true }]);
    expect(a.link(1, false, 71_000)).toEqual([{ type: "churn", port: 1, end: "partner", churning: false }]);
    expect(a.nextMs).toBeUndefined();
  });
});

describe("time", () => {
  it("nothing runs while all links are down", () => {
    const a = new LacpSystem(options(1, 2));
    expect(a.nextMs).toBeUndefined();
    expect(a.tick(5)).toEqual([]);
  });

  it("a tick that is early does nothing, and one that is late does all", () => {
    const a = new LacpSystem(options(1, 1));
    a.link(1, true, 100);
    expect(a.nextMs).toBe(1100);
    expect(a.tick(1099)).toEqual([]);
    expect(a.tick(50_000).map(({ type }) => type)).toEqual(["send"]);
    expect(a.nextMs).toBeGreaterThan(50_000);
  });

  it("a clock that steps back stands still", () => {
    const a = new LacpSystem(options(1, 1));
    a.link(1, true, 10_000);
    expect(a.tick(1)).toEqual([]);
    expect(a.nextMs).toBe(11_000);
  });
});
