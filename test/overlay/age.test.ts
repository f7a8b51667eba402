/** Flows that nobody uses any more are forgotten, a bucket of the table at a step; those in use stay. */
import { describe, expect, test } from "vitest";
import { definePolicy, HostCore } from "../../src/index.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";

const FLOW_MS = 1000;
const TICK_MS = 10;
const FLOWS = 500;
const HERE = { mac: "02:00:00:00:0a:01", ips: ["10.0.0.1"] };
const THERE = { mac: "02:00:00:00:0b:02", ips: ["10.0.0.2"] };
const WEB = { src: [10, 0, 0, 1], dst: [10, 0, 0, 2] };

/** Two guests of one host, who may talk by a stateful rule; the directory agrees to all that is asked. */
async function bed(build: (typeof BUILDS)[number]) {
  const engine = await testEngine({ ports: 3, tunnels: 0, overlay: {} }, build);
  const rules = [{ from: "any", to: "any", action: "allow" as const }];
  const policy = definePolicy({ networks: { blue: { vni: 42, rules } } });
  const uplinks = [engine.addPort("uplink")];
  const times = { flowMs: FLOW_MS, tickMs: TICK_MS };
  const core = new HostCore({ name: "alpha", engine, address: "192.0.2.1", uplinks, policy, times });
  const [web, db] = [engine.addPort("web"), engine.addPort("db")] as const;
  core.attach({ partition: "web", network: "blue", vnic: web, ...HERE }, 0);
  core.attach({ partition: "db", network: "blue", vnic: db, ...THERE }, 0);
  for (let asked = core.takeRequests(); asked.length > 0; asked = core.takeRequests()) {
    for (const { id, kind } of asked) {
      const value = kind === "allocate" ? { first: 2, size: 64 } : undefined;
      core.answer(id, { value }, 0);
    }
  }
  let nowMs = 0;
  const step = (forMs: number) => {
    nowMs += forMs;
    core.step(nowMs);
    db.complete(db.takeBurst());
  };
  const send = (flow: number) => {
    web.receive(f.ethernet(f.ipv4(f.udp(new Uint8Array(8), { sport: 1024 + flow, dport: 53 }), WEB)));
    step(0);
  };
  return { core, step, send };
}

describe.each(BUILDS)("flows (%s build)", (build) => {
  test("go when they were not seen for flowMs, and not before", async () => {
    const { core, step, send } = await bed(build);
    for (let flow = 0; flow < FLOWS; flow++) send(flow);
    expect(core.counters).toMatchObject({ flowsMade: FLOWS, deliveredFrames: FLOWS });
    for (let ms = 0; ms < FLOW_MS; ms += TICK_MS) {
      step(TICK_MS);
      expect(core.counters.flowsAged).toBe(0);
      send(7);
    }
    // A table of 4096 flows has fewer buckets than these steps look at.
    for (let i = 0; i < 20; i++) step(TICK_MS);
    expect(core.counters).toMatchObject({ flowsMade: FLOWS, flowsAged: FLOWS - 1 });
    for (let i = 0; i < FLOW_MS / TICK_MS; i++) step(TICK_MS);
    expect(core.counters).toMatchObject({ flowsMade: FLOWS, flowsAged: FLOWS });
  });
});
