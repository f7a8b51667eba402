import { AGGREGATE_BYTES, MESSAGE_BYTES, SUB_HEADER_BYTES } from "../assembly/layout.js";
import { createBed } from "./bed.js";
import { compileCalls, inProcess, type Series, wasmCalls } from "./contestant.js";
import { type Case, PLAIN, type Question } from "./question.js";
import { randomBytes } from "./workload.js";

const MESSAGES = 256;
const MESSAGE_LEN = 64;
const BURST = 16;
const AGGREGATES = MESSAGES / BURST;
const AGGREGATE_LEN = BURST * (SUB_HEADER_BYTES + MESSAGE_LEN);
const STRIDE = 2048;
/** Messages lie where their sockets left them, not one behind the other. */
const MESSAGE_STRIDE = 192;

/** What does it cost a small message to share a transfer: packed with others, and taken apart again? */
export function stream(): Question {
  return {
    name: "stream",
    measured:
      `${MESSAGES} messages of ${MESSAGE_LEN} B of as many streams, ${BURST} an aggregate. Packing starts an aggregate and copies; unpacking checks ` +
      "every sub-header and leaves a record of each message, which points into the aggregate. JavaScript does the same with typed arrays and " +
      "DataView, records included; the last row leaves an object with a subarray for each message.",
    cases: async () => {
      const bed = await streamBed();
      return [packCase(bed), unpackCase(bed)];
    },
  };
}

type StreamBed = Awaited<ReturnType<typeof streamBed>>;

async function streamBed() {
  const bed = await createBed(MESSAGES * (MESSAGE_STRIDE + 2 * MESSAGE_BYTES) + AGGREGATES * STRIDE + 1024);
  const { kernels, arena } = bed;
  const aggregate = arena.take(AGGREGATE_BYTES);
  const records = arena.take(MESSAGES * MESSAGE_BYTES);
  const out = arena.take(MESSAGES * MESSAGE_BYTES);
  const data = arena.take(MESSAGES * MESSAGE_STRIDE);
  const transfers = arena.take(AGGREGATES * STRIDE);
  arena.u8.set(randomBytes(MESSAGES * MESSAGE_STRIDE, 7), data);
  for (let i = 0; i < MESSAGES; i++) {
    const record = [data + i * MESSAGE_STRIDE, MESSAGE_LEN, ((i * 77) & 0xffff) | ((i * 3) << 16), 0];
    arena.u32.set(record, (records + i * MESSAGE_BYTES) >> 2);
  }
  const step = BURST * MESSAGE_BYTES;
  const pack: Series = {
    times: AGGREGATES,
    calls: [
      ["streamOpen", aggregate, [transfers, STRIDE], STRIDE],
      ["streamPackBurst", aggregate, [records, step], BURST],
    ],
  };
  const unpack: Series = {
    times: AGGREGATES,
    calls: [["streamUnpackBurst", [transfers, STRIDE], AGGREGATE_LEN, [out, step], BURST]],
  };
  compileCalls(kernels, pack)();
  if (compileCalls(kernels, unpack)() !== MESSAGES) throw new Error("not every message was found");
  return { kernels, u8: arena.u8, view: new DataView(arena.u8.buffer), records, out, transfers, pack, unpack };
}

function packCase({ kernels, u8, view, records, transfers, pack }: StreamBed): Case {
  const expected = u8.slice(transfers, transfers + AGGREGATES * STRIDE);
  const plainly = (copy: (to: number, from: number, len: number) => void) => () => {
    let sum = 0;
    for (let i = 0; i < AGGREGATES; i++) {
      const end = plainPack(view, records + i * BURST * MESSAGE_BYTES, BURST, transfers + i * STRIDE, STRIDE, copy);
      sum = (sum + end) | 0;
    }
    return sum;
  };
  const ways = [
    [`${PLAIN}, copyWithin`, plainly((to, from, len) => u8.copyWithin(to, from, from + len))],
    [`${PLAIN}, a byte at a time`, plainly((to, from, len) => copyBytes(u8, to, from, len))],
  ] as const;
  for (const [name, run] of ways) {
    u8.fill(0, transfers, transfers + AGGREGATES * STRIDE);
    run();
    if (Buffer.compare(expected, u8.subarray(transfers, transfers + expected.length)) !== 0) {
      throw new Error(`${name} packs differently`);
    }
  }
  return {
    name: "pack, 64 B",
    unit: "ns a message",
    ours: wasmCalls("streamPackBurst", MESSAGES, kernels, pack),
    peers: ways.map(([name, run]) => inProcess(name, MESSAGES, run)),
    bounds: [{ most: 15 }],
  };
}

function unpackCase({ kernels, u8, view, records, out, transfers, unpack }: StreamBed): Case {
  const intoRecords = () => {
    let sum = 0;
    for (let i = 0; i < AGGREGATES; i++) {
      sum = (sum + plainUnpack(view, transfers + i * STRIDE, AGGREGATE_LEN, out + i * BURST * MESSAGE_BYTES)) | 0;
    }
    return sum;
  };
  const intoObjects = () => {
    let sum = 0;
    for (let i = 0; i < AGGREGATES; i++) {
      for (const message of unpackObjects(u8, view, transfers + i * STRIDE, AGGREGATE_LEN)) {
        sum = (sum + message.stream + message.data.length) | 0;
      }
    }
    return sum;
  };
  u8.fill(0, out, out + MESSAGES * MESSAGE_BYTES);
  if (intoRecords() !== MESSAGES) throw new Error("JavaScript does not find every message");
  for (let i = 0; i < MESSAGES; i++) {
    const [at, from] = [out + i * MESSAGE_BYTES, records + i * MESSAGE_BYTES];
    if (view.getUint32(at + 8) !== view.getUint32(from + 8)) throw new Error("JavaScript unpacks differently");
  }
  return {
    name: "unpack, 64 B",
    unit: "ns a message",
    ours: wasmCalls("streamUnpackBurst", MESSAGES, kernels, unpack),
    peers: [
      inProcess(`${PLAIN}, records`, MESSAGES, intoRecords),
      inProcess(`${PLAIN}, objects`, MESSAGES, intoObjects),
    ],
    bounds: [{ most: 15 }],
  };
}

function copyBytes(u8: Uint8Array, to: number, from: number, len: number): void {
  for (let i = 0; i < len; i++) u8[to + i] = u8[from + i] as number;
}

/** Messages of sound flags and of 1 to 4095 bytes only. */
export function plainPack(
  view: DataView,
  records: number,
  n: number,
  to: number,
  room: number,
  copy: (to: number, from: number, len: number) => void,
): number {
  let at = to;
  for (let i = 0; i < n; i++) {
    const record = records + i * MESSAGE_BYTES;
    const len = view.getUint32(record + 4, true);
    if (at + 6 + len > to + room) break;
    view.setUint16(at, view.getUint16(record + 8, true));
    view.setUint16(at + 2, view.getUint16(record + 10, true));
    view.setUint16(at + 4, (view.getUint32(record + 12, true) << 12) | len);
    copy(at + 6, view.getUint32(record, true), len);
    at += 6 + len;
  }
  return at - to;
}

const isSound = (flags: number) => ((0x33f >> flags) & 1) !== 0;

/** Returns how many; -1 for a bad aggregate. Without the long form. */
export function plainUnpack(view: DataView, from: number, lenBytes: number, out: number): number {
  const end = from + lenBytes;
  let count = 0;
  for (let at = from; at < end; count++) {
    if (end - at < 6) return -1;
    const word = view.getUint16(at + 4);
    const len = word & 0xfff;
    if (!isSound(word >> 12) || len === 0 || at + 6 + len > end) return -1;
    const record = out + count * MESSAGE_BYTES;
    view.setUint32(record, at + 6, true);
    view.setUint32(record + 4, len, true);
    view.setUint16(record + 8, view.getUint16(at), true);
    view.setUint16(record + 10, view.getUint16(at + 2), true);
    view.setUint32(record + 12, word >> 12, true);
    at += 6 + len;
  }
  return count;
}

function unpackObjects(u8: Uint8Array, view: DataView, from: number, lenBytes: number) {
  const end = from + lenBytes;
  const messages = [];
  for (let at = from; at < end; ) {
    if (end - at < 6) return [];
    const word = view.getUint16(at + 4);
    const len = word & 0xfff;
    if (!isSound(word >> 12) || len === 0 || at + 6 + len > end) return [];
    const data = u8.subarray(at + 6, at + 6 + len);
    messages.push({ stream: view.getUint16(at), sequence: view.getUint16(at + 2), flags: word >> 12, data });
    at += 6 + len;
  }
  return messages;
}
