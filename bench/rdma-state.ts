/**
 * npx tsx bench/rdma-state.ts
 *
 * How long does an RDMA device's state take? 64 connected queue pairs with 16 requests of 4096 bytes under way each, over 4 MiB of regions:
 * written, found sound, and taken in by another engine. Median of 20 rounds, each with a new target, since one takes in only once.
 */
import { createEngine } from "../src/engine.js";
import { DeviceState } from "../src/rdma/state/index.js";
import { WASM } from "./bed.js";

const QUEUE_PAIRS = 64;
const OUTSTANDING = 16;
const LENGTH = 4096;
const ROUNDS = 20;
const RDMA = { queuePairs: QUEUE_PAIRS, regions: QUEUE_PAIRS, memoryBytes: QUEUE_PAIRS * OUTSTANDING * LENGTH };
const NOW_MS = 1000;

async function makeDevice() {
  const engine = await createEngine({ wasm: WASM, mbufs: 4096, payloadBytes: 4608, queueSize: 2048, rdma: RDMA });
  const port = engine.addPort("roce");
  return { engine, port, device: engine.addRdma({ port }) };
}

async function makeBusy() {
  const made = await makeDevice();
  const { device, port } = made;
  const [pd, sendCq] = [device.allocPd(), device.createCq()];
  device.tick(NOW_MS);
  for (let i = 0; i < QUEUE_PAIRS; i++) {
    const qp = device.createQp({ pd, type: "rc", sendCq });
    const region = pd.register(OUTSTANDING * LENGTH, { access: ["local-write"] });
    region.bytes.fill(i + 1);
    qp.modify({ state: "init" });
    qp.modify({
      state: "rtr",
      address: { local: "10.9.0.1", remote: "10.9.0.2" },
      destQpn: 100 + i,
      rqPsn: i,
      mtu: 1024,
    });
    qp.modify({ state: "rts", sqPsn: i });
    for (let n = 0; n < OUTSTANDING; n++) {
      const local = { region, offset: n * LENGTH, length: LENGTH };
      const opcode = n % 2 === 0 ? "rdma-write" : "rdma-read";
      qp.postSend({ wrId: n, opcode, local, remote: { va: 0x10000n, rkey: 0x100 } });
      qp.postRecv({ wrId: n, local });
    }
  }
  while (device.poll() > 0)
    for (let sent = port.takeBurst(); sent.length > 0; sent = port.takeBurst()) port.complete(sent);
  device.stop();
  return made;
}

function median(times: readonly number[]): string {
  return ([...times].sort((a, b) => a - b)[times.length >> 1] as number).toFixed(2);
}

const source = new DeviceState((await makeBusy()).device);
const [writing, checking, taking]: [number[], number[], number[]] = [[], [], []];
let bytes: Uint8Array = new Uint8Array();
for (let round = 0; round < ROUNDS; round++) {
  const { engine, device } = await makeDevice();
  const state = new DeviceState(device);
  const started = performance.now();
  bytes = source.extract(NOW_MS);
  const written = performance.now();
  const apply = state.prepare(bytes, NOW_MS);
  const checked = performance.now();
  if (typeof apply !== "function") throw new Error(`${apply.field} is ${apply.value}; it must be ${apply.bound}`);
  apply();
  const taken = performance.now();
  writing.push(written - started);
  checking.push(checked - written);
  taking.push(taken - checked);
  engine.close();
}
const regionBytes = QUEUE_PAIRS * OUTSTANDING * LENGTH;
console.log(
  `${QUEUE_PAIRS} queue pairs, ${OUTSTANDING} requests each: ${bytes.length} bytes, ${bytes.length - regionBytes} without regions`,
);
console.log(`written in ${median(writing)} ms, found sound in ${median(checking)}, taken in in ${median(taking)}`);
