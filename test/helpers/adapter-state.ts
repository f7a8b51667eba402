/** Adapters' states in worlds of overlay hosts: their parts, whole blocks, a move of one from host to host, and what hosts know, as text. */
import { expect } from "vitest";
import { HeldSent } from "../../src/host/state/held.js";
import { overlayParts } from "../../src/host/state/parts.js";
import {
  AdapterFrames,
  type BlockFault,
  FramesPart,
  NATIVE_FORMAT,
  PartitionState,
  QueuesPart,
  type StatePart,
  type StateRefusal,
} from "../../src/migrate/state/index.js";
import {
  type Guest,
  type Guesting,
  makeWorld,
  type World,
  type WorldHost,
  type WorldOptions,
} from "./overlay-world.js";

export type OverlaySection = "identity" | "paths" | "flows" | "fragments" | "held" | "lag" | "limits";

export interface AdapterState {
  readonly guest: Guest;
  readonly frames: AdapterFrames;
  readonly parts: ReturnType<typeof overlayParts>;
  readonly block: PartitionState;
}

export function makeStateWorld(options: WorldOptions): Promise<World> {
  return makeWorld({ ...options, engine: { migration: {}, mbufs: 512, ...options.engine } });
}

export function stateOf(guest: Guest): AdapterState {
  const { core, engine } = guest.host;
  const sent = new HeldSent(core.plane, guest.vnic);
  const { migration } = engine;
  if (!migration) throw new Error("an engine without migration");
  const frames = new AdapterFrames(migration, guest.vnic, [sent]);
  const parts = overlayParts(core, guest.attachment, sent, frames);
  const { identity, paths, flows, fragments, held, lag, limits } = parts;
  const all: StatePart[] = [
    ...[identity, new FramesPart(frames), new QueuesPart(frames), paths, flows, fragments, held, lag, limits],
  ];
  return { guest, frames, parts, block: new PartitionState(migration, NATIVE_FORMAT, all) };
}

/** What applies a section, which must be sound. */
export function prepared(step: (() => void) | StateRefusal | BlockFault): () => void {
  if (typeof step !== "function") expect.unreachable(JSON.stringify(step));
  return step as () => void;
}

/** Takes a section in, and expects the same bytes right after. */
export function carry(from: StatePart, to: StatePart, nowMs: number): Uint8Array {
  const bytes = from.extract(nowMs).slice();
  prepared(to.prepare(bytes, nowMs))();
  expect(Buffer.from(to.extract(nowMs)).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
  return bytes;
}

/** The partition comes to another host with its state: its old host lets go of it. Read-back is what was extracted. Time passes until it is live. */
export function moveWithState(world: World, guest: Guest, i: number, forMs = 50, options: Guesting = {}): Guest {
  const { nowMs } = world.fabric;
  const source = stateOf(guest);
  const block = source.block.extract(nowMs).slice();
  source.frames.drop();
  const target = comesTo(world, guest, i, options);
  const there = stateOf(target);
  prepared(there.block.prepare(block, nowMs))();
  expect(Buffer.from(there.block.extract(nowMs)).equals(Buffer.from(block))).toBe(true);
  world.run(forMs);
  expect(target.attachment.state).toBe("live");
  return target;
}

/** The partition is claimed by another host; no time has passed. */
export function comesTo(world: World, guest: Guest, i: number, options: Guesting = {}): Guest {
  const { vnic: _, members, backup, standalone, ...rest } = guest.attachment.options;
  return world.attach(i, guest.n, { ...(rest as Guesting), ...options });
}

/** All that taking a section in may write of a host, as text. */
export function memoryOf({ core, engine }: WorldHost): string {
  const { plane } = core;
  const flows = flowsOf(core.plane);
  const records = [...plane.endpoints.all()].map((ptr) => [...plane.u32.subarray(ptr >> 2, (ptr >> 2) + 32)].join());
  const lag = core.group?.partitions.map(({ record, counters, roles }) => ({
    ...{ counters, roles, owners: [...record.destinations()], loads: [...record.loads].map(String) },
    ...{ turn: record.turn, learned: record.learned },
  }));
  const limits = engine.limits?.reports();
  const rest = { free: engine.freeMbufs, rings: plane.held.freeRings, attached: core.attachments.length };
  const carried = core.attachments.map(({ carried, parked }) => [carried, parked !== undefined]);
  return JSON.stringify({ flows, records, lag, limits, rest, carried, counters: core.counters });
}

/** Every flow and fragment, as the words of its row, ascending. */
export function flowsOf({ flows }: WorldHost["core"]["plane"], version?: 4 | 6): number[][] {
  const found: number[][] = [];
  for (const [of, network, kind] of [4, 6].flatMap((of) =>
    [0, 1].flatMap((n) => [1, 2].map((kind) => [of, n, kind])),
  )) {
    if (version !== undefined && of !== version) continue;
    flows.each(of as 4 | 6, network as number, kind as number, new Uint32Array(), (words, rows) => {
      const stride = words.length / rows;
      for (let i = 0; i < rows; i++) found.push([...words.subarray(i * stride, (i + 1) * stride)]);
    });
  }
  return found.sort((a, b) => (a.join() < b.join() ? -1 : 1));
}
