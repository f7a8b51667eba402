import { createEngine } from "../src/engine.js";
import { CountersPart } from "../src/migrate/state/counters-part.js";
import { AdapterFrames } from "../src/migrate/state/frames/adapter-frames.js";
import { FramesPart } from "../src/migrate/state/frames/part.js";
import type { StatePart } from "../src/migrate/state/part.js";
import { NATIVE_FORMAT, PartitionState } from "../src/migrate/state/partition-state.js";
import { QueuesPart } from "../src/migrate/state/queues-part.js";
import { WASM } from "./bed.js";
import { inProcess } from "./contestant.js";
import { type Case, PLAIN, type Question } from "./question.js";
import { randomBytes } from "./workload.js";

const FRAMES = 4096;
/** 256 bytes a stream. */
const STREAMS_BYTES = 1000 * 256;
/** 2 GB/s. */
const MOST_NS_A_KB = 500;

/** How fast does an adapter's state get out of an engine, and into another one? */
export function state(): Question {
  return {
    name: "state",
    measured:
      `${FRAMES} frames in flight, half of them in the receive ring, half in the transmit queue, and ${STREAMS_BYTES} bytes that stand for 1,000 streams. ` +
      "Extracting leaves a whole block with its digests in the engine's memory. Inserting copies a block in, holds every digest and every record against what it " +
      "must be, fills mbufs, ring and queue, and gives all back again, so that the next round finds an empty port. JavaScript has its frames as typed arrays and " +
      "makes the same records, with a CRC-32C by table or without; a bare memory.copy moves as many bytes.",
    cases: async () => [
      ...(await casesOf(1000, [{ most: MOST_NS_A_KB }])),
      // Records and mbufs are most of the work here: nobody promised a rate.
      ...(await casesOf(64, [])),
    ],
  };
}

type Bounds = NonNullable<Case["bounds"]>;

async function casesOf(frameBytes: number, bounds: Bounds): Promise<Case[]> {
  const source = await adapter();
  const target = await adapter();
  fill(source, frameBytes);
  const block = source.state.extract(0).slice();
  insert(target, block);
  if (Buffer.compare(target.state.extract(0), block) !== 0)
    throw new Error("what was inserted is not what was extracted");
  target.frames.drop();
  const [kilobytes, plain] = [block.length / 1000, plainTwin(frameBytes)];
  plain.extract(false);
  const bare = inProcess("memory.copy", kilobytes, bareCopy(block.length));
  return [
    {
      name: `extract, ${frameBytes} B`,
      unit: "ns a kB",
      ours: inProcess("PartitionState.extract", kilobytes, () => source.state.extract(0).length),
      peers: [
        inProcess(`${PLAIN}, without digest`, kilobytes, () => plain.extract(false)),
        inProcess(`${PLAIN}, CRC-32C by table`, kilobytes, () => plain.extract(true)),
        bare,
      ],
      bounds,
    },
    {
      name: `insert, ${frameBytes} B`,
      unit: "ns a kB",
      ours: inProcess("PartitionState.prepare", kilobytes, () => {
        insert(target, block);
        target.frames.drop();
        return target.engine.freeMbufs;
      }),
      peers: [
        inProcess(`${PLAIN}, without digest`, kilobytes, () => plain.insert(false)),
        inProcess(`${PLAIN}, CRC-32C by table`, kilobytes, () => plain.insert(true)),
        bare,
      ],
      bounds,
    },
  ];
}

type Adapter = Awaited<ReturnType<typeof adapter>>;

async function adapter() {
  const engine = await createEngine({ wasm: WASM, mbufs: 2 * FRAMES, queueSize: FRAMES, ports: 1, migration: {} });
  const port = engine.addPort("vnic");
  const frames = new AdapterFrames(engine.migration, port);
  const parts = [new FramesPart(frames), new QueuesPart(frames), new CountersPart(engine.migration, port), streams()];
  return { engine, port, frames, state: new PartitionState(engine.migration, NATIVE_FORMAT, parts) };
}

/** Stands in for a part whose bytes are ready. */
function streams(): StatePart {
  const bytes = randomBytes(STREAMS_BYTES, 3);
  return { name: "streams", version: 1, extract: () => bytes, prepare: () => () => undefined };
}

function fill({ port }: Adapter, frameBytes: number): void {
  const data = randomBytes(frameBytes, 5);
  for (let i = 0; i < FRAMES / 2; i++) {
    port.receive(data);
    const frame = port.reserve(frameBytes);
    frame?.payload.set(data);
    if (!frame || !port.post(frame)) throw new Error("no room for the frames");
  }
}

function insert({ state }: Adapter, block: Uint8Array): void {
  const apply = state.prepare(block, 0);
  if (typeof apply !== "function") throw new Error(`refused: ${JSON.stringify(apply)}`);
  apply();
}

function bareCopy(lenBytes: number): () => number {
  const [from, to] = [randomBytes(lenBytes, 9), new Uint8Array(lenBytes)];
  return () => {
    to.set(from);
    return to[lenBytes - 1] as number;
  };
}

/** Frames as JavaScript would have them, and the same sections of them. */
function plainTwin(frameBytes: number) {
  const frames = Array.from({ length: FRAMES }, (_, i) => randomBytes(frameBytes, i));
  const streamBytes = randomBytes(STREAMS_BYTES, 3);
  const records = FRAMES * 24;
  const block = new Uint8Array(records + FRAMES * frameBytes + STREAMS_BYTES);
  const view = new DataView(block.buffer);
  const buffers = frames.map(() => new Uint8Array(2048));
  const table = crcTable();
  return {
    extract: (isDigested: boolean) => {
      let at = records;
      for (const [i, frame] of frames.entries()) {
        view.setBigUint64(i * 24, 0n, true);
        view.setUint32(i * 24 + 8, frame.length, true);
        view.setUint32(i * 24 + 12, frame.length, true);
        view.setUint32(i * 24 + 16, 1, true);
        block.set(frame, at);
        at += frame.length;
      }
      block.set(streamBytes, at);
      return isDigested ? crc(table, block) : at;
    },
    insert: (isDigested: boolean) => {
      let sum = isDigested ? crc(table, block) : 0;
      let at = records;
      for (let i = 0; i < FRAMES; i++) {
        const length = view.getUint32(i * 24 + 8, true);
        if (length > view.getUint32(i * 24 + 12, true) || length > 2048) throw new Error("unsound");
        (buffers[i] as Uint8Array).set(block.subarray(at, at + length));
        at += length;
        sum = (sum + length) | 0;
      }
      streamBytes.set(block.subarray(at));
      return sum;
    },
  };
}

function crcTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let register = byte;
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? 0x82f63b78 : 0);
    return register;
  });
}

function crc(table: Int32Array, bytes: Uint8Array): number {
  let register = -1;
  for (let i = 0; i < bytes.length; i++) {
    register = (register >>> 8) ^ (table[(register ^ (bytes[i] as number)) & 0xff] as number);
  }
  return ~register;
}
