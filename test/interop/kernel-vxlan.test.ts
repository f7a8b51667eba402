/** The Linux kernel's VXLAN at the other end of our tunnel: a strict verifier of outer and inner headers. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { has, run } from "../helpers/command.js";
import { ROOT } from "../helpers/files.js";

const KERNEL = "rl-kernel";
const OURS = "rl-ours";
const [KERNEL_MAC, OUR_MAC, GUEST_MAC] = ["02:00:00:00:0a:01", "02:00:00:00:0a:02", "02:00:00:00:0a:99"];
const children: ChildProcess[] = [];

function ip(...args: string[]): void {
  const { code, stderr } = run("ip", args);
  if (code !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

/** Namespaces, veth and VXLAN need a capable kernel and root; without them the tests are skipped by name. */
function canBuild(): boolean {
  if (!["ip", "ping", "ethtool", "socat"].every(has)) return false;
  try {
    ip("netns", "add", KERNEL);
    ip(
      "-n",
      KERNEL,
      "link",
      "add",
      "probe",
      "type",
      "vxlan",
      "id",
      "1",
      "dstport",
      "4789",
      "remote",
      "192.0.2.1",
      "local",
      "192.0.2.2",
    );
    return true;
  } catch {
    return false;
  } finally {
    run("ip", ["netns", "del", KERNEL]);
  }
}

/** The kernel with a VXLAN device in one namespace, our engine on a raw veth in the other. */
async function build(local: string, remote: string, prefix: string, udpChecksum: string): Promise<ChildProcess> {
  for (const name of [KERNEL, OURS]) {
    ip("netns", "add", name);
    ip("-n", name, "link", "set", "lo", "up");
  }
  ip(
    "link",
    "add",
    "va",
    "address",
    KERNEL_MAC,
    "netns",
    KERNEL,
    "type",
    "veth",
    "peer",
    "name",
    "vb",
    "address",
    OUR_MAC,
    "netns",
    OURS,
  );
  for (const [name, device] of [
    [KERNEL, "va"],
    [OURS, "vb"],
  ] as const) {
    ip("-n", name, "link", "set", device, "up", "mtu", "1600");
    // Otherwise the kernel leaves checksums half done, as it would for an adapter.
    run("ip", ["netns", "exec", name, "ethtool", "-K", device, "tx", "off"]);
  }
  const nodad = remote.includes(":") ? ["nodad"] : [];
  ip("-n", KERNEL, "addr", "add", `${remote}/${prefix}`, "dev", "va", ...nodad);
  ip("-n", KERNEL, "neigh", "add", local, "lladdr", OUR_MAC, "dev", "va");
  const checksums =
    udpChecksum === "full" ? ["udpcsum", "noudp6zerocsumrx"] : ["noudpcsum", "udp6zerocsumtx", "udp6zerocsumrx"];
  ip(
    "-n",
    KERNEL,
    "link",
    "add",
    "vx0",
    "type",
    "vxlan",
    "id",
    "42",
    "dstport",
    "4789",
    "local",
    remote,
    "remote",
    local,
    ...checksums,
  );
  ip("-n", KERNEL, "link", "set", "vx0", "up");
  ip("-n", KERNEL, "addr", "add", "192.168.50.1/24", "dev", "vx0");
  ip("-n", KERNEL, "neigh", "add", "192.168.50.2", "lladdr", GUEST_MAC, "dev", "vx0");

  const relay = ["UDP4-DATAGRAM:127.0.0.1:9001,bind=127.0.0.1:9000", "INTERFACE:vb"];
  children.push(spawn("ip", ["netns", "exec", OURS, "socat", ...relay], { stdio: "ignore" }));
  const tunnel = JSON.stringify({ vni: 42, local, remote, sourceMac: OUR_MAC, nextHopMac: KERNEL_MAC, udpChecksum });
  const ours = spawn("ip", ["netns", "exec", OURS, process.execPath, join(ROOT, "test/interop/vtep.mjs"), tunnel]);
  children.push(ours);
  await once(ours.stdout, "data");
  return ours;
}

/** A counter of the kernel's namespace, such as Udp InCsumErrors. */
function kernelCounter(file: string, line: string, name: string): number {
  const text = run("ip", ["netns", "exec", KERNEL, "cat", `/proc/net/${file}`]).stdout.toString();
  if (file === "snmp6") return Number(new RegExp(`^${line}${name}\\s+(\\d+)$`, "m").exec(text)?.[1]);
  const [names = [], values = []] = text
    .split("\n")
    .filter((row) => row.startsWith(`${line}:`))
    .map((row) => row.split(" "));
  return Number(values[names.indexOf(name)]);
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
  for (const name of [KERNEL, OURS]) run("ip", ["netns", "del", name]);
});

describe.skipIf(!canBuild())("the Linux kernel's VXLAN", () => {
  it.each([
    ["IPv4, no UDP checksum", "10.0.0.2", "10.0.0.1", "24", "zero"],
    ["IPv4, UDP checksum", "10.0.0.2", "10.0.0.1", "24", "full"],
    ["IPv6, UDP checksum", "fd00::2", "fd00::1", "64", "full"],
  ])("takes our frames and we take its: %s", async (_, local, remote, prefix, udpChecksum) => {
    const ours = await build(local, remote, prefix, udpChecksum);
    for (const size of ["56", "1401"]) {
      const ping = run("ip", [
        "netns",
        "exec",
        KERNEL,
        "ping",
        "-c",
        "20",
        "-i",
        "0.02",
        "-W",
        "5",
        "-s",
        size,
        "192.168.50.2",
      ]);
      expect(ping.stdout.toString()).toContain("20 packets transmitted, 20 received, 0% packet loss");
    }
    const bad = remote.includes(":")
      ? kernelCounter("snmp6", "Udp6", "InCsumErrors")
      : kernelCounter("snmp", "Udp", "InCsumErrors");
    expect(bad).toBe(0);
    expect(kernelCounter("netstat", "IpExt", "InCsumErrors")).toBe(0);

    const report = once(ours.stdout as NodeJS.ReadableStream, "data");
    ours.stdin?.end();
    const { uplink, vnic, census } = JSON.parse(String((await report)[0]));
    expect(vnic.txFrames).toBeGreaterThanOrEqual(40);
    expect(uplink.txFrames).toBeGreaterThanOrEqual(40);
    expect(uplink.descriptorsPerFrame).toBe(1);
    expect(census.holds).toBe(true);
  });
});
