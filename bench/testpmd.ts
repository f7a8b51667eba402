/**
 * DPDK's own forwarder, dpdk-testpmd, on one core: it reads a capture from memory for ever (net_pcap, infinite_rx), does the
 * mode's work, and drops what it sends. Started and stopped for each measurement; while it stands still it takes no time.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contestant } from "./question.js";

const HUGE_PAGES = "/proc/sys/vm/nr_hugepages";
const HUGE_PAGES_EACH = 64;
/** What one measurement takes: long against the two commands that begin and end it. */
const MEASURE_MS = 250;

export interface Mode {
  readonly name: string;
  /** testpmd's forwarding mode. */
  readonly forward: string;
  /** What the frames leave by, where it is not the port they came from. */
  readonly out?: { readonly devices: readonly string[]; readonly ports: string };
}

export const MACSWAP: Mode = { name: "testpmd macswap", forward: "macswap" };
export const CSUM: Mode = { name: "testpmd csum", forward: "csum" };
/** Linux-like bonding by layer3+4 over two ports that send nothing anywhere; they have no frames to give either. */
export const BOND: Mode = {
  name: "testpmd io, bonding l34",
  forward: "io",
  out: {
    devices: [
      "net_null0,no-rx=1",
      "net_null1,no-rx=1",
      "net_bonding0,mode=2,slave=net_null0,slave=net_null1,xmit_policy=l34",
    ],
    ports: "0,3",
  },
};

export class Testpmd {
  readonly missing: string | undefined;
  readonly #memory: readonly string[];
  readonly #label: string;
  readonly #running: Forwarder[] = [];
  #pagesBefore: string | undefined;

  /** most: how many forwarders will be there at a time; they hold memory as long as they are. */
  constructor(most: number) {
    this.missing = isInstalled() ? undefined : "testpmd (dpdk-testpmd is not installed)";
    const hasPages = !this.missing && this.#takePages(most * HUGE_PAGES_EACH);
    this.#memory = hasPages ? ["--in-memory"] : ["--no-shconf", "--no-huge"];
    this.#label = hasPages ? "" : ", no huge pages";
  }

  /** Nothing where testpmd is not installed. */
  contestant(mode: Mode, captureFile: string): Contestant[] {
    if (this.missing) return [];
    let forwarder: Forwarder | undefined;
    const time = async () => {
      if (!forwarder) {
        forwarder = new Forwarder(mode, captureFile, this.#memory);
        this.#running.push(forwarder);
      }
      return forwarder.nsPerFrame();
    };
    return [{ name: mode.name + this.#label, time }];
  }

  close(): void {
    for (const forwarder of this.#running) forwarder.end();
    if (this.#pagesBefore !== undefined) writeFileSync(HUGE_PAGES, this.#pagesBefore);
  }

  #takePages(pages: number): boolean {
    try {
      this.#pagesBefore = readFileSync(HUGE_PAGES, "utf8");
      writeFileSync(HUGE_PAGES, String(pages));
      return Number(readFileSync(HUGE_PAGES, "utf8")) >= pages;
    } catch {
      return false;
    }
  }
}

class Forwarder {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = "";

  constructor({ forward, out }: Mode, captureFile: string, memory: readonly string[]) {
    const devices = [`net_pcap0,rx_pcap=${captureFile},infinite_rx=1`, ...(out?.devices ?? [])];
    const eal = ["-l", "0,1", ...memory, "-m", "128", "--no-pci", "--no-telemetry", "--log-level=error"];
    const topology = out ? [`--portlist=${out.ports}`] : ["--port-topology=loop"];
    const app = ["-i", "--total-num-mbufs=8192", `--forward-mode=${forward}`, ...topology];
    const command = ["dpdk-testpmd", ...eal, ...devices.flatMap((device) => ["--vdev", device]), "--", ...app];
    // By lines, since otherwise nothing comes before the end.
    this.#child = spawn("stdbuf", ["-oL", ...command]);
    this.#child.stdout.on("data", (text) => {
      this.#output += text;
    });
    this.#child.stderr.resume();
  }

  async nsPerFrame(): Promise<number> {
    await this.#until(/testpmd> /);
    this.#output = "";
    const start = performance.now();
    this.#child.stdin.write("start\n");
    await sleep(MEASURE_MS);
    this.#child.stdin.write("stop\n");
    const ns = (performance.now() - start) * 1e6;
    const [, frames] = await this.#until(/Accumulated[\s\S]*?TX-packets: (\d+)/);
    return ns / Number(frames);
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }

  async #until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      if (this.#child.exitCode !== null) throw new Error(`testpmd ended: ${this.#output.slice(-300)}`);
      await sleep(5);
    }
  }
}

function isInstalled(): boolean {
  try {
    execFileSync("which", ["dpdk-testpmd"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
