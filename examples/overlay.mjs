// Systems 3 and 4: three hosts that share a directory, two tenants whose VMs have the same addresses, and a VM that changes host while it
// is talked to. Run it: `npm run build && node examples/overlay.mjs`
import { createEngine, createHost, definePolicy, EmbeddedDirectory, Loopback } from "ringlane";

// 1. Who may talk to whom: by names, wherever they are.
const policy = definePolicy({
  networks: {
    blue: {
      vni: 42,
      groups: { web: { labels: { role: "web" } }, db: { partitions: ["db"] } },
      rules: [{ name: "queries", from: "web", to: "db", action: "allow", protocol: "udp", ports: 5432 }],
    },
    red: { vni: 43, encapsulation: "rocev2", default: "allow" },
  },
});

// 2. Three hosts, each with a cable to each other one. With real drivers, host.start() polls; here settle does.
const directory = new EmbeddedDirectory();
async function makeHost(name, address, neighbours) {
  const engine = await createEngine({ overlay: {} });
  const uplinks = neighbours.map((neighbour) => engine.addPort(`to ${neighbour}`));
  const pathsTo = Object.fromEntries(neighbours.map((neighbour, uplink) => [neighbour, [{ uplink }]]));
  const host = createHost({
    name,
    address,
    engine,
    uplinks,
    pathsTo,
    directory,
    policy,
    encapsulations: ["vxlan", "rocev2"],
  });
  host.onEvent(({ type, partition, to }) => type === "moved" && console.log(`${name}: ${partition} is on ${to} now`));
  return host;
}
const alpha = await makeHost("alpha", "192.0.2.1", ["beta", "gamma"]);
const beta = await makeHost("beta", "192.0.2.2", ["alpha", "gamma"]);
const gamma = await makeHost("gamma", "192.0.2.3", ["alpha", "beta"]);
const hosts = [alpha, beta, gamma];
const cables = [
  new Loopback(alpha.uplinks[0], beta.uplinks[0]),
  new Loopback(alpha.uplinks[1], gamma.uplinks[0]),
  new Loopback(beta.uplinks[1], gamma.uplinks[1]),
];
async function settle() {
  for (let quiet = 0; quiet < 3; ) {
    const moved =
      hosts.reduce((sum, host) => sum + host.poll(), 0) + cables.reduce((sum, cable) => sum + cable.pump(), 0);
    quiet = moved > 0 ? 0 : quiet + 1;
    await new Promise(setImmediate); // for the directory's answers
  }
}

// 3. VMs. Those of blue and of red have the same addresses.
const attach = (host, network, partition, last, labels) => {
  const [mac, ips] = [`02:00:00:00:00:0${last}`, [`10.0.0.${last}`]];
  return host.attach({ network, partition, vnic: host.engine.addPort(partition), mac, ips, labels });
};
const web = await attach(alpha, "blue", "web", 1, { role: "web" });
const db = await attach(beta, "blue", "db", 2);
const cache = await attach(alpha, "red", "cache", 1);
const store = await attach(beta, "red", "store", 2);

// 4. What they say: a datagram from 10.0.0.1 to 10.0.0.2, with a number in it.
function datagram(port, number) {
  const ip = [0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0x26, 0xcb, 10, 0, 0, 1, 10, 0, 0, 2];
  const udp = [0xc0, 0, port >> 8, port & 255, 0, 12, 0, 0, ...new Uint8Array(new Uint32Array([number]).buffer)];
  return Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00, ...ip, ...udp);
}
function numbersAt({ vnic }) {
  const frames = vnic.takeBurst();
  const numbers = frames.map(({ spans: [frame] }) => frame[42] | (frame[43] << 8));
  vnic.complete(frames);
  return numbers;
}
for (let i = 0; i < 50; i++) {
  web.vnic.receive(datagram(i < 48 ? 5432 : 22, i)); // the last two are against the rules
  cache.vnic.receive(datagram(9000, 1000 + i));
}
await settle();
console.log(`db: ${numbersAt(db).length} frames; web's others were dropped: ${JSON.stringify(web.counters.drops)}`);
console.log(`store: ${numbersAt(store).length} frames, none of blue's, though the addresses are the same`);

// 5. store moves: gamma attaches it, and the directory tells beta. cache goes on sending, and knows nothing of it.
console.log(`store: on beta, queue pair ${store.gqpn}, generation ${store.generation}`);
let moved;
const [there, here] = [[], []];
for (let i = 0; i < 100; i++) {
  cache.vnic.receive(datagram(9000, i));
  if (i === 50) attach(gamma, "red", "store", 2).then((attachment) => (moved = attachment));
  await settle();
  there.push(...numbersAt(store));
  if (moved) here.push(...numbersAt(moved));
}
console.log(`store: on gamma, queue pair ${moved.gqpn}, generation ${moved.generation}`);
const isWhole = [...there, ...here].every((number, i) => number === i);
console.log(`store: ${there.length} frames there, ${here.length} here, each once and in order: ${isWhole}`);
for (const { name, engine } of hosts) {
  const { free, total, holds } = engine.census();
  console.log(`${name}: ${free} of ${total} buffers free, the census ${holds ? "holds" : "FAILS"}`);
}
