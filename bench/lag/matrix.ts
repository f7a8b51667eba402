/**
 * The claim of selective link aggregation as a matrix: partition by port, over mixed frames in both directions, counted by looking at
 * what drivers and guests get. Beside it the control: an ordinary LAG over the same ports.
 */

import type { Port } from "../../src/buffer/port.js";
import { createEngine, type Engine } from "../../src/engine.js";
import type { LagGroup } from "../../src/lag/group.js";
import { WASM } from "../bed.js";
import { randomU32 } from "../workload.js";
import { flowFrames, macOf, mixedFrames, PARTITIONS, PORTS } from "./traffic.js";

const BURST = 256;
const FRAMES_EACH = 4096;
/** Where a frame's destination and source address end. */
const LAST_OF = { destination: 5, source: 11 } as const;

/** Frames of a partition by port. */
export interface MatrixRow {
  readonly partition: string;
  readonly roles: readonly string[];
  readonly frames: readonly number[];
  /** Frames on ports whose role is none. */
  readonly outside: number;
}

export interface Matrix {
  readonly direction: string;
  readonly frames: number;
  readonly rows: readonly MatrixRow[];
}

export interface Control {
  /** Flows of the standalone partition, and how many an ordinary LAG sends by another link. */
  readonly flows: number;
  readonly misdelivered: number;
}

/** frames in each of three ways: from partitions, towards them through a switch, and arriving at them on any port. */
export async function egressMatrices(frames: number): Promise<readonly Matrix[]> {
  return [await fromPartitions(frames), await towardsPartitions(frames), await arriving(frames)];
}

async function fromPartitions(frames: number): Promise<Matrix> {
  const { engine, group, ports, vnics } = await host(true);
  const traffic = PARTITIONS.map((partition) => mixedFrames(partition, false, FRAMES_EACH));
  const seen = await run(frames, (burst, next) => {
    for (const [i, vnic] of vnics.entries())
      vnic.receiveBurst(pick(traffic[i] as Uint8Array[], burst / vnics.length, next));
    engine.poll();
    return ports.map((port) => taken(port, LAST_OF.source));
  });
  engine.close();
  return matrixOf("from partitions, by the link that they leave by", group, seen);
}

async function towardsPartitions(frames: number): Promise<Matrix> {
  const engine = await newEngine();
  const ports = addPorts(engine);
  const network = engine.addPort("network");
  const group = engine.addLagGroup({ ports, role: "switch", network });
  addPartitions(group, ports, []);
  const traffic = PARTITIONS.flatMap((partition) => mixedFrames(partition, true, FRAMES_EACH));
  const seen = await run(frames, (burst, next) => {
    network.receiveBurst(pick(traffic, burst, next));
    engine.poll();
    return ports.map((port) => taken(port, LAST_OF.destination));
  });
  engine.close();
  return matrixOf("towards partitions, by the link that a switch sends them by", group, seen);
}

/** Frames arrive on every port alike; what guests get is counted by the port it came by, which the frame's first payload byte says. */
async function arriving(frames: number): Promise<Matrix> {
  const { engine, group, ports, vnics } = await host(true);
  const traffic = PARTITIONS.flatMap((partition) => mixedFrames(partition, true, FRAMES_EACH));
  const marked = ports.map((_, i) => traffic.map((frame) => Uint8Array.of(...frame, i)));
  const seen = await run(frames, (burst, next) => {
    for (const [i, port] of ports.entries()) port.receiveBurst(pick(marked[i] as Uint8Array[], burst / PORTS, next));
    engine.poll();
    const delivered = ports.map(() => new Map<number, number>());
    for (const vnic of vnics) {
      const frames = vnic.takeBurst();
      for (const { spans } of frames) {
        const [bytes] = spans as [Uint8Array];
        countOne(delivered[bytes.at(-1) as number] as Map<number, number>, bytes[LAST_OF.destination] as number);
      }
      vnic.complete(frames);
    }
    return delivered;
  });
  engine.close();
  return matrixOf("to partitions, by the link that they came by, sent on all alike", group, seen);
}

/** An ordinary LAG: every partition is a member of everything. */
export async function ordinaryLag(flows: number): Promise<Control> {
  const { engine, ports, vnics } = await host(false);
  const at = PARTITIONS.findIndex((partition) => "standalone" in partition);
  const { standalone } = PARTITIONS[at] as { standalone: number };
  const frames = flowFrames(PARTITIONS[at] as (typeof PARTITIONS)[number], flows);
  let misdelivered = 0;
  for (let first = 0; first < flows; first += BURST) {
    vnics[at]?.receiveBurst(frames.slice(first, first + BURST).map((data) => ({ data })));
    engine.poll();
    for (const [i, port] of ports.entries()) {
      const sent = port.takeBurst();
      if (i !== standalone) misdelivered += sent.length;
      port.complete(sent);
    }
  }
  engine.close();
  return { flows, misdelivered };
}

function newEngine(): Promise<Engine> {
  const lag = { partitions: PARTITIONS.length };
  return createEngine({ wasm: WASM, headers: [], ports: PORTS + PARTITIONS.length, queueSize: 1024, lag });
}

async function host(isSelective: boolean) {
  const engine = await newEngine();
  const ports = addPorts(engine);
  const vnics = PARTITIONS.map(({ name }) => engine.addPort(name));
  const group = engine.addLagGroup({ ports });
  addPartitions(group, ports, vnics, isSelective);
  return { engine, group, ports, vnics };
}

function addPorts(engine: Engine): Port[] {
  return Array.from({ length: PORTS }, (_, i) => engine.addPort(`port ${i}`));
}

function addPartitions(group: LagGroup, ports: readonly Port[], vnics: readonly Port[], isSelective = true): void {
  const portOf = (i: number) => ports[i] as Port;
  for (const [i, partition] of PARTITIONS.entries()) {
    const { name, mac, vlan } = partition;
    const set = {
      ...("members" in partition && { members: partition.members.map(portOf) }),
      ...("backup" in partition && { backup: partition.backup.map(portOf) }),
      ...("standalone" in partition && { standalone: portOf(partition.standalone) }),
    };
    const identifiers = { macs: [macOf(mac)], ...(vlan !== 0 && { vlan }), ...(vnics[i] && { vnic: vnics[i] }) };
    group.addPartition({ name, ...identifiers, ...(isSelective ? set : { members: ports }) });
  }
}

/** Frames by last address byte, for each port. */
type Seen = readonly Map<number, number>[];

/** Sends bursts until so many frames have come out or been dropped; adds up what each step has seen. */
async function run(frames: number, step: (burst: number, next: () => number) => Seen): Promise<Seen> {
  const next = randomU32(frames);
  const total = Array.from({ length: PORTS }, () => new Map<number, number>());
  for (let sent = 0; sent < frames; sent += BURST) {
    const seen = step(BURST, next);
    for (const [port, counts] of seen.entries()) {
      for (const [mac, count] of counts) countOne(total[port] as Map<number, number>, mac, count);
    }
  }
  return total;
}

function pick(frames: readonly Uint8Array[], n: number, next: () => number): { data: Uint8Array }[] {
  return Array.from({ length: n }, () => ({ data: frames[next() % frames.length] as Uint8Array }));
}

/** Takes what leaves on a port, counted by the last byte of an address. */
function taken(port: Port, lastByte: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let frames = port.takeBurst(); frames.length > 0; frames = port.takeBurst()) {
    for (const { spans } of frames) countOne(counts, spans[0]?.[lastByte] as number);
    port.complete(frames);
  }
  return counts;
}

function countOne(counts: Map<number, number>, key: number, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function matrixOf(direction: string, group: LagGroup, seen: Seen): Matrix {
  const rows = PARTITIONS.map(({ name, mac }, i) => {
    const roles = group.partitions[i]?.roles ?? [];
    const frames = seen.map((counts) => counts.get(mac) ?? 0);
    const outside = frames.reduce((sum, count, port) => sum + (roles[port] === "none" ? count : 0), 0);
    return { partition: name, roles, frames, outside };
  });
  return { direction, frames: rows.flatMap((row) => row.frames).reduce((sum, count) => sum + count, 0), rows };
}
