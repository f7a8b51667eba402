// System 2: three links, and for each partition a set of its own: an aggregate for one, a link of its own for the other, on the same
// adapter. Run it: `npm run build && node examples/selective-lag.mjs`
import { createEngine } from "ringlane";

const engine = await createEngine({ headers: [], lag: { partitions: 2 } });
const [a, b, c] = ["a", "b", "c"].map((name) => engine.addPort(name));
const group = engine.addLagGroup({ ports: [a, b, c], hash: { policy: "layer3+4" } });
const [webPort, dbPort] = ["web", "db"].map((name) => engine.addPort(name));
const web = group.addPartition({
  name: "web",
  vnic: webPort,
  macs: ["02:00:00:00:00:01"],
  members: [a, b],
  backup: [c],
});
const db = group.addPartition({ name: "db", vnic: dbPort, macs: ["02:00:00:00:00:02"], standalone: c });

// 1. Ask before anything is sent: where does this flow go, and which flow would go by the other link?
const flow = { source: "192.0.2.1", destination: "198.51.100.7", destinationPort: 443, sourcePort: 50_000 };
console.log(group.predict(web, flow).reason);
console.log(
  `and by ${a.name}: source port ${group.flowFor(web, a, { ...flow, sourcePort: undefined })?.flow.sourcePort}`,
);

// 2. A thousand flows of each; the drivers see which links they leave by.
const frame = (last, sourcePort) =>
  Uint8Array.of(
    ...[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, last, 0x08, 0x00, 0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0],
    ...[192, 0, 2, last, 198, 51, 100, 7, sourcePort >> 8, sourcePort & 255, 1, 187, 0, 8, 0, 0],
  );
function send() {
  for (let port = 50_000; port < 51_000; port++) {
    webPort.receive(frame(1, port));
    dbPort.receive(frame(2, port));
    engine.poll();
    for (const link of [a, b, c]) link.complete(link.takeBurst());
  }
  for (const { name, counters } of [web, db])
    console.log(`${name}: ${counters.sentByPort.join(" / ")} frames by a / b / c`);
}
send();

// 3. Link b fails: only its buckets move. db has not noticed.
for (const { partition, ports, reason, buckets } of group.link(b, false, performance.now())) {
  console.log(`${partition} goes by ${ports.join(", ")} (${reason}): ${buckets} of 256 buckets moved`);
}
send();

// 4. What comes back by a link outside the set is dropped, with its cause.
a.receive(Uint8Array.of(2, 0, 0, 0, 0, 2, ...frame(9, 1).subarray(6))); // for db, whose link is c
engine.poll();
console.log(`a dropped ${JSON.stringify(a.counters.drops)}`);
