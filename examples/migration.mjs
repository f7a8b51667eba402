// System 6: a VM goes from one host to another with all that its adapter holds, while somebody sends to it; then to one that has no room for
// it, where nothing happens and the reason is said. Run it: `npm run build && node examples/migration.mjs`
import {
  createEngine,
  createHost,
  definePolicy,
  describeHost,
  describeVm,
  EmbeddedDirectory,
  Loopback,
} from "ringlane";

// 1. Three hosts with a directory and a cable between each two. Memory for states is planned when an engine is made.
const policy = definePolicy({ networks: { blue: { vni: 42, encapsulation: "rocev2", default: "allow" } } });
const directory = new EmbeddedDirectory();
async function makeHost(name, address, neighbours, ports) {
  const engine = await createEngine({ overlay: {}, migration: {}, ports: 2 + ports });
  const uplinks = neighbours.map((neighbour) => engine.addPort(`to ${neighbour}`));
  const pathsTo = Object.fromEntries(neighbours.map((neighbour, uplink) => [neighbour, [{ uplink }]]));
  // Where a VM that comes finds its ports; in words why there is no room.
  const incoming = ({ adapters }) =>
    ports === 0
      ? "no port is free"
      : adapters.map((adapter) => ({
          ...adapter,
          vnic: engine.ports.find(({ name }) => name === adapter.mac) ?? engine.addPort(adapter.mac),
        }));
  const moves = { incoming, limits: { gateMs: 20 } };
  return createHost({ name, address, engine, uplinks, pathsTo, directory, policy, encapsulations: ["rocev2"], moves });
}
const alpha = await makeHost("alpha", "192.0.2.1", ["beta", "gamma"], 2);
const beta = await makeHost("beta", "192.0.2.2", ["alpha", "gamma"], 2);
const gamma = await makeHost("gamma", "192.0.2.3", ["alpha", "beta"], 0);
const hosts = [alpha, beta, gamma];
const cables = [
  new Loopback(alpha.uplinks[0], beta.uplinks[0]),
  new Loopback(alpha.uplinks[1], gamma.uplinks[0]),
  new Loopback(beta.uplinks[1], gamma.uplinks[1]),
];
for (const host of hosts) {
  host.onEvent((event) => {
    if (event.type === "moving") console.log(`${host.name}: ${event.partition} is ${event.state}, as ${event.side}`);
  });
}

// 2. Two VMs; the first sends numbered frames to the second all the time.
const attach = (host, partition, last) => {
  const [mac, ips] = [`02:00:00:00:00:0${last}`, [`10.0.0.${last}`]];
  return host.attach({ network: "blue", partition, vnic: host.engine.addPort(partition), mac, ips });
};
const [web, db] = [await attach(alpha, "web", 1), await attach(alpha, "db", 2)];
let [sent, got, inOrder] = [0, 0, 0];
const HEADER = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5];
const ends = new Set([db.vnic]);
function turn() {
  const frame = Uint8Array.of(...HEADER, sent >> 16, sent >> 8, sent, ...new Uint8Array(43));
  if (web.vnic.receive(frame)) sent++;
  for (const host of hosts) host.poll();
  for (const cable of cables) cable.pump();
  for (const port of ends) {
    for (const taken of port.takeBurst()) {
      const [bytes] = taken.spans;
      const number = (bytes[14] << 16) | (bytes[15] << 8) | bytes[16];
      if (number === got) inOrder++;
      got++;
      port.complete([taken]);
    }
  }
}
async function runUntil(isOver) {
  while (!isOver()) {
    turn();
    await new Promise(setImmediate); // for the directory's answers
  }
}
const wait = (ms) => {
  const untilMs = performance.now() + ms;
  return runUntil(() => performance.now() >= untilMs);
};
async function move(from, attachment, to) {
  let end;
  from.move({ attachments: [attachment], to }).then((ended) => {
    end = ended;
  });
  await runUntil(() => {
    for (const { attachments } of hosts)
      for (const { partition, vnic } of attachments) if (partition === "db") ends.add(vnic);
    return end !== undefined;
  });
  await wait(50);
  return end;
}
await wait(50);

// 3. What beta has room for, and what the VM needs: `ringlane migrate check` and discoverTargets ask the same.
const { mbufs, mtuBytes } = Object.values(describeHost(beta).adapters)[0];
const [needs] = Object.values(describeVm(alpha, "db").vnics).map((vnic) => vnic.needs);
console.log(
  `beta has ${mbufs.free} of ${mbufs.total} buffers and an MTU of ${mtuBytes}; db needs ${needs.mbufs} and ${needs.mtuBytes}`,
);

// 4. The move, and one that cannot be.
const first = await move(alpha, db, "beta");
const here = beta.attachments.find(({ partition }) => partition === "db");
console.log(`db has ${first.outcome}: queue pair ${here.gqpn}, generation ${here.generation}, now on beta`);
const second = await move(beta, here, "gamma");
console.log(`db has ${second.outcome} on beta: ${second.reason}`);
for (let quiet = 0; quiet < 100; quiet++) {
  const before = got;
  for (const host of hosts) host.poll();
  for (const cable of cables) cable.pump();
  for (const port of ends) {
    const frames = port.takeBurst();
    got += frames.length;
    inOrder += frames.length;
    port.complete(frames);
  }
  if (got > before) quiet = 0;
  await new Promise(setImmediate);
}
console.log(`frames sent while it moved, all in all: ${sent}; arrived: ${got}, in order: ${inOrder}`);
if (got !== sent || inOrder !== sent || first.outcome !== "moved" || second.outcome !== "stayed") process.exit(1);
