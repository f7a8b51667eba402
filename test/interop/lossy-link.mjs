// A link between two raw interfaces that loses frames, delays some so that others overtake them, and sends some twice, by a seed; and a
// capture at its middle: behind the first impairment, before the second. Run by tcp-health.test.ts in a network namespace where socat
// relays each interface as UDP datagrams (this kernel may have no netem). Arguments: the options as JSON. Prints "ready"; when its input
// ends it writes the capture (pcap with nanoseconds) and goes.
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";

const { file, seed, before, after, delayMs } = JSON.parse(process.argv[2]);
const LATE_MS = 3;
const records = [];
let state = seed;
const [left, right] = [9001, 9003].map((port) => ({ socket: createSocket("udp4"), port }));

/** A number from 0 to 1 (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let z = state;
  z = Math.imul(z ^ (z >>> 15), z | 1);
  z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
  return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
}

/** Calls next for what is left of a frame, now or later, once or twice. */
function impair({ lost = 0, late = 0, twice = 0 }, next) {
  if (random() < lost) return;
  for (let copies = random() < twice ? 2 : 1; copies > 0; copies--) {
    if (random() < late) setTimeout(next, LATE_MS);
    else next();
  }
}

/** A timer alone may fire before its time. */
function leaveAt(dueMs, leave) {
  const leftMs = dueMs - performance.now();
  if (leftMs <= 0) leave();
  else setTimeout(() => leaveAt(dueMs, leave), Math.ceil(leftMs));
}

function record(frame) {
  const header = Buffer.alloc(16);
  const ns = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
  header.writeUInt32LE(Number(ns / 1_000_000_000n), 0);
  header.writeUInt32LE(Number(ns % 1_000_000_000n), 4);
  header.writeUInt32LE(frame.length, 8);
  header.writeUInt32LE(frame.length, 12);
  records.push(header, Buffer.from(frame));
}

for (const [from, to] of [
  [left, right],
  [right, left],
]) {
  from.socket.on("message", (frame) => {
    const leave = () => to.socket.send(frame, to.port - 1, "127.0.0.1");
    const pass = () => {
      record(frame);
      impair(after, () => leaveAt(performance.now() + delayMs, leave));
    };
    impair(before, pass);
  });
  from.socket.bind(from.port, "127.0.0.1");
}
await Promise.all([left, right].map(({ socket }) => new Promise((resolve) => socket.once("listening", resolve))));
console.log("ready");
process.stdin
  .on("end", () => {
    const header = Buffer.alloc(24);
    for (const [i, word] of [0xa1b23c4d, 0x00040002, 0, 0, 262_144, 1].entries()) header.writeUInt32LE(word, i * 4);
    writeFileSync(file, Buffer.concat([header, ...records]));
    process.exit();
  })
  .resume();
