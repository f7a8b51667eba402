import { describe, expect, test, vi } from "vitest";
import { createEngine } from "../src/engine.js";
import { ConfigError, EngineClosed, EngineFault } from "../src/errors.js";
import { MemoryPlan } from "../src/memory.js";
import { instantiate, type WasmSource } from "../src/wasm.js";
import { BUILDS, testKernels, wasmBytes } from "./helpers/engines.js";
import { Random } from "./helpers/property.js";

const url = new URL("../build/ringlane.debug.wasm", import.meta.url);
const OPTIONS = { mbufs: 8, ports: 1, queueSize: 8 };

describe("the data plane comes from", () => {
  const SOURCES: readonly [what: string, source: () => WasmSource][] = [
    ["bytes", () => wasmBytes("debug")],
    ["an ArrayBuffer", () => wasmBytes("debug").slice().buffer],
    [
      "a view of a larger buffer",
      () => {
        const bytes = wasmBytes("debug");
        const larger = new Uint8Array(bytes.length + 20).fill(7);
        larger.set(bytes, 9);
        return larger.subarray(9, 9 + bytes.length);
      },
    ],
    ["a file URL", () => url],
    ["a file URL as text", () => url.href],
    ["a Response", () => new Response(wasmBytes("debug"), { headers: { "content-type": "text/plain" } })],
    ["a Module", () => new WebAssembly.Module(wasmBytes("debug"))],
  ];

  test.each(SOURCES)("%s", async (_, source) => {
    const engine = await createEngine({ wasm: source(), ...OPTIONS });
    // loadTable crosses by as-bind, or by what stands in for it: addTunnel goes through it.
    engine.addTunnel({ vni: 1, local: "10.0.0.1", remote: "10.0.0.2" });
    expect(engine.addPort("a").receive(Uint8Array.of(1, 2, 3))).toBe(true);
    expect(engine.census()).toMatchObject({ holds: true, rings: 1 });
  });

  test("an http URL, by fetch", async () => {
    const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(wasmBytes("debug")));
    await createEngine({ wasm: "https://example.net/ringlane.wasm", ...OPTIONS });
    expect(String(fetched.mock.calls[0]?.[0])).toBe("https://example.net/ringlane.wasm");
    fetched.mockRestore();
  });
});

describe("what is not ringlane's data plane is refused with ConfigError", () => {
  const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  // (import "other" "thing" (func))
  const OTHER_MODULE = Uint8Array.of(
    ...EMPTY_MODULE,
    1,
    4,
    1,
    0x60,
    0,
    0,
    2,
    15,
    1,
    5,
    ...new TextEncoder().encode("other"),
    5,
    ...new TextEncoder().encode("thing"),
    0,
    0,
  );
  const SOURCES: readonly [what: string, source: () => WasmSource][] = [
    ["no bytes", () => new Uint8Array()],
    ["bytes of something else", () => Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 2, 3, 4)],
    ["half the file", () => wasmBytes("debug").slice(0, 5000)],
    ["an empty module's bytes", () => EMPTY_MODULE],
    ["an empty Module", () => new WebAssembly.Module(EMPTY_MODULE)],
    ["another Module", () => new WebAssembly.Module(OTHER_MODULE)],
    ["another module's bytes", () => OTHER_MODULE],
    ["a Response that is an error", () => new Response("gone", { status: 404 })],
    ["a file that is not there", () => new URL("./no-such.wasm", import.meta.url)],
  ];

  test.each(SOURCES)("%s", async (_, source) => {
    const error = await createEngine({ wasm: source(), ...OPTIONS }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).argument).toBe("wasm");
  });
});

describe.each(BUILDS)("an instance (%s build)", (build) => {
  test.each(["bytes", "a Module"])(
    "loads a table of any size in chunks, from %s, and memory keeps its size",
    async (how) => {
      const arenaBytes = 4 << 20;
      const plan = new MemoryPlan().add(arenaBytes);
      const memory = plan.createMemory();
      const source = how === "bytes" ? wasmBytes(build) : new WebAssembly.Module(wasmBytes(build));
      const instance = await instantiate(source, memory);
      instance.kernels.heapInit();
      const arena = plan.createArena(memory);
      const { buffer } = memory;
      const { byteLength } = buffer;
      const at = arena.take(arenaBytes);
      const random = new Random();
      for (const length of [0, 1, 16383, 16384, 16385, 100_001, 3_000_000]) {
        arena.u8.fill(0xa5, at, at + arenaBytes);
        const table = Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8));
        for (let i = 0; i < 20 && length > 0; i++) table[random.below(length)] = random.below(256);
        instance.loadTable(at + 3, table);
        expect(Buffer.compare(arena.u8.subarray(at + 3, at + 3 + length), table)).toBe(0);
        expect([arena.u8[at + 2], arena.u8[at + 3 + length]]).toEqual([0xa5, 0xa5]);
      }
      expect(memory.buffer).toBe(buffer);
      expect(memory.buffer.byteLength).toBe(byteLength);
      expect(() => memory.grow(1)).toThrowError(RangeError);
    },
  );

  test("the arena's regions are zeroed, on cache lines, and end where the plan ends", async () => {
    const { arena } = await testKernels(1024, build);
    const [a, b] = [arena.take(100), arena.take(1)];
    expect([a % 64, b - a]).toEqual([0, 128]);
    expect(arena.u8.subarray(a, a + 1024).every((byte) => byte === 0)).toBe(true);
    expect(() => arena.take(65536)).toThrowError("bytes short");
  });

  test("after close() every kernel and loadTable throw EngineClosed", async () => {
    const instance = await testKernels(1024, build);
    instance.close();
    expect(() => instance.kernels.fold(1n)).toThrowError(EngineClosed);
    expect(() => instance.loadTable(0, Uint8Array.of(1))).toThrowError(EngineClosed);
  });

  test("a trap is an EngineFault that names the kernel and keeps the cause", async () => {
    const { kernels } = await testKernels(1024, build);
    const error = (() => {
      try {
        return kernels.checksum(0x7fff_0000, 64);
      } catch (fault) {
        return fault;
      }
    })();
    expect(error).toBeInstanceOf(EngineFault);
    expect(error).toMatchObject({ code: "FAULT", message: expect.stringContaining("checksum") });
    expect((error as EngineFault).cause).toBeInstanceOf(WebAssembly.RuntimeError);
  });
});
