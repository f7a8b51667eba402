/** Sections of agents that somebody changed: refused by name, with nothing changed, or taken; an agent that was taken goes on without a throw. */
import { expect, test } from "vitest";
import type { AgentMove } from "../../../src/rdma/agent/index.js";
import { makeStation, type Station, StationWire } from "../../helpers/agents.js";
import { Random } from "../../helpers/property.js";
import { fieldsOf, mutated } from "../../helpers/read-fields.js";
import { extract, insert, makeTarget, type Sections } from "./mover.js";
import { Recorder } from "./recorder.js";

const A = "10.0.0.1";
const B = "10.0.0.2";
const AGENTS = 10;
const CHANGES = 1100;
const SESSION = { windowBytes: 4096, sendBufferBytes: 2048, transferBytes: 4096, transfersMax: 8 };
const HELD_BYTES_MAX = 8 * SESSION.sendBufferBytes + SESSION.transfersMax * SESSION.transferBytes;

/** An agent in the middle of something, stopped; the peer of every second one knows no aggregates. */
async function drawAgent(random: Random, aggregates: boolean) {
  const options = { session: SESSION, connections: 8 };
  const [a, b] = [await makeStation(A, random, options), await makeStation(B, random, { ...options, aggregates })];
  const wire = new StationWire(a, b, random);
  for (const { agent } of [a, b]) {
    agent.listen(80, (stream) => {
      const taker = new Recorder(false);
      taker.stream = stream;
      return taker;
    });
  }
  const streams = Array.from({ length: 4 }, () => a.agent.connect({ address: B, port: 80 }, new Recorder()));
  if (aggregates) b.agent.connect({ address: A, port: 80 }, new Recorder());
  for (let step = 100 + random.below(100); step > 0; step--) {
    for (const stream of streams) stream.write(random.bytes(random.below(200)));
    wire.step();
  }
  a.agent.stop();
  return { a, b, wire, options, sections: extract(a.agent, wire.nowMs) };
}

/** Whether the streams' section is taken; the others are as they were. */
function prepares(move: AgentMove, sections: Sections, nowMs: number): boolean | string {
  const results = move.parts.map((part, i) => part.prepare(sections[i] as Uint8Array, nowMs));
  const result = results[2];
  if (typeof result === "function") return true;
  expect(result?.section).toBe("streams");
  expect(result?.bound).not.toBe("");
  return result?.field ?? "";
}

/** It goes on with users of its own, in the place of a. */
async function live(sections: Sections, a: Station, wire: StationWire, random: Random, options: object): Promise<void> {
  const attach = (stream: Recorder["stream"]) => {
    const user = new Recorder();
    user.stream = stream;
    return user;
  };
  const { engine, port, move } = await makeTarget(A, random, options, { attach, accept: () => attach });
  expect(insert(move, sections, wire.nowMs)).toBeUndefined();
  const { agent } = move;
  if (!agent) throw new Error("no agent");
  wire.goOn(0, { engine, port, agent });
  for (let step = 0; step < 200; step++) wire.step(0.1);
  for (const { heldBytes } of agent.sessions) expect(heldBytes).toBeLessThanOrEqual(HELD_BYTES_MAX);
  wire.goOn(0, a);
  engine.close();
}

test(`${AGENTS * CHANGES} changed sections`, async () => {
  const random = new Random();
  const refusedAt = new Set<string>();
  let taken = 0;
  for (let i = 0; i < AGENTS; i++) {
    const { a, b, wire, options, sections } = await drawAgent(random, i % 2 === 0);
    const { engine, move } = await makeTarget(A, random, options, a.agent);
    const streams = sections[2] as Uint8Array;
    for (let k = 0; k < 2; k++) move.parts[k]?.prepare(sections[k] as Uint8Array, wire.nowMs);
    const fields = fieldsOf(() => move.parts[2]?.prepare(streams, wire.nowMs));
    for (let k = 0; k < CHANGES; k++) {
      const changed = [...sections.slice(0, 2), mutated(streams, fields, random)];
      const result = prepares(move, changed, wire.nowMs);
      if (result === true) taken++;
      else refusedAt.add(String(result).replace(/\d+/g, "i"));
      if (result === true && taken % 40 === 0) await live(changed, a, wire, random, options);
    }
    // Whatever was prepared has changed nothing: what is sound is taken still.
    expect(insert(move, sections, wire.nowMs)).toBeUndefined();
    expect(Buffer.compare(extract(move.agent ?? a.agent, wire.nowMs)[2] as Uint8Array, streams)).toBe(0);
    for (const each of [a.engine, b.engine, engine]) each.close();
  }
  expect(taken).toBeGreaterThan(50);
  expect(refusedAt.size).toBeGreaterThan(40);
});
