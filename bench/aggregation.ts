import Table from "cli-table3";
import { AgentBed, WIRE_MS } from "./agent-bed.js";
import { inProcess } from "./contestant.js";
import type { Case, Contestant, Question } from "./question.js";
import { aggregatedSockets, type SocketBed, tcpSockets } from "./socket-bed.js";
import { randomU32 } from "./workload.js";

const STREAMS = [1, 4, 16, 64, 256, 1024] as const;
const BYTES = [16, 64, 256, 1024, 4096] as const;
const MESSAGE_BYTES = 64;
/** Each stream writes a message in each of so many periods, at a time drawn anew. */
const PERIOD_MS = 1;
const PERIODS = 20;
/** Ethernet, IPv4, UDP, BTH, RETH, ICRC. */
const WRITE_BYTES = 14 + 20 + 8 + 12 + 16 + 4;

/** What aggregation saves, what it costs a message in time, and what the session's way costs a core. */
export const aggregation: Question = {
  name: "aggregation",
  measured:
    "64 B messages from a stream's write to its peer's handler, over sessions in one thread: aggregator, transport, ICRC, acknowledgements, copies for the " +
    "users. Beside it the same by a stream that is alone, whose messages pass straight through.",
  cases: async () => [
    await caseOf("16 streams, a message each", 16, 1, await sessionWay("one stream, 16 messages", 1, 16)),
    await caseOf("2 streams, one message at a time", 1, 1, await sessionWay("one stream, one message", 1, 1), 2),
    await socketCase(16),
  ],
  shows: async () => {
    const wire = `the path's MTU is 2048, a frame takes ${WIRE_MS * 1000} us; bytes of packets with payload, without FCS and acknowledgements`;
    const once = await tableOf(() => 0);
    const spread = await tableOf((draw) => draw() / 2 ** 32);
    return `each stream writes a message a millisecond, all at once; ${wire}\n${once}\n\nthe same, each at times drawn anew\n${spread}`;
  },
};

async function caseOf(
  name: string,
  writing: number,
  messages: number,
  alone: Contestant,
  open = writing,
): Promise<Case> {
  const ours = await sessionWay("aggregated", writing, messages, open);
  return { name, unit: "ns a message", ours, peers: [alone] };
}

/** Duplex above the same streams: what Node's streams cost. TCP's two ends are in one thread, too, and its work in the kernel. */
async function socketCase(count: number): Promise<Case> {
  const ours = await socketWay("aggregated", count, await aggregatedSockets(count));
  const tcp = await socketWay("node:net over loopback", count, await tcpSockets(count));
  return { name: `${count} sockets (Duplex), a message each`, unit: "ns a message", ours, peers: [tcp] };
}

async function socketWay(name: string, count: number, bed: SocketBed): Promise<Contestant> {
  const message = new Uint8Array(MESSAGE_BYTES).fill(0x5a);
  return inProcess(name, count, async () => {
    const want = bed.taken + count * MESSAGE_BYTES;
    for (const writer of bed.writers) writer.write(message);
    while (bed.taken < want) await bed.pump();
    return bed.taken;
  });
}

/** So many streams write so many messages each, and all is taken before the next turn. */
async function sessionWay(name: string, writing: number, messages: number, open = writing): Promise<Contestant> {
  const bed = await AgentBed.make({ pathMtu: 2048, clock: () => performance.now() });
  let taken = 0;
  const streams = bed.open(open, (bytes) => {
    taken += bytes.length;
  });
  const message = new Uint8Array(MESSAGE_BYTES).fill(0x5a);
  return inProcess(name, writing * messages, () => {
    const before = taken;
    for (let i = 0; i < messages; i++) {
      for (let stream = 0; stream < writing; stream++) streams[stream]?.write(message);
    }
    bed.pump(performance.now());
    if (taken - before !== writing * messages * MESSAGE_BYTES) throw new Error(`${taken - before} bytes came`);
    return taken;
  });
}

/** In virtual time, from the frames themselves. */
async function tableOf(phase: (draw: () => number) => number): Promise<string> {
  const table = new Table({
    head: [
      "streams",
      "bytes",
      "messages a transfer",
      "packets a message",
      "utilization",
      "a WRITE each",
      "delay p50",
      "p99",
    ],
    colAligns: ["right", "right", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const streams of STREAMS) for (const bytes of BYTES) table.push(await row(streams, bytes, phase));
  return table.toString();
}

async function row(count: number, bytes: number, phase: (draw: () => number) => number): Promise<string[]> {
  const bed = await AgentBed.make({ pathMtu: 2048 });
  let taken = 0;
  const streams = bed.open(count, (data) => {
    taken += data.length;
  });
  for (let i = 0; i < 100; i++) bed.step();
  bed.wireBytes = 0;
  bed.packets = 0;
  const draw = randomU32(count * bytes);
  const message = new Uint8Array(bytes).fill(0xa5);
  const writes = Array.from({ length: PERIODS * count }, (_, i) => ({
    atMs: bed.nowMs + (Math.floor(i / count) + phase(draw)) * PERIOD_MS,
    stream: i % count,
  })).sort((a, b) => a.atMs - b.atMs);
  for (const [i, { atMs, stream }] of writes.entries()) {
    while (bed.nowMs + WIRE_MS / 4 < atMs) bed.step(WIRE_MS / 4);
    if (bed.nowMs < atMs) bed.step(atMs - bed.nowMs);
    if (streams[stream]?.write(message) !== bytes) throw new Error("a stream without room");
    // Both ends work when all is written that is written at once.
    if (writes[i + 1]?.atMs !== atMs) bed.step(0);
  }
  for (let i = 0; i < 1000 && taken < writes.length * bytes; i++) bed.step();
  if (taken !== writes.length * bytes) throw new Error(`${taken} of ${writes.length * bytes} bytes came`);
  const counters = bed.stations[0].agent.sessions[0]?.counters;
  if (!counters) throw new Error("no session");
  const each = Math.ceil(bytes / 2048);
  const alone = bytes / (bytes + (WRITE_BYTES - 16) * each + 16);
  const us = (ns: number) => `${(ns / 1000).toFixed(1)} us`;
  return [
    `${count}`,
    `${bytes}`,
    (counters.messages / (counters.aggregates + counters.wholes)).toFixed(1),
    (bed.packets / writes.length).toFixed(2),
    `${((100 * writes.length * bytes) / bed.wireBytes).toFixed(1)} %`,
    `${(100 * alone).toFixed(1)} %`,
    us(counters.delayNs.p50),
    us(counters.delayNs.p99),
  ];
}
