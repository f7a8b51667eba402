import { describe, expect, test, vi } from "vitest";
import { createEngine, type Engine } from "../src/engine.js";
import type { EngineOptions } from "../src/engine-options.js";
import { ConfigError, EngineClosed, EngineUnsupported } from "../src/errors.js";
import { counting } from "./helpers/bytes.js";
import { censusAfterEach } from "./helpers/census.js";
import { testEngine, wasmBytes } from "./helpers/engines.js";
import * as f from "./helpers/frames.js";
import { arrivals, drain, settle } from "./helpers/ports.js";
import { addressText, OUTER_V4, optionsOf } from "./helpers/tunnels.js";

censusAfterEach();

/** The error of a call that must be refused as bad configuration. */
function refused(call: () => unknown): ConfigError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("it was not refused");
}

describe("createEngine", () => {
  const BOUNDS: readonly [option: keyof EngineOptions, min: number, max: number][] = [
    ["mbufs", 2, 1048576],
    ["payloadBytes", 64, 65536],
    ["ports", 0, 16384],
    ["queueSize", 2, 32768],
    ["tunnels", 0, 1024],
    ["bursts", 0, 64],
  ];

  test.each(BOUNDS)("refuses %s outside %i to %i, naming argument, value and bound", async (option, min, max) => {
    for (const value of [min - 1, max + 1, -1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const error = await createEngine({ wasm: wasmBytes("debug"), [option]: value }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ConfigError);
      const { argument, value: shown, bound, message, code } = error as ConfigError;
      expect([argument, shown, bound, code]).toEqual([option, value, `a whole number from ${min} to ${max}`, "CONFIG"]);
      expect(message).toContain(option);
      expect(message).toContain(bound);
    }
  });

  test.each([
    { mbufs: 2, payloadBytes: 64, ports: 0, queueSize: 2, tunnels: 0, bursts: 0, headers: [] },
    { mbufs: 2, payloadBytes: 65536, ports: 256, queueSize: 2, tunnels: 1024, bursts: 64 },
    { mbufs: 3, ports: 1, queueSize: 32768 },
  ] satisfies EngineOptions[])("makes an engine at the bounds: %j", async (options) => {
    const engine = await testEngine(options);
    expect(engine.freeMbufs).toBe(options.mbufs);
    expect(engine.payloadBytes).toBe(options.payloadBytes ?? 2048);
    expect(engine.headroomBytes).toBe(options.headers ? 0 : 80);
    expect(engine.census()).toMatchObject({ total: options.mbufs, free: options.mbufs, holds: true });
  });

  test("refuses a queue size that is no power of two", async () => {
    const error = await createEngine({ queueSize: 48 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ argument: "queueSize", value: 48, bound: "a power of two" });
  });

  test("refuses what does not fit in one memory", async () => {
    const error = await createEngine({ mbufs: 1048576 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ argument: "mbufs", value: expect.stringMatching(/^\d{10} bytes in all$/) });
  });

  test("refuses an unknown header by its place in the list", async () => {
    const headers = ["ethernet", "mpls"] as unknown as EngineOptions["headers"];
    const error = await createEngine({ headers: headers ?? [] }).catch((e: unknown) => e);
    expect(error).toMatchObject({ argument: "headers[1]", value: "mpls", bound: expect.stringContaining("vxlan") });
  });

  test("refuses a host without WebAssembly or without its SIMD", async () => {
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    const error = await createEngine({ wasm: wasmBytes("debug") }).catch((e: unknown) => e);
    validate.mockRestore();
    expect(error).toBeInstanceOf(EngineUnsupported);
    expect(error).toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining("SIMD") });
    vi.stubGlobal("WebAssembly", undefined);
    const without = await createEngine({}).catch((e: unknown) => e);
    vi.unstubAllGlobals();
    expect(without).toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining("WebAssembly") });
  });

  test("asks the host by a module that is valid, and only with SIMD", async () => {
    const probes: BufferSource[] = [];
    const validate = vi.spyOn(WebAssembly, "validate").mockImplementation((bytes) => probes.push(bytes) > 0);
    await testEngine();
    validate.mockRestore();
    expect(probes).toHaveLength(1);
    expect(WebAssembly.validate(probes[0] as BufferSource)).toBe(true);
  });
});

describe("what an engine was planned for", () => {
  test("ports, tunnels and bursts have a most; one more is refused", async () => {
    const engine = await testEngine({ ports: 2, tunnels: 1, bursts: 1 });
    engine.addPort("a");
    expect(refused(() => engine.addPort("a"))).toMatchObject({ argument: "name", value: "a" });
    engine.addPort("b");
    expect(refused(() => engine.addPort("c"))).toMatchObject({ argument: "ports", value: 3 });
    engine.addTunnel(optionsOf(OUTER_V4));
    expect(refused(() => engine.addTunnel(optionsOf(OUTER_V4)))).toMatchObject({ argument: "tunnels", value: 2 });
    engine.burst();
    expect(refused(() => engine.burst())).toMatchObject({ argument: "bursts", value: 2 });
    expect([engine.ports.map((port) => port.name), engine.tunnels.length]).toEqual([["a", "b"], 1]);
  });

  test("a tunnel's ports come together, and are the engine's own", async () => {
    const [engine, other] = [await testEngine(), await testEngine()];
    const [vnic, uplink] = [engine.addPort("vnic"), other.addPort("uplink")];
    const tunnel = optionsOf(OUTER_V4);
    expect(refused(() => engine.addTunnel({ ...tunnel, vnic })).argument).toBe("uplink");
    expect(refused(() => engine.addTunnel({ ...tunnel, uplink })).argument).toBe("vnic");
    expect(refused(() => engine.addTunnel({ ...tunnel, vnic, uplink }))).toMatchObject({
      argument: "port",
      value: "uplink",
    });
    expect(engine.tunnels).toHaveLength(0);
  });

  test("transmit and receive take at most a burst", async () => {
    const engine = await testEngine();
    const [vnic, uplink] = [engine.addPort("vnic"), engine.addPort("uplink")];
    const tunnel = engine.addTunnel({ ...optionsOf(OUTER_V4), vnic, uplink });
    expect(refused(() => engine.transmit(tunnel, 257))).toMatchObject({ argument: "n", value: 257 });
    expect(refused(() => engine.receive(uplink, -1))).toMatchObject({ argument: "n", value: -1 });
    const frames = [1, 2, 3].map((n) => f.ethernet(f.ipv4(f.udp(counting(n)))));
    vnic.receiveBurst(arrivals(frames));
    expect([engine.transmit(tunnel, 2), engine.transmit(tunnel, 2), engine.transmit(tunnel, 2)]).toEqual([2, 1, 0]);
  });
});

test("memory never grows: the same buffer after heavy use, and room for every table", async () => {
  const engine = await testEngine({ tunnels: 1024, ports: 4, bursts: 1 }, "release");
  const [vnic, uplink] = [engine.addPort("vnic"), engine.addPort("uplink")];
  const frame = vnic.reserve(10);
  const { buffer } = frame?.payload ?? new Uint8Array();
  const { byteLength } = buffer;
  frame?.release();
  engine.addTunnel({ ...optionsOf(OUTER_V4), vnic, uplink });
  for (let i = 1; i < 1024; i++) {
    engine.addTunnel({ ...optionsOf(OUTER_V4), vni: i, remote: addressText([10, 1, i >> 8, i & 0xff]) });
  }
  const burst = engine.burst();
  const frames = Array.from({ length: 16 }, (_, n) => f.ethernet(f.ipv4(f.udp(counting(n * 80)))));
  for (let round = 0; round < 500; round++) {
    vnic.receiveBurst(arrivals(frames));
    settle(engine);
    expect(drain(uplink)).toHaveLength(16);
    burst.load(arrivals(frames));
    burst.verify();
    burst.release();
  }
  const after = vnic.reserve(10);
  expect(after?.payload.buffer).toBe(buffer);
  expect(after?.payload.buffer.byteLength).toBe(byteLength);
  after?.release();
});

describe("a closed engine", () => {
  async function closed() {
    const engine = await testEngine({ bursts: 2 });
    const [vnic, uplink] = [engine.addPort("vnic"), engine.addPort("uplink")];
    const tunnel = engine.addTunnel({ ...optionsOf(OUTER_V4), vnic, uplink });
    const burst = engine.burst();
    burst.load(arrivals([counting(60)]));
    const frame = vnic.reserve(20);
    if (!frame) throw new Error("the pool is empty");
    engine.close();
    return { engine, vnic, uplink, tunnel, burst, frame };
  }
  type Closed = Awaited<ReturnType<typeof closed>>;

  const CALLS: readonly [what: string, call: (c: Closed) => unknown][] = [
    ["engine.poll", ({ engine }) => engine.poll()],
    ["engine.transmit", ({ engine, tunnel }) => engine.transmit(tunnel)],
    ["engine.receive", ({ engine, uplink }) => engine.receive(uplink)],
    ["engine.census", ({ engine }) => engine.census()],
    ["engine.addPort", ({ engine }) => engine.addPort("new")],
    ["engine.addTunnel", ({ engine }) => engine.addTunnel(optionsOf(OUTER_V4))],
    ["port.reserve", ({ vnic }) => vnic.reserve(10)],
    ["port.post", ({ vnic, frame }) => vnic.post(frame)],
    ["port.receive", ({ vnic }) => vnic.receive(counting(60))],
    ["port.takeBurst", ({ vnic }) => vnic.takeBurst()],
    ["port.reap", ({ vnic }) => vnic.reap()],
    ["port.postFragments", ({ vnic, frame }) => vnic.postFragments(counting(4), [frame], "gather")],
    ["frame.prepend", ({ frame }) => frame.prepend(counting(4))],
    ["frame.release", ({ frame }) => frame.release()],
    ["burst.load", ({ burst }) => burst.load(arrivals([counting(60)]))],
    ["burst.parse", ({ burst }) => burst.parse()],
    ["burst.verify", ({ burst }) => burst.verify()],
    ["engine.burst", ({ engine }) => engine.burst()],
    ["frame.payload", ({ frame }) => frame.payload],
    ["frame.bytes", ({ frame }) => frame.bytes],
    ["frame.headroomBytes", ({ frame }) => frame.headroomBytes],
    ["port.counters", ({ vnic }) => vnic.counters],
    ["engine.freeMbufs", ({ engine }) => engine.freeMbufs],
    ["burst.frames", ({ burst }) => burst.frames()],
  ];

  test.each(CALLS)("%s throws EngineClosed", async (_, call) => {
    const parts = await closed();
    expect(() => call(parts)).toThrowError(EngineClosed);
  });

  test("engine.poll throws EngineClosed without a tunnel, too", async () => {
    const engine = await testEngine();
    engine.close();
    expect(() => engine.poll()).toThrowError(EngineClosed);
  });

  test("closes twice", async () => {
    const { engine } = (await closed()) as { engine: Engine };
    expect(() => engine.close()).not.toThrow();
  });
});

test("a tunnel that would never be reached is refused", async () => {
  const engine = await testEngine();
  const [a, b, uplink] = [engine.addPort("a"), engine.addPort("b"), engine.addPort("uplink")];
  const ends = { vni: 7, local: "192.0.2.1", remote: "192.0.2.2" };
  engine.addTunnel({ ...ends, vnic: a, uplink });
  expect(() => engine.addTunnel({ ...ends, remote: "192.0.2.3", vnic: a, uplink })).toThrow(/vnic/);
  expect(() => engine.addTunnel({ ...ends, vnic: b, uplink })).toThrow(/vni/);
  expect(() => engine.addTunnel({ ...ends, vni: 8, vnic: b, uplink: b })).toThrow(/another port/);
  expect(engine.addTunnel({ ...ends, vni: 8, vnic: b, uplink }).headerBytes).toBe(50);
});

test("tunnels and ports of another engine are refused", async () => {
  const [ours, theirs] = await Promise.all([testEngine(), testEngine()]);
  const port = theirs.addPort("uplink");
  ours.addPort("uplink");
  const tunnel = theirs.addTunnel({ vni: 7, local: "192.0.2.1", remote: "192.0.2.2" });
  expect(() => ours.transmit(tunnel)).toThrow(ConfigError);
  expect(() => ours.receive(port)).toThrow(ConfigError);
  expect(() => ours.burst().encapsulate(tunnel)).toThrow(ConfigError);
});
