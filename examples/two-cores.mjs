// Two engines on two cores: what a guest sends here is encapsulated here, changes threads in bursts, and is unpacked for a
// guest there. The engines share nothing but the channel. Run it: `npm run build && node examples/two-cores.mjs`
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createEngine, createHandover } from "ringlane";

const FRAMES = 10_000;
const HERE = { local: "192.0.2.1", remote: "192.0.2.2" };
const THERE = { local: "192.0.2.2", remote: "192.0.2.1" };

async function makeHost(addresses) {
  const engine = await createEngine();
  const [vnic, uplink] = [engine.addPort("vnic"), engine.addPort("uplink")];
  engine.addTunnel({ vni: 42, ...addresses, vnic, uplink });
  return { engine, vnic, uplink };
}

if (isMainThread) {
  const handover = createHandover();
  const worker = new Worker(new URL(import.meta.url), { workerData: handover });
  worker.on("message", (line) => console.log(line));

  const { engine, vnic, uplink } = await makeHost(HERE);
  const sender = engine.sendingEnd(handover, uplink);
  const frame = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, ...new Uint8Array(50));
  const burst = Array.from({ length: 32 }, () => ({ data: frame }));
  let sent = 0;
  let left = 0;
  while (left < FRAMES) {
    sent += vnic.receiveBurst(burst.slice(0, FRAMES - sent)); // the guest sends as much as its ring takes
    engine.poll();
    const moved = sender.pump();
    if (moved === 0) sender.wait(100); // the channel is full: nothing is lost, the other side is slower
    left += moved;
  }
  await sender.close();
  const { free, total, holds } = engine.census();
  console.log(`sent ${left} frames; ${free} of ${total} buffers free, the census ${holds ? "holds" : "FAILS"}`);
} else {
  const { engine, vnic, uplink } = await makeHost(THERE);
  const receiver = engine.receivingEnd(workerData, uplink);
  let frames = 0;
  while (!receiver.isDone) {
    if (receiver.pump() === 0) receiver.wait(100); // the channel is empty: sleep until there is something
    engine.poll();
    const taken = vnic.takeBurst(); // what the guest gets
    frames += taken.length;
    vnic.complete(taken);
  }
  const { free, total, holds } = engine.census();
  parentPort.postMessage(
    `received ${frames} frames; ${free} of ${total} buffers free, the census ${holds ? "holds" : "FAILS"}`,
  );
}
