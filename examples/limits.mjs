// System 7: receive memory follows need and health. A guest with three peers: two that it reads, and one that sends ten times as much and
// that it never reads. Run it: `npm run build && node examples/limits.mjs`
import { createEngine, reasonText } from "ringlane";

const engine = await createEngine({ mbufs: 1024, limits: {} });
const [vnic, uplink] = ["guest", "uplink"].map((name) => engine.addPort(name));
engine.addTunnel({ vni: 42, local: "192.0.2.1", remote: "192.0.2.2", vnic, uplink });

// All of the guest's frames may hold 512 buffers; what one peer's may hold begins at 32 and moves between 16 and 256.
const limits = engine.addLimits({ wall: 512 });
limits.addPartition("guest", [vnic], { floor: 32, preset: 64, ceiling: 512 }, { floor: 16, preset: 32, ceiling: 256 });

// What the underlay brings: UDP datagrams in VXLAN, made by a second engine.
const far = await createEngine();
const tunnel = far.addTunnel({ vni: 42, local: "192.0.2.2", remote: "192.0.2.1" });
const burst = far.burst();
function arrive(peer, count) {
  const inner = new Uint8Array(60);
  inner.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17, 0, 0]);
  inner.set([10, 0, 0, peer, 10, 0, 0, 9, 0x30, 0x39, 0, 53, 0, 26], 26);
  burst.load(Array.from({ length: count }, () => ({ data: inner })));
  burst.encapsulate(tunnel);
  for (const { spans } of burst.frames()) uplink.receive(Uint8Array.from(spans[0]));
}

const hostile = 3;
const read = new Map();
for (let ms = 0; ms < 1000; ms++) {
  for (const peer of [1, 2]) arrive(peer, 4);
  arrive(hostile, 40);
  engine.poll();
  for (const { peer, from, to, reason } of limits.tick(ms)) {
    if (peer === "10.0.0.3") console.log(`${ms} ms: ${peer} from ${from} to ${to}: ${reasonText(reason)}`);
  }
  // The guest reads what comes from the others, and leaves the hostile peer's where they are.
  const frames = vnic.takeBurst().filter(({ spans }) => spans[0][29] !== hostile);
  for (const { spans } of frames) read.set(spans[0][29], (read.get(spans[0][29]) ?? 0) + 1);
  vnic.complete(frames);
}

for (const { peer, limit, inUse, frames, refused } of limits.reports()) {
  console.log(`${peer ?? "others"}: limit ${limit}, ${inUse} in use, ${frames} taken, ${refused} refused`);
}
console.log(`read: ${[...read].map(([peer, count]) => `${count} of 4000 from 10.0.0.${peer}`).join(", ")}`);
