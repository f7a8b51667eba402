// The same ten lines in Node and in a browser: a payload goes out in VXLAN. Returns the wire's bytes in hex.
export async function tenLines({ createEngine }) {
  const engine = await createEngine({ headers: ["ethernet", "ipv4", "udp", "vxlan", "ethernet"] });
  const vnic = engine.addPort("vnic");
  const uplink = engine.addPort("uplink");
  engine.addTunnel({ vni: 42, local: "192.0.2.1", remote: "192.0.2.2", vnic, uplink, udpChecksum: "full" });
  const frame = vnic.reserve(100);
  frame.payload.fill(0x5a);
  frame.prepend(Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5));
  vnic.receive(frame);
  engine.poll();
  return Array.from(uplink.takeBurst()[0].spans[0], (byte) => byte.toString(16).padStart(2, "0")).join("");
}
