/** Open vSwitch itself says which bucket a source MAC and VLAN fall into: `ovs-appctl bond/hash`. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bed, makeBed } from "../helpers/bed.js";
import { macText } from "../helpers/bytes.js";
import { has, run } from "../helpers/command.js";
import * as f from "../helpers/frames.js";
import { HASHER_BYTES, hasherOn } from "../helpers/hasher.js";
import { Random } from "../helpers/property.js";
import { SLB_VECTORS } from "../vectors/slb.js";

const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
const tools = ["ovs-appctl", "ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl"];

describe.skipIf(!tools.every(has))("Open vSwitch's SLB hash", () => {
  let folder: string;
  let bed: Bed;
  const children: ChildProcess[] = [];

  /** A switch without a bridge or a datapath, in a folder of its own. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ringlane-ovs-"));
    const env = { ...process.env };
    for (const name of ["RUN", "LOG", "DB", "SYSCONF"]) env[`OVS_${name}DIR`] = folder;
    const database = join(folder, "conf.db");
    const socket = join(folder, "db.sock");
    expect(run("ovsdb-tool", ["create", database, SCHEMA]).code).toBe(0);
    const start = (program: string, args: readonly string[]) =>
      children.push(spawn(program, [...args, "--no-chdir"], { env, stdio: "ignore" }));
    start("ovsdb-server", [database, `--remote=punix:${socket}`, `--unixctl=${join(folder, "db.ctl")}`]);
    await until(() => run("ovs-vsctl", [`--db=unix:${socket}`, "--timeout=1", "--no-wait", "init"]).code === 0);
    start("ovs-vswitchd", [`unix:${socket}`, "--disable-system", `--unixctl=${join(folder, "vsw.ctl")}`]);
    await until(() => appctl("bond/hash", "02:00:00:00:00:01").code === 0);
    bed = await makeBed("release", { mbufs: 4, spareBytes: 200 * HASHER_BYTES });
  }, 30_000);

  afterAll(() => {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  function appctl(...args: string[]) {
    return run("ovs-appctl", ["-t", join(folder, "vsw.ctl"), "--timeout=2", ...args]);
  }

  function theirs(mac: string, vlan: number, basis: number): number {
    return Number(appctl("bond/hash", mac, String(vlan), String(basis)).stdout.toString());
  }

  function ours(mac: string, vlan: number, basis: number): number {
    const src = mac.split(":").map((byte) => Number.parseInt(byte, 16));
    const m = bed.frame(f.ethernet(f.arp(), { src, tags: vlan === 0 ? [] : [{ tci: vlan }] }));
    const list = bed.listOf(m);
    bed.kernels.parseBurst(list, 1);
    bed.kernels.hashBurst(hasherOn(bed, { policy: "slb", basis }), list, list + 4, 1);
    bed.free(m);
    return bed.u32(list + 4) & 0xff;
  }

  it("gives the recorded vectors", () => {
    for (const { mac, vlan, basis, bucket } of SLB_VECTORS) expect(theirs(mac, vlan, basis), mac).toBe(bucket);
  });

  it("gives our buckets for any address, VLAN and basis", () => {
    const random = new Random();
    for (let i = 0; i < 150; i++) {
      const mac = macText(random.bytes(6));
      const [vlan, basis] = [random.below(4096), random.pick([0, 1, random.below(2 ** 31)])];
      expect(ours(mac, vlan, basis), `${mac} ${vlan} ${basis}`).toBe(theirs(mac, vlan, basis));
    }
  }, 30_000);
});

/** Tries until it holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (holds()) return;
    await sleep(100);
  }
  throw new Error("Open vSwitch did not start");
}
