/**
 * Open vSwitch (userspace) at the other end of our Geneve tunnel, with an option each way: pings come back only when the switch has
 * found our option in the answer, and the frame that we took carries the switch's.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hex } from "../helpers/bytes.js";
import { must, run } from "../helpers/command.js";
import { ROOT } from "../helpers/files.js";
import { canSwitch, OpenVSwitch } from "../helpers/open-vswitch.js";
import { findInside } from "../model/decapsulation.js";
import { parse } from "../model/parse.js";

const [THEIRS, OURS] = ["rl-gn-ovs", "rl-gn-ours"];
const [THEIR_MAC, OUR_MAC, GUEST_MAC] = ["02:00:00:00:0d:01", "02:00:00:00:0d:02", "02:00:00:00:0d:99"];
const [THEIR_GUEST, OUR_GUEST] = ["192.168.60.1", "192.168.60.2"];

let ovs: OpenVSwitch | undefined;
const children: ChildProcess[] = [];

/** A bridge to the cable, and one behind a Geneve port, whose flows set and ask for options. */
function buildSwitch(local: string, remote: string, prefix: string): void {
  ovs = new OpenVSwitch(THEIRS);
  ovs.start();
  for (const [bridge, mac] of [
    ["br-phy", THEIR_MAC],
    ["br-int", "02:00:00:00:0d:10"],
  ] as const) {
    const settings = ["datapath_type=netdev", `other-config:hwaddr="${mac}"`];
    ovs.configure("add-br", bridge, "--", "set", "bridge", bridge, ...settings);
  }
  ovs.configure("add-port", "br-phy", "va");
  const geneve = ["type=geneve", `options:remote_ip=${local}`, "options:key=77", "ofport_request=5"];
  ovs.configure("add-port", "br-int", "gn", "--", "set", "interface", "gn", ...geneve);
  const nodad = remote.includes(":") ? ["nodad"] : [];
  must("ip", "-n", THEIRS, "addr", "add", `${remote}/${prefix}`, "dev", "br-phy", ...nodad);
  must("ip", "-n", THEIRS, "link", "set", "br-phy", "up");
  must("ip", "-n", THEIRS, "addr", "add", `${THEIR_GUEST}/24`, "dev", "br-int");
  must("ip", "-n", THEIRS, "link", "set", "br-int", "up", "mtu", "1400");
  must("ip", "-n", THEIRS, "neigh", "add", OUR_GUEST, "lladdr", GUEST_MAC, "dev", "br-int");
  ovs.ask("tnl/neigh/set", "br-phy", local, OUR_MAC);

  ovs.openflow("br-int", "add-tlv-map", "{class=0x0102,type=1,len=4}->tun_metadata0");
  ovs.openflow("br-int", "del-flows");
  ovs.openflow("br-int", "add-flow", "in_port=LOCAL,actions=set_field:0xdeadbeef->tun_metadata0,output:5");
  ovs.openflow("br-int", "add-flow", "in_port=5,tun_metadata0=0x0a0b0c0d,actions=LOCAL");
}

async function buildBoth(local: string, remote: string, prefix: string, udpChecksum: string): Promise<ChildProcess> {
  for (const name of [THEIRS, OURS]) {
    must("ip", "netns", "add", name);
    must("ip", "-n", name, "link", "set", "lo", "up");
  }
  const [near, far] = [
    ["va", "netns", THEIRS],
    ["vb", "address", OUR_MAC, "netns", OURS],
  ];
  must("ip", "link", "add", ...(near as string[]), "type", "veth", "peer", "name", ...(far as string[]));
  for (const [name, device] of [
    [THEIRS, "va"],
    [OURS, "vb"],
  ] as const) {
    must("ip", "-n", name, "link", "set", device, "up", "mtu", "1600");
    // Otherwise the kernel leaves checksums half done, as it would for an adapter.
    must("ip", "netns", "exec", name, "ethtool", "-K", device, "tx", "off");
  }
  buildSwitch(local, remote, prefix);
  const relay = ["UDP4-DATAGRAM:127.0.0.1:9001,bind=127.0.0.1:9000", "INTERFACE:vb"];
  children.push(spawn("ip", ["netns", "exec", OURS, "socat", ...relay], { stdio: "ignore" }));
  const tunnel = JSON.stringify({
    ...{ vni: 77, encapsulation: "geneve", local, remote, sourceMac: OUR_MAC, nextHopMac: THEIR_MAC, udpChecksum },
    geneveOptions: [{ class: 0x0102, type: 1, data: [0x0a, 0x0b, 0x0c, 0x0d] }],
  });
  const ours = spawn("ip", ["netns", "exec", OURS, process.execPath, join(ROOT, "test/interop/vtep.mjs"), tunnel]);
  children.push(ours);
  await once(ours.stdout, "data");
  return ours;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
  ovs?.stop();
  ovs = undefined;
  for (const name of [THEIRS, OURS]) run("ip", ["netns", "del", name]);
});

describe.skipIf(!canSwitch(THEIRS, "ping", "ethtool", "socat"))("Open vSwitch's Geneve", () => {
  it.each([
    ["IPv4", "10.60.0.2", "10.60.0.1", "24", "zero"],
    ["IPv4, UDP checksum", "10.60.0.2", "10.60.0.1", "24", "full"],
    ["IPv6, UDP checksum", "fd60::2", "fd60::1", "64", "full"],
  ])("takes our frames with our option, and we take its with its own: %s", async (_, local, remote, prefix, sum) => {
    const ours = await buildBoth(local, remote, prefix, sum);
    const ping = (count: number, size: number) => {
      const args = ["-c", String(count), "-i", "0.05", "-W", "5", "-s", String(size), OUR_GUEST];
      return run("ip", ["netns", "exec", THEIRS, "ping", ...args]).stdout.toString();
    };
    // The switch learns its way with the first packets, and may lose some of them.
    ping(5, 56);
    for (const size of [56, 1301]) expect(ping(20, size)).toContain("20 packets transmitted, 20 received");

    const report = once(ours.stdout as NodeJS.ReadableStream, "data");
    ours.stdin?.end();
    const { uplink, vnic, census, firstTaken } = JSON.parse(String((await report)[0]));
    expect(vnic.txFrames).toBeGreaterThanOrEqual(40);
    expect(uplink.txFrames).toBeGreaterThanOrEqual(40);
    expect(uplink.drops["outer-udp-checksum"]).toBeUndefined();
    expect(census.holds).toBe(true);
    const outer = hex(firstTaken);
    const parsed = parse(outer);
    const inside = findInside(outer, parsed);
    expect(inside).toMatchObject({ form: "geneve", vni: 77, start: parsed.l4 + 24, hasReserved: false });
    expect(outer.subarray(parsed.l4 + 16, parsed.l4 + 24)).toEqual(hex("0102 01 01 deadbeef"));
  });
});
