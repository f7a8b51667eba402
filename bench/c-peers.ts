/**
 * The C peers under bench/peers/: the same kernels, compiled natively and to WebAssembly by whatever compilers are there.
 * What cannot be built is named, not hidden. They work on a copy of ringlane's linear memory, so records, addresses and bytes are
 * the same ones.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Arg, compileCalls, inProcess, type Series } from "./contestant.js";
import type { Contestant } from "./question.js";

const SOURCES = fileURLToPath(new URL("./peers", import.meta.url));
const ARGS = 6;
const PAGE_BYTES = 65_536;
/** An image's control heap, which no kernel touches: there the Wasm build's own data and stack lie. */
const CONTROL_HEAP_BYTES = 4 * PAGE_BYTES;

/** The builds: what it is called in a table, and how it is made. */
const NATIVE = {
  "C, native": ["-march=native"],
  "C, SSE4.2": ["-msse4.2"],
} as const;
type NativeBuild = keyof typeof NATIVE | "DPDK";
export const WASM_C = "C, Wasm";
type Build = NativeBuild | typeof WASM_C;

/** What a series of calls works on. */
export interface Work {
  /** A copy of ringlane's linear memory, as it is before a run. */
  readonly image: Uint8Array;
  /** Items that one run works on. */
  readonly items: number;
  /** What memory holds after a run of ringlane's. */
  readonly expected?: Expected;
}

interface Expected {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export class CPeers {
  /** What is missing, and which peers with it. */
  readonly missing: string[] = [];
  /** What they were made with. */
  readonly versions: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "ringlane-peers-"));
  readonly #programs = new Map<NativeBuild, string>();
  readonly #servers: Server[] = [];
  readonly #files = new Map<Uint8Array, string>();
  readonly #last: (() => void)[] = [];
  #images = 0;
  #wasm: WebAssembly.Module | undefined;

  constructor({ needed }: { readonly needed: boolean }) {
    if (!needed) return;
    const kernels = readdirSync(SOURCES).filter(
      (name) => name.endsWith(".c") && name !== "server.c" && name !== "dpdk.c",
    );
    for (const [build, flags] of Object.entries(NATIVE)) this.#buildNative(build as NativeBuild, flags, kernels);
    this.#buildDpdk();
    this.#buildWasm(kernels);
  }

  /** The contestants that could be built, each running the series of calls on an image of memory. */
  contestants(work: Work, builds: Partial<Record<Build, Series>>, note = ""): Contestant[] {
    return Object.entries(builds).flatMap(([build, series]) => {
      const name = note === "" ? build : `${build}, ${note}`;
      if (build === WASM_C) return this.#wasm ? [wasmContestant(name, this.#wasm, work, series)] : [];
      const program = this.#programs.get(build as NativeBuild);
      return program ? [this.#nativeContestant(name, program, work, series)] : [];
    });
  }

  /** The same series by each of the three builds of our own C; a note tells several of a case apart. */
  twins(work: Work, series: Series, note = ""): Contestant[] {
    return this.contestants(work, { [WASM_C]: series, "C, SSE4.2": series, "C, native": series }, note);
  }

  /** Ends the programs that are running, and drops the images that they ran on. */
  rest(): void {
    for (const server of this.#servers.splice(0)) server.end();
    for (const file of this.#files.values()) rmSync(file);
    this.#files.clear();
  }

  /** What is to be done when nobody will be measured any more. */
  whenDone(work: () => void): void {
    this.#last.push(work);
  }

  close(): void {
    this.rest();
    for (const work of this.#last) work();
    rmSync(this.#folder, { recursive: true });
  }

  #nativeContestant(name: string, program: string, work: Work, series: Series): Contestant {
    const { image, items, expected } = work;
    let server: Server | undefined;
    const command = commandOf(series);
    return {
      name,
      time: async (seconds) => {
        if (!server) {
          server = new Server(program, this.#fileOf(image));
          this.#servers.push(server);
          if (expected) {
            await server.ask(`run 0 ${command}`);
            const hex = await server.ask(`read ${expected.at} ${expected.bytes.length}`);
            check(name, Buffer.from(hex, "hex"), expected);
          }
        }
        return Number(await server.ask(`run ${seconds * 1e6} ${command}`)) / items;
      },
    };
  }

  #fileOf(image: Uint8Array): string {
    const file = this.#files.get(image) ?? join(this.#folder, `image-${this.#images++}`);
    if (!this.#files.has(image)) writeFileSync(file, image);
    this.#files.set(image, file);
    return file;
  }

  #buildNative(build: NativeBuild, flags: readonly string[], kernels: readonly string[]): void {
    const program = join(this.#folder, build.replaceAll(/\W+/g, "-"));
    const files = ["server.c", ...kernels].map((name) => join(SOURCES, name));
    this.#try(build, "gcc", ["-O3", "-rdynamic", ...flags, ...files, "-o", program], () =>
      this.#programs.set(build, program),
    );
  }

  #buildDpdk(): void {
    const program = join(this.#folder, "dpdk");
    const files = ["server.c", "dpdk.c"].map((name) => join(SOURCES, name));
    this.#try(
      "DPDK",
      "sh",
      [
        "-c",
        `set -e; libs=$(pkg-config --libs libdpdk); gcc -O3 -march=native -rdynamic -DHAS_DPDK $(pkg-config --cflags libdpdk) "$@" $libs`,
        "sh",
        ...files,
        "-o",
        program,
      ],
      () => this.#programs.set("DPDK", program),
    );
  }

  #buildWasm(kernels: readonly string[]): void {
    const program = join(this.#folder, "peers.wasm");
    const flags = ["--target=wasm32", "-O3", "-msimd128", "-mbulk-memory", "-nostdlib", "-ffreestanding"];
    const link = ["--no-entry", "--export-all", "--import-memory", "--stack-first", "-z,stack-size=65536"];
    const files = kernels.map((name) => join(SOURCES, name));
    this.#try(WASM_C, "clang", [...flags, ...link.map((flag) => `-Wl,${flag}`), ...files, "-o", program], () => {
      this.#wasm = new WebAssembly.Module(readFileSync(program));
    });
  }

  #try(build: string, compiler: string, args: readonly string[], done: () => void): void {
    try {
      execFileSync(compiler, args, { stdio: ["ignore", "pipe", "pipe"] });
      this.versions.push(
        `${build}: ${versionOf(build === "DPDK" ? ["pkg-config", "--modversion", "libdpdk"] : [compiler, "--version"])}`,
      );
      done();
    } catch (error) {
      const { code, stderr } = error as { code?: string; stderr?: Buffer };
      const why = code === "ENOENT" ? `${compiler} is not installed` : String(stderr).trim().split("\n")[0];
      this.missing.push(`${build} (${why})`);
    }
  }
}

function versionOf(command: readonly string[]): string {
  const [program, ...args] = command;
  return execFileSync(program as string, args, { encoding: "utf8" }).split("\n")[0] as string;
}

/** A native program at work on an image, asked a line at a time. */
class Server {
  readonly #child;
  readonly #answers: AsyncIterator<string>;

  constructor(program: string, image: string) {
    this.#child = spawn(program, [image], { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(command: string): Promise<string> {
    this.#child.stdin.write(`${command}\n`);
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`a C peer ended at: ${command.slice(0, 200)}`);
      if (value.startsWith("= ")) return value.slice(2);
    }
  }

  end(): void {
    this.#child.kill();
  }
}

function wasmContestant(name: string, module: WebAssembly.Module, work: Work, { times, calls }: Series): Contestant {
  const { image, items, expected } = work;
  const memory = new WebAssembly.Memory({ initial: image.length / PAGE_BYTES });
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(image.subarray(CONTROL_HEAP_BYTES), CONTROL_HEAP_BYTES);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const run = compileCalls(exports, { times, calls: calls.map(([kernel, ...args]) => [kernel, 0, ...args]) });
  run();
  if (expected) check(name, bytes.subarray(expected.at, expected.at + expected.bytes.length), expected);
  return inProcess(name, items, run);
}

/** A peer that does something else would be none. */
function check(name: string, found: Uint8Array, { bytes }: Expected): void {
  const at = bytes.findIndex((byte, i) => byte !== found[i]);
  if (at >= 0) throw new Error(`${name} differs from ringlane at byte ${at} of the result`);
}

/** A series as the server reads it: times, number of calls, then each with its arguments and their steps. */
function commandOf({ times, calls }: Series): string {
  const words = calls.flatMap(([kernel, ...args]) => [
    kernel,
    ...padded(args).flatMap((arg) => (typeof arg === "number" ? [arg, 0] : arg)),
  ]);
  return [times, calls.length, ...words].join(" ");
}

function padded(args: readonly Arg[]): Arg[] {
  return [...args, ...Array<number>(ARGS - args.length).fill(0)];
}
