// One end of a channel in a thread of its own: an engine with a guest's port, an uplink and a tunnel, from the built package.
// The sending side lets its guest send numbered frames; the receiving side takes what arrives at its guest. Each answers with
// how many, the digest of all of them in order, and its census. They wait so long that a wake-up that is lost is seen.
// Started by handover-threads.test.ts, or run in its thread.
import { createHash } from "node:crypto";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { createEngine } from "../../dist/index.js";

const ADDRESSES = ["192.0.2.1", "192.0.2.2"];

/** Frame n: every length from 14 to 1513 bytes in some order, and now and then one of several buffers. */
function frameOf(n) {
  const length = n % 97 === 96 ? 5000 + (n % 30_000) : 14 + ((n * 7919) % 1500);
  const data = new Uint8Array(length);
  for (let i = 14; i < length; i++) data[i] = n * 31 + i;
  data.set([2, 0, 0, 0, 0, 2, 2, n >> 24, n >> 16, n >> 8, n, 1, 0x88, 0xb5]);
  return { data, originalLength: length + (n % 5), timestampNs: BigInt(n) * 1_000_000_000n };
}

/** Sums up frames in order: bytes, length on the wire, time. */
class Digest {
  frames = 0;
  #hash = createHash("sha256");

  add(spans, originalLength, timestampNs) {
    for (const span of spans) this.#hash.update(span);
    this.#hash.update(`${originalLength} ${timestampNs}`);
    this.frames++;
  }

  get hex() {
    return this.#hash.digest("hex");
  }
}

async function makeHost(side) {
  const engine = await createEngine({ mbufs: 512, queueSize: 256 });
  const [vnic, uplink] = ["vnic", "uplink"].map((name) => engine.addPort(name, { scatterGather: true }));
  const [local, remote] = side === "send" ? ADDRESSES : ADDRESSES.toReversed();
  engine.addTunnel({ vni: 7, local, remote, vnic, uplink });
  return { engine, vnic, uplink };
}

export async function send({ handover, frames }) {
  const { engine, vnic, uplink } = await makeHost("send");
  const sender = engine.sendingEnd(handover, uplink);
  const digest = new Digest();
  let waiting = [];
  while (digest.frames < frames || waiting.length > 0 || engine.census().free < 512) {
    while (waiting.length < 64 && digest.frames < frames) {
      const frame = frameOf(digest.frames);
      digest.add([frame.data], frame.originalLength, frame.timestampNs);
      waiting.push(frame);
    }
    waiting = waiting.slice(vnic.receiveBurst(waiting));
    if (engine.poll() + sender.pump() === 0) sender.wait(60_000);
  }
  await sender.close();
  return { frames: digest.frames, digest: digest.hex, census: engine.census() };
}

export async function receive({ handover }) {
  const { engine, vnic, uplink } = await makeHost("receive");
  const receiver = engine.receivingEnd(handover, uplink);
  const digest = new Digest();
  while (!receiver.isDone) {
    if (receiver.pump() === 0) receiver.wait(60_000);
    // One frame of several buffers after the other, so that the guest's queue never overflows.
    while (engine.receive(uplink, 8) > 0) {
      const taken = vnic.takeBurst();
      for (const { spans, originalLength, timestampNs } of taken) digest.add(spans, originalLength, timestampNs);
      vnic.complete(taken);
    }
  }
  return { frames: digest.frames, digest: digest.hex, census: engine.census(), drops: uplink.counters.drops };
}

if (!isMainThread && workerData?.side) parentPort.postMessage(await { send, receive }[workerData.side](workerData));
