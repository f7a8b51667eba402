/** The loop of a process's agent: when it runs, and when it rests. */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { Agent } from "../../../src/rdma/agent/index.js";
import { type NodeAgent, openAgent } from "../../../src/rdma/socket/node/index.js";
import { wasmBytes } from "../../helpers/engines.js";
import { Recorder } from "../agent/recorder.js";

const agents: NodeAgent[] = [];
let places = 0;

async function open(): Promise<NodeAgent> {
  const local = `127.78.${process.pid & 0xff}.${++places}`;
  const agent = await openAgent({ local, wasm: wasmBytes("release") });
  agents.push(agent);
  return agent;
}

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
});

async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; !done() && tries < 2000; tries++) await sleep(1);
  expect(done()).toBe(true);
}

/** Two agents, and a stream that is open between them. */
async function opened() {
  const [near, far] = [await open(), await open()];
  const taken = new Recorder();
  far.listen(80, (stream) => {
    taken.stream = stream;
    return taken;
  });
  const user = new Recorder();
  const stream = near.connect({ address: far.address, port: 80 }, user);
  user.stream = stream;
  await until(() => user.heard.length === 1);
  return { near, far, stream, user, taken };
}

test("it rests while a peer that has gone does not answer", async () => {
  const { far, stream } = await opened();
  await far.close();
  await sleep(20);
  stream.write(new Uint8Array(64));
  await sleep(2);
  const polls = vi.spyOn(Agent.prototype, "poll");
  const beginMs = performance.now();
  await sleep(50);
  // As often as the adapter's timers are looked at, once a millisecond, however slow the machine is; a loop that spins polls some fifty times as often.
  expect(polls.mock.calls.length).toBeLessThan(2 * (performance.now() - beginMs) + 10);
  polls.mockRestore();
});

test("a refused option leaves no socket behind; a peer of another IP version is refused", async () => {
  const options = { local: `127.78.${process.pid & 0xff}.${++places}`, wasm: wasmBytes("release") };
  await expect(openAgent({ ...options, tenant: -1 })).rejects.toMatchObject({ code: "CONFIG", argument: "tenant" });
  const agent = await openAgent(options);
  agents.push(agent);
  const toIpv6 = () => agent.connect({ address: "::1", port: 80 }, new Recorder());
  expect(toIpv6).toThrow("of the IP version");
});

test("it ends where a user closes it from inside a call", async () => {
  const { near, far, taken } = await opened();
  let closed: Promise<void> | undefined;
  taken.onBytes = () => {
    closed = far.close();
  };
  const user = new Recorder();
  const stream = near.connect({ address: far.address, port: 80 }, user);
  await until(() => user.heard.length === 1);
  for (let i = 0; i < 100; i++) stream.write(new Uint8Array(1000));
  await until(() => closed !== undefined);
  await closed;
  await sleep(20);
});

test("a closed agent opens no stream, and listens to none, that nobody would see to its end", async () => {
  const agent = await open();
  await agent.close();
  expect(() => agent.connect({ address: "127.0.0.1", port: 80 }, new Recorder())).toThrow(ConfigError);
  expect(() => agent.listen(80, () => new Recorder())).toThrow(ConfigError);
});
