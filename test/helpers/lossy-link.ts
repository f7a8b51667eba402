/** Two Linux kernels in network namespaces whose TCP talks over a bad link, and what passed the link's middle. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { has, must, run } from "./command.js";
import { ROOT } from "./files.js";

const [ALICE, BOB, MIDDLE] = ["rl-loss-alice", "rl-loss-bob", "rl-loss-middle"];
const PORT = 5000;

interface Impairment {
  /** Shares of the frames, 0 to 1. */
  readonly lost?: number;
  readonly late?: number;
  readonly twice?: number;
}

export interface Transfer {
  readonly seed: number;
  /** Before the capture, and behind it, in both directions. */
  readonly before: Impairment;
  readonly after: Impairment;
  readonly delayMs: number;
  readonly bytes: number;
  readonly sack: boolean;
  /** Seconds that the receiver does not read at first. */
  readonly stallSeconds?: number;
}

/** Namespaces and veth need a capable kernel and root; without them tests are skipped by name. */
export function canLose(): boolean {
  if (!["ip", "ethtool", "socat", "sysctl"].every(has)) return false;
  try {
    must("ip", "netns", "add", ALICE);
    must("ip", "-n", ALICE, "link", "add", "probe", "type", "veth", "peer", "name", "eborp");
    return true;
  } catch {
    return false;
  } finally {
    run("ip", ["netns", "del", ALICE]);
  }
}

/** Sends bytes from one kernel to the other and writes the capture. */
export async function transfer(file: string, options: Transfer): Promise<void> {
  const children: ChildProcess[] = [];
  const inside = (name: string, ...command: string[]) => {
    const child = spawn("ip", ["netns", "exec", name, ...command], { stdio: ["pipe", "pipe", "ignore"] });
    children.push(child);
    return child;
  };
  try {
    build(options.sack);
    for (const [device, port] of [
      ["to-alice", 9000],
      ["to-bob", 9002],
    ] as const) {
      const ends = [`UDP4-DATAGRAM:127.0.0.1:${port + 1},bind=127.0.0.1:${port}`, `INTERFACE:${device}`];
      inside(MIDDLE, "socat", "-b", "65536", ...ends);
    }
    const link = JSON.stringify({ ...options, file });
    const relay = inside(MIDDLE, process.execPath, join(ROOT, "test/interop/lossy-link.mjs"), link);
    await once(relay.stdout as NodeJS.ReadableStream, "data");
    const read = `sleep ${options.stallSeconds ?? 0}; cat > /dev/null`;
    const receiver = inside(BOB, "socat", "-u", `TCP-LISTEN:${PORT},rcvbuf=32768`, `SYSTEM:${read}`);
    const data = `head -c ${options.bytes} /dev/zero | socat -u - TCP:10.79.0.2:${PORT},retry=20,interval=0.2`;
    inside(ALICE, "sh", "-c", data);
    await once(receiver, "exit");
    relay.stdin?.end();
    await once(relay, "exit");
  } finally {
    for (const child of children) child.kill();
    for (const name of [ALICE, BOB, MIDDLE]) run("ip", ["netns", "del", name]);
  }
}

function build(sack: boolean): void {
  for (const name of [ALICE, BOB, MIDDLE]) {
    must("ip", "netns", "add", name);
    must("ip", "-n", name, "link", "set", "lo", "up");
  }
  for (const [name, device, middle, address] of [
    [ALICE, "va", "to-alice", "10.79.0.1/24"],
    [BOB, "vb", "to-bob", "10.79.0.2/24"],
  ] as const) {
    const peer = ["type", "veth", "peer", "name", middle, "netns", MIDDLE];
    must("ip", "link", "add", device, "netns", name, ...peer);
    must("ip", "-n", name, "addr", "add", address, "dev", device);
    must("ip", "-n", name, "link", "set", "dev", device, "up");
    must("ip", "-n", MIDDLE, "link", "set", "dev", middle, "up");
    // Frames as a wire would have them: checksums done, no longer than the MTU.
    must("ip", "netns", "exec", name, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off");
    must("ip", "netns", "exec", name, "sysctl", "-qw", `net.ipv4.tcp_sack=${sack ? 1 : 0}`);
  }
}
