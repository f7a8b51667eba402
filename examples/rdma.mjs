// RDMA without hardware: two devices, a cable between them, a connection by the connection manager, and SEND, WRITE and READ over it.
// Run it: `npm run build && node examples/rdma.mjs`
import { ConnectionManager, createEngine, Loopback } from "ringlane";

async function makeHost(local) {
  const engine = await createEngine({ payloadBytes: 4608, rdma: {} });
  const port = engine.addPort("roce");
  const device = engine.addRdma({ port });
  const random = () => crypto.getRandomValues(new Uint32Array(1))[0];
  // Whoever connects several times on a quick network need not wait as long as Linux does for packets that are late.
  const cm = new ConnectionManager({ device, local, random, packetLifeTime: 8, caAckDelay: 8 });
  const [pd, cq] = [device.allocPd(), device.createCq()];
  const qp = device.createQp({ pd, type: "rc", sendCq: cq });
  return { engine, port, device, cm, pd, cq, qp };
}

const [client, server] = [await makeHost("192.0.2.1"), await makeHost("192.0.2.2")];
const cable = new Loopback(client.port, server.port);
let nowMs = 0;

/** A millisecond passes: packets cross, both ends work, and what has happened is told. */
function step() {
  nowMs++;
  for (const { device } of [client, server]) device.tick(nowMs);
  while (client.device.poll() + server.device.poll() + cable.pump() > 0);
  return { client: client.cm.poll(nowMs), server: server.cm.poll(nowMs) };
}

const text = (bytes) => new TextDecoder().decode(bytes);
const access = ["local-write", "remote-write", "remote-read"];
const inbox = server.pd.register(64, { access });
server.qp.modify({ state: "init", access: ["remote-write", "remote-read"] });
server.qp.postRecv({ local: { region: inbox, length: 32 } });
server.cm.listen(7174);

// The server tells where its memory is as it accepts.
const place = new DataView(new ArrayBuffer(12));
place.setBigUint64(0, inbox.va);
place.setUint32(8, inbox.rkey);
const id = client.cm.connect({ remote: "192.0.2.2", port: 7174, qp: client.qp }, nowMs);
let remote;
while (!remote) {
  const events = step();
  for (const event of events.server) {
    if (event.type !== "requested") continue;
    console.log(`${event.remote} asks for a connection to port ${event.port}`);
    server.cm.accept(event.id, { qp: server.qp, privateData: new Uint8Array(place.buffer) }, nowMs);
  }
  for (const event of events.client) {
    if (event.type !== "established") continue;
    const told = new DataView(event.privateData.buffer, event.privateData.byteOffset);
    remote = { va: told.getBigUint64(0) + 32n, rkey: told.getUint32(8) };
  }
}
console.log(`connected: queue pairs are in ${client.qp.state} and ${server.qp.state}`);

const local = client.pd.register(96, { access: ["local-write"] });
new TextEncoder().encodeInto("a message", local.bytes.subarray(0, 32));
new TextEncoder().encodeInto("into memory", local.bytes.subarray(32, 64));
const run = (index, length) => ({ region: local, offset: index * 32, length });
client.qp.postSend(
  { wrId: 1, opcode: "send", local: run(0, 9) },
  { wrId: 2, opcode: "rdma-write", local: run(1, 11), remote },
  { wrId: 3, opcode: "rdma-read", local: run(2, 11), remote },
);
step();
step();
for (const { wrId, opcode, status } of client.cq.poll()) console.log(`${wrId} ${opcode}: ${status}`);
for (const { byteLen } of server.cq.poll()) console.log(`received: ${text(inbox.bytes.subarray(0, byteLen))}`);
console.log(`read back: ${text(local.bytes.subarray(64, 75))}`);

client.cm.disconnect(id, nowMs);
while (client.cm.size + server.cm.size > 0) step();
console.log(`closed; ${client.device.counters.sent} and ${server.device.counters.sent} packets`);
