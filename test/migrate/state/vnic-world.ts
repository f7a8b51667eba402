/** A vnic of a real engine and its plain twin, which the same things happen to; and a part that holds frames, as endpoints' rings do. */
import { RING_REFUSED } from "../../../assembly/layout.js";
import { CountersPart } from "../../../src/migrate/state/counters-part.js";
import { AdapterFrames } from "../../../src/migrate/state/frames/adapter-frames.js";
import { type FrameHolder, PLACE_HELD_ARRIVED, PLACE_HELD_SENT } from "../../../src/migrate/state/frames/holder.js";
import { FramesPart, PortableFramesPart } from "../../../src/migrate/state/frames/part.js";
import type { StateMemory } from "../../../src/migrate/state/memory.js";
import type { StatePart, StateRefusal } from "../../../src/migrate/state/part.js";
import { NATIVE_FORMAT, PartitionState, PORTABLE_FORMAT } from "../../../src/migrate/state/partition-state.js";
import { QueuesPart } from "../../../src/migrate/state/queues-part.js";
import { concat } from "../../helpers/bytes.js";
import { type Build, testEngine } from "../../helpers/engines.js";
import type { Random } from "../../helpers/property.js";
import { descriptorsOf, type ModelFrame, ModelVnic } from "../../model/vnic.js";

export const PAYLOAD_BYTES = 128;

export interface WorldOptions {
  readonly build?: Build;
  readonly mbufs?: number;
  readonly queueSize?: number;
  readonly scatterGather?: boolean;
  readonly stateBytes?: number;
  /** Mbufs that the port's owner may hold; without it, it has none. */
  readonly limit?: number;
}

/** Frames that somebody took out of the ring and keeps. */
class ListHolder implements FrameHolder {
  readonly place: number;
  readonly #memory: StateMemory;
  #mbufs: number[] = [];

  constructor(memory: StateMemory, place: number) {
    this.place = place;
    this.#memory = memory;
  }

  mbufs(): readonly number[] {
    return this.#mbufs;
  }

  add(m: number): void {
    this.#mbufs.push(m);
    // Where the census looks for what the host has.
    this.#memory.owner.pool.held.add(m);
  }

  letGo(): void {
    for (const m of this.#mbufs) this.#memory.owner.pool.held.delete(m);
    this.#mbufs = [];
  }
}

/** Its section says how many frames of its place there are. */
class HeldPart implements StatePart {
  readonly name: string;
  readonly version = 1;
  readonly #frames: AdapterFrames;
  readonly #holder: ListHolder;

  constructor(frames: AdapterFrames, holder: ListHolder) {
    this.name = `held-${holder.place}`;
    this.#frames = frames;
    this.#holder = holder;
  }

  extract(): Uint8Array {
    return Uint8Array.of(this.#frames.extracted.count(this.#holder.place));
  }

  prepare(bytes: Uint8Array): (() => void) | StateRefusal {
    const { incoming } = this.#frames;
    const { place } = this.#holder;
    const count = incoming.count(place);
    if (bytes.length !== 1 || bytes[0] !== count) {
      return { section: this.name, field: "count", value: bytes[0], bound: `${count}` };
    }
    return () => {
      for (let i = 0; i < count; i++) this.#holder.add(this.#frames.mbufOf(incoming.first(place) + i));
    };
  }
}

export type VnicWorld = Awaited<ReturnType<typeof vnicWorld>>;

export async function vnicWorld(options: WorldOptions = {}) {
  const { build = "debug", mbufs = 96, queueSize = 16, scatterGather = true, stateBytes, limit } = options;
  const migration = stateBytes === undefined ? {} : { stateBytes };
  const sizes = { mbufs, queueSize, payloadBytes: PAYLOAD_BYTES, ports: 2 };
  const limits = limit === undefined ? {} : { limits: {} };
  const engine = await testEngine({ ...sizes, ...limits, migration }, build);
  const port = engine.addPort("net0", { scatterGather });
  if (limit !== undefined) {
    engine.addLimits().addPartition("web", [port], { floor: 1, preset: limit, ceiling: limit });
  }
  const memory = engine.migration;
  const sent = new ListHolder(memory, PLACE_HELD_SENT);
  const arrived = new ListHolder(memory, PLACE_HELD_ARRIVED);
  const frames = new AdapterFrames(memory, port, [sent, arrived]);
  const counters = new CountersPart(memory, port);
  const native = new PartitionState(memory, NATIVE_FORMAT, [
    new FramesPart(frames),
    new QueuesPart(frames),
    counters,
    new HeldPart(frames, sent),
    new HeldPart(frames, arrived),
  ]);
  const portable = new PartitionState(memory, PORTABLE_FORMAT, [new PortableFramesPart(frames), counters]);
  return { engine, port, memory, sent, arrived, frames, native, portable };
}

/** The twin, with the holders' frames. */
export class Twin extends ModelVnic {
  sent: ModelFrame[] = [];
  arrived: ModelFrame[] = [];

  all() {
    return [
      ...this.frames(),
      ...this.sent.map((frame) => ({ place: PLACE_HELD_SENT, frame })),
      ...this.arrived.map((frame) => ({ place: PLACE_HELD_ARRIVED, frame })),
    ];
  }
}

type Step = (world: VnicWorld, twin: Twin, random: Random) => void;

const STEPS: readonly Step[] = [arriveCopied, arriveReserved, consume, postSingle, postChain, take, complete, hold];

/** One thing happens to both. */
export function happen(world: VnicWorld, twin: Twin, random: Random): void {
  random.pick(STEPS)(world, twin, random);
}

function arriveCopied({ port }: VnicWorld, twin: Twin, random: Random): void {
  const data = random.bytes(random.pick([0, 1, 14, 60, PAYLOAD_BYTES, PAYLOAD_BYTES + 1, random.below(600)]));
  const originalLength = random.below(3) === 0 ? data.length + random.below(2000) : data.length;
  const timestampNs = BigInt(random.below(2 ** 31)) << 20n;
  if (twin.ring.length === twin.size) return;
  const segments = cut(data);
  if (port.receiveBurst([{ data, originalLength, timestampNs }]) === 1) {
    twin.arrive({ timestampNs, wireBytes: originalLength, segments });
  }
}

/** In place, and with headers in front: the buffer's headroom is used. */
function arriveReserved({ port, memory }: VnicWorld, twin: Twin, random: Random): void {
  const frame = port.reserve(PAYLOAD_BYTES);
  if (!frame) return;
  frame.payload.set(random.bytes(PAYLOAD_BYTES));
  frame.prepend(random.bytes(random.below(60)));
  const bytes = frame.bytes.slice();
  const isTaken = port.receive(frame);
  if (twin.arrive({ timestampNs: 0n, wireBytes: bytes.length, segments: [bytes] }) !== isTaken) {
    throw new Error(`the ring took what its twin did not, or the other way about`);
  }
  if (!isTaken) frame.release();
  const refused = memory.owner.arena.u64[(port.record.ring + RING_REFUSED) >> 3];
  if (refused !== BigInt(twin.ringRefused)) throw new Error(`${refused} refused by the ring`);
}

function consume({ port, memory }: VnicWorld, twin: Twin, random: Random): void {
  const { kernels, pool } = memory.owner;
  const n = kernels.ringDequeueBurst(port.record.ring, port.record.list, random.below(5));
  kernels.freeBurst(pool.ptr, port.record.list, n);
  twin.consume(n);
}

function hold({ port, memory, sent, arrived }: VnicWorld, twin: Twin, random: Random): void {
  const { kernels, arena } = memory.owner;
  const n = kernels.ringDequeueBurst(port.record.ring, port.record.list, 1);
  if (n === 0) return;
  const m = arena.u32[port.record.list >> 2] as number;
  const [frame] = twin.consume(1) as [ModelFrame];
  const isSent = random.below(2) === 0;
  (isSent ? sent : arrived).add(m);
  (isSent ? twin.sent : twin.arrived).push(frame);
}

function postSingle({ port }: VnicWorld, twin: Twin, random: Random): void {
  const bytes = random.bytes(random.below(PAYLOAD_BYTES));
  if (twin.freeDescriptors === 0) return;
  const frame = port.reserve(bytes.length);
  if (!frame) return;
  frame.payload.set(bytes);
  if (!port.post(frame)) throw new Error("no room in the queue");
  twin.post({ timestampNs: 0n, wireBytes: bytes.length, segments: [bytes] });
}

function postChain({ port, engine }: VnicWorld, twin: Twin, random: Random): void {
  if (!port.scatterGather) return;
  const parts = Array.from({ length: 1 + random.below(4) }, () => random.bytes(random.pick([0, 1, random.below(100)])));
  const headers = random.bytes(random.pick([0, 14]));
  if (twin.freeDescriptors < parts.length + 1 || engine.freeMbufs < parts.length + 1) return;
  const fragments = parts.map((part) => {
    const fragment = port.reserve(part.length);
    if (!fragment) throw new Error("no mbuf");
    fragment.payload.set(part);
    return fragment;
  });
  if (!port.postFragments(headers, fragments, "scatter")) throw new Error("no room in the queue");
  const segments = [headers, ...parts];
  twin.post({ timestampNs: 0n, wireBytes: concat(...segments).length, segments });
}

function take({ port }: VnicWorld, twin: Twin): void {
  const expected = twin.take();
  const frames = port.takeBurst();
  for (const [i, { id, spans }] of frames.entries()) {
    const twinFrame = expected[i];
    const bytes = concat(...spans);
    if (!twinFrame || twinFrame.id !== id || Buffer.compare(bytes, concat(...twinFrame.frame.segments)) !== 0) {
      throw new Error(`frame ${i} that was taken is another one`);
    }
    if (spans.length !== descriptorsOf(twinFrame.frame)) throw new Error(`${spans.length} spans`);
  }
  if (frames.length !== expected.length) throw new Error(`${frames.length} taken of ${expected.length}`);
}

function complete({ port }: VnicWorld, twin: Twin, random: Random): void {
  const inFlight = [...port.inFlight];
  const done = [];
  while (inFlight.length > 0 && random.below(3) !== 0) {
    done.push(...inFlight.splice(random.below(inFlight.length), 1));
  }
  port.complete(done);
  twin.complete(done.map(({ id }) => id));
}

/** As Port.receiveBurst fills buffers. */
function cut(data: Uint8Array): Uint8Array[] {
  const segments = [];
  for (let at = 0; at === 0 || at < data.length; at += PAYLOAD_BYTES) segments.push(data.slice(at, at + PAYLOAD_BYTES));
  return segments;
}
