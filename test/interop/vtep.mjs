// One end of a tunnel whose other end is the Linux kernel or Open vSwitch: an engine whose uplink is a raw interface, relayed by
// socat as UDP datagrams, and whose guest answers pings. Run by kernel-vxlan.test.ts and ovs-geneve.test.ts in a network namespace.
// Arguments: the tunnel as JSON, data of options as arrays. Prints "ready", and when it is told to end the counters as JSON, with the
// first frame that came for its tunnel.
import { createSocket } from "node:dgram";
import { createEngine } from "../../dist/index.js";

const RELAY_PORT = 9000;
const OUR_PORT = 9001;
const engine = await createEngine();
const vnic = engine.addPort("vnic");
const uplink = engine.addPort("uplink");
const { geneveOptions, ...tunnel } = JSON.parse(process.argv[2]);
const options = geneveOptions?.map((option) => ({ ...option, data: Uint8Array.from(option.data) }));
engine.addTunnel({ ...tunnel, ...(options && { geneveOptions: options }), vnic, uplink });
let firstTaken;
const socket = createSocket("udp4");

socket.on("message", (frame) => {
  uplink.receive(frame);
  engine.poll();
  const pings = vnic.takeBurst();
  if (pings.length > 0) firstTaken ??= frame.toString("hex");
  for (const { spans } of pings) vnic.receive(pong(spans[0].slice()));
  vnic.complete(pings);
  engine.poll();
  const sent = uplink.takeBurst();
  for (const { spans } of sent) socket.send(spans[0].slice(), RELAY_PORT, "127.0.0.1");
  uplink.complete(sent);
});
socket.bind(OUR_PORT, "127.0.0.1", () => console.log("ready"));
process.stdin
  .on("end", () => {
    console.log(JSON.stringify({ uplink: uplink.counters, vnic: vnic.counters, census: engine.census(), firstTaken }));
    socket.close();
  })
  .resume();

/** The answer to an ICMP echo request: addresses swapped, type 8 made 0, checksum raised by the same 0x0800 (RFC 1624). */
function pong(frame) {
  const swap = (a, b, length) => {
    const held = frame.slice(a, a + length);
    frame.copyWithin(a, b, b + length);
    frame.set(held, b);
  };
  swap(0, 6, 6);
  swap(26, 30, 4);
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint8(34, 0);
  const raised = view.getUint16(36) + 0x0800;
  view.setUint16(36, (raised & 0xffff) + (raised >>> 16));
  return frame;
}
