/** The machines of one port beside their twin, which runs the standard's figures in steps of 100 ms. */
import { describe, expect, it, test } from "vitest";
import { decodeLacpdu, encodeLacpdu, type Lacpdu, LacpSystem, type PortInfo } from "../../../src/lag/lacp/index.js";
import { Random } from "../../helpers/property.js";
import { ModelPort } from "../../model/lacp-port.js";
import { MAC, options } from "./cable.js";

const MODES = (["active", "passive"] as const).flatMap((activity) =>
  (["fast", "slow"] as const).map((timeout) => [activity, timeout] as const),
);

/** PDUs of a system's actions, as the twin gives them. */
function sent(actions: ReturnType<LacpSystem["tick"]>): [PortInfo, PortInfo][] {
  return actions.flatMap((action) => {
    if (action.type !== "send") return [];
    const { actor, partner } = decodeLacpdu(action.frame) as Lacpdu;
    return [[actor, partner] as [PortInfo, PortInfo]];
  });
}

/** A partner that mostly echoes what it should, and sometimes anything. */
function randomPdu(random: Random, us: PortInfo): Lacpdu {
  const anyone = (): PortInfo => ({
    systemPriority: 0x8000,
    system: random.pick([MAC(2, 0), MAC(2, 0), MAC(3, 0), MAC(1, 0)]),
    key: random.between(1, 2),
    portPriority: 0x8000,
    port: random.between(1, 2),
    state: random.below(256),
  });
  const usual = {
    ...anyone(),
    system: MAC(2, 0),
    key: 1,
    port: 1,
    state: random.pick([0x3d, 0x3f, 0x0d, 0x1d, 0x1f, 0x3c]),
  };
  const partner =
    random.below(8) === 0 ? anyone() : { ...us, state: us.state ^ (random.below(4) === 0 ? random.below(256) : 0) };
  return {
    version: random.between(1, 3),
    source: MAC(2, 1),
    actor: random.below(6) === 0 ? anyone() : usual,
    partner,
    collectorMaxDelay: 0,
  };
}

describe("a port", () => {
  test.each(MODES)("%s and %s does as its twin does", (activity, timeout) => {
    const random = new Random();
    const seen = new Set<string>();
    for (let life = 0; life < 12; life++) {
      const system = new LacpSystem(options(1, 1, { activity, timeout }));
      const { flags, ...actor } = system.port(1).actor;
      const model = new ModelPort(actor);
      let nowMs = 0;
      const compare = (ours: [PortInfo, PortInfo][], theirs: [PortInfo, PortInfo][], what: string) => {
        const { states, partner, actor: us, selected } = system.port(1);
        const modelStates = Object.entries(model.machines).map(([name, { state }]) => [name, state]);
        const said = { sent: theirs, states: Object.fromEntries(modelStates), us: model.actor, partner: model.partner };
        const got = { sent: ours, states, us: { ...us, flags: undefined }, partner: { ...partner, flags: undefined } };
        expect({ ...got, selected: selected !== "UNSELECTED" }, `${what} at ${nowMs} of life ${life}`).toEqual({
          ...said,
          selected: model.selected,
        });
        for (const [name, state] of Object.entries(states)) seen.add(`${name} ${state}`);
      };
      for (let event = 0; event < 60; event++) {
        const what = random.below(10);
        if (what === 0) {
          const up = random.below(4) > 0;
          compare(sent(system.link(1, up, nowMs)), model.link(up), up ? "link up" : "link down");
        } else if (what < 7) {
          const pdu = randomPdu(random, model.actor);
          compare(sent(system.receive(1, encodeLacpdu(pdu), nowMs)), model.pdu(pdu), "PDU");
        }
        for (let steps = random.below(random.pick([2, 12, 40, 1000])); steps > 0; steps--) {
          nowMs += 100;
          const due = (system.nextMs ?? Number.POSITIVE_INFINITY) <= nowMs;
          const theirs = model.step();
          // A tick that is not asked for changes nothing: only what is due is compared in full.
          if (due) compare(sent(system.tick(nowMs)), theirs, "tick");
          else expect(theirs).toEqual([]);
        }
      }
    }
    for (const state of ["PORT_DISABLED", "EXPIRED", "DEFAULTED", "CURRENT"])
      expect(seen).toContain(`receive ${state}`);
    for (const state of ["WAITING", "ATTACHED", "COLLECTING", "DISTRIBUTING"]) expect(seen).toContain(`mux ${state}`);
    for (const state of ["NO_PERIODIC", "FAST_PERIODIC", "SLOW_PERIODIC"]) expect(seen).toContain(`periodic ${state}`);
    expect(seen).toContain("partnerChurn CHURN");
  });

  it("takes 20,000 mutated frames without a word, and comes up afterwards", () => {
    const random = new Random();
    const system = new LacpSystem(options(1, 2, { conversations: new Map([[1, [1, 2]]]) }));
    for (const port of [1, 2]) system.link(port, true, 0);
    let nowMs = 0;
    for (let i = 0; i < 20_000; i++) {
      const frame = encodeLacpdu({ ...randomPdu(random, system.port(1).actor), version2: { portAlgorithm: 1 } });
      for (let n = random.below(4); n > 0; n--) frame[random.below(frame.length)] = random.below(256);
      nowMs += random.below(500);
      for (const action of system.receive(random.between(1, 2), frame, nowMs)) {
        if (action.type === "send") expect(typeof decodeLacpdu(action.frame)).toBe("object");
      }
    }
    const { counters } = system.port(1);
    expect(counters.lacpdusIn + Object.values(counters.bad).reduce((a, b) => a + b)).toBeGreaterThan(9000);
    const partner = { systemPriority: 1, system: MAC(2, 0), key: 1, portPriority: 1, port: 1, state: 0x3f };
    for (const untilMs = nowMs + 10_000; nowMs < untilMs; nowMs += 500) {
      const pdu = {
        version: 1,
        source: MAC(2, 1),
        actor: partner,
        partner: system.port(1).actor,
        collectorMaxDelay: 0,
      };
      system.receive(1, encodeLacpdu(pdu), nowMs);
    }
    expect(system.port(1).distributing).toBe(true);
  });
});
