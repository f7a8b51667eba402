/** The examples run as their first lines say. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "./helpers/command.js";
import { ROOT } from "./helpers/files.js";
import { crcOf } from "./model/crc.js";

it("examples/single-dma.mjs sends one span where others send two", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/single-dma.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString().trim().split("\n")).toEqual([
    "55 bytes in 1 descriptor(s)",
    "55 bytes in 2 descriptor(s)",
    "the same bytes on the wire: true",
    "4096 of 4096 buffers free, the census holds",
  ]);
});

it("examples/selective-lag.mjs keeps each partition to its links", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/selective-lag.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString().trim().split("\n")).toEqual([
    "layer3+4 of Linux 6.0: IP addresses, ports, of the outer frame: hash 0x5eed5cbe, mod 256 is bucket 190, which a owns",
    "and by a: source port 51699",
    "web: 500 / 500 / 0 frames by a / b / c",
    "db: 0 / 0 / 1000 frames by a / b / c",
    "web goes by a (1 of 2 primaries usable, 1 needed): 128 of 256 buckets moved",
    "web: 1500 / 500 / 0 frames by a / b / c",
    "db: 0 / 0 / 2000 frames by a / b / c",
    'a dropped {"outside-port-set":1}',
  ]);
});

it("examples/limits.mjs keeps a peer that is never read from costing the others anything", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/limits.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString().trim().split("\n")).toEqual([
    "201 ms: 10.0.0.3 from 32 to 16: holds 32, and none came back for 100 ms",
    "others: limit 32, 64 in use, 72 taken, 16 refused",
    "10.0.0.1: limit 16, 0 in use, 3996 taken, 0 refused",
    "10.0.0.2: limit 16, 0 in use, 3996 taken, 0 refused",
    "10.0.0.3: limit 16, 32 in use, 32 taken, 39888 refused",
    "read: 4000 of 4000 from 10.0.0.1, 4000 of 4000 from 10.0.0.2",
  ]);
});

it("examples/toolkit.mjs computes what others computed", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/toolkit.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  const text = stdout.toString();
  // The hash is the one of Microsoft's RSS verification suite.
  expect(text).toContain("Toeplitz hash     51ccc178");
  expect(text).toContain(`Ethernet FCS      ${crcOf("crc32", new Uint8Array(1500).fill(0x5a)).toString(16)}`);
  expect(text).toContain("flow              7 of 1");
  expect(text).toContain("deleted           true");
});

it("examples/two-cores.mjs hands every frame over to another thread", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/two-cores.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  // Which thread says so first is the machine's choice.
  expect(stdout.toString().trim().split("\n").toSorted()).toEqual([
    "received 10000 frames; 4096 of 4096 buffers free, the census holds",
    "sent 10000 frames; 4096 of 4096 buffers free, the census holds",
  ]);
});

it("examples/overlay.mjs keeps tenants apart and moves a VM with its number", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/overlay.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString().trim().split("\n")).toEqual([
    'db: 48 frames; web\'s others were dropped: {"policy":2}',
    "store: 50 frames, none of blue's, though the addresses are the same",
    "store: on beta, queue pair 67, generation 1",
    "beta: store is on gamma now",
    "store: on gamma, queue pair 67, generation 2",
    "store: 50 frames there, 50 here, each once and in order: true",
    // 64 frames to store are kept, to be sent again if they were rejected.
    "alpha: 4032 of 4096 buffers free, the census holds",
    "beta: 4096 of 4096 buffers free, the census holds",
    "gamma: 4096 of 4096 buffers free, the census holds",
  ]);
});

it("examples/rdma.mjs connects two devices and reads what it wrote", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/rdma.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString().trim().split("\n")).toEqual([
    "192.0.2.1 asks for a connection to port 7174",
    "connected: queue pairs are in rts and rtr",
    "1 send: success",
    "2 rdma-write: success",
    "3 rdma-read: success",
    "received: a message",
    "read back: into memory",
    "closed; 6 and 4 packets",
  ]);
});

it("examples/sockets.mjs sends what 16 streams write in one transfer, both ways", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/sockets.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString().trim().split("\n")).toEqual([
    "client to 192.0.2.2: 1600 messages in 100 transfers",
    "  60800 of 76390 bytes are payload: 79.6 %",
    "server to 192.0.2.1: 1600 messages in 100 transfers",
    "  65600 of 81190 bytes are payload: 80.8 %",
    "1600 answers; all streams are closed",
  ]);
});
