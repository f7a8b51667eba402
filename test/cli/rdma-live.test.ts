/** `ringlane rdma serve`, `ping` and `perf` as people and programs use them: two processes on addresses of this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { has, ringlane } from "../helpers/command.js";
import { eventually } from "../helpers/eventually.js";
import { ROOT, testFolder } from "../helpers/files.js";
import { rdmaServer } from "../helpers/rdma-server.js";
import { tsharkFields } from "../helpers/tshark.js";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.gtValue(0));
const Packets = v.strictObject({
  sent: count,
  received: count,
  retransmitted: count,
  timeouts: count,
  sequenceNaks: count,
  rnrNaks: count,
  socketErrors: count,
});
const Common = { remote: v.string(), local: v.string(), port: count, sizeBytes: count, mtuBytes: count };
const PingReport = v.strictObject({
  ...Common,
  sent: count,
  received: count,
  connectMs: positive,
  rttUs: v.strictObject({ min: positive, avg: positive, p50: positive, p99: positive, max: positive }),
  packets: Packets,
});
const PerfReport = v.strictObject({
  ...Common,
  operation: v.string(),
  messages: count,
  seconds: positive,
  messagesPerSecond: positive,
  megabytesPerSecond: positive,
  connectMs: positive,
  packets: Packets,
});

describe("ping", () => {
  it("sends messages that come back, several clients after another", async () => {
    const server = await rdmaServer("127.0.6.1");
    const args = ["rdma", "ping", "127.0.6.1", "--bind", "127.0.6.2", "--interval", "0"];
    const { code, stdout, stderr } = ringlane([...args, "--count", "3", "--size", "5000"]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.toString().split("\n");
    for (const sequence of [1, 2, 3]) {
      expect(lines[sequence - 1]).toMatch(
        new RegExp(`^5000 bytes from 127\\.0\\.6\\.1: seq=${sequence} time=[\\d.]+ ms$`),
      );
    }
    expect(stdout.toString()).toContain("3 sent, 3 came back as they were sent");
    const json = ringlane([...args, "--json", "--size", "1", "--mtu", "4096"]);
    const report = v.parse(PingReport, JSON.parse(json.stdout.toString()));
    const { min, p50, p99, max } = report.rttUs;
    expect([min, p50, p99, max]).toEqual([min, p50, p99, max].toSorted((a, b) => a - b));
    expect(report).toMatchObject({ remote: "127.0.6.1", local: "127.0.6.2", sent: 10, received: 10, mtuBytes: 4096 });
    await eventually(() => server.lines().length === 5);
    expect(server.lines().slice(1)).toEqual(["ping", "done", "ping", "done"].map((what) => `127.0.6.2: ${what}`));
    expect(await server.stop()).toBe(0);
  });

  it("nobody there, nobody at that port, no such address", async () => {
    const nobody = ringlane(["rdma", "ping", "127.0.6.9", "--bind", "127.0.6.3"]);
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      "ringlane: no answer from 127.0.6.9: nobody listens there on UDP port 4791, or its packets do not come through\n",
    ]);
    await rdmaServer("127.0.6.4", "--port", "1000");
    const refused = ringlane(["rdma", "ping", "127.0.6.4", "--bind", "127.0.6.3"]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      "ringlane: connection refused: 127.0.6.4 does not listen to port 7174\n",
    ]);
    const taken = ringlane(["rdma", "ping", "127.0.6.4", "--bind", "127.0.6.4"]);
    expect([taken.code, taken.stderr]).toEqual([
      1,
      "ringlane: UDP port 4791 of 127.0.6.4 is taken: --bind says another address\n",
    ]);
  });

  it.each([
    ["a name", ["ping", "localhost"], /peer is "localhost"/],
    ["no size", ["ping", "127.0.6.1", "--size", "0"], /must be from 1 to 1048576/],
    ["an MTU that is none", ["ping", "127.0.6.1", "--mtu", "1500"], /must be one of 256/],
    ["no messages", ["ping", "127.0.6.1", "--count", "0"], /--count/],
    ["two ends for perf", ["perf", "127.0.6.1", "--count", "1", "--duration", "1s"], /--duration/],
    ["an operation that is none", ["perf", "127.0.6.1", "--operation", "sing"], /send, write, read/],
    ["a port that is none", ["serve", "--bind", "127.0.6.1", "--port", "0"], /--port/],
    ["an address that is none", ["serve", "--bind", "here"], /--bind is "here"/],
  ])("%s is bad usage", (_, args, message) => {
    const { code, stderr } = ringlane(["rdma", ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe("perf", () => {
  it.each([
    ["send", "127.0.7.3"],
    ["write", "127.0.7.4"],
    ["read", "127.0.7.5"],
  ])("%s, by count and by time", async (operation, bind) => {
    await rdmaServer(bind);
    const args = ["rdma", "perf", bind, "--bind", "127.0.7.2", "--operation", operation, "--json"];
    const byCount = ringlane([...args, "--count", "100", "--size", "10000"]);
    expect([byCount.code, byCount.stderr]).toEqual([0, ""]);
    const report = v.parse(PerfReport, JSON.parse(byCount.stdout.toString()));
    expect(report).toMatchObject({ operation, messages: 100, sizeBytes: 10_000, mtuBytes: 1024 });
    expect(report.megabytesPerSecond).toBeCloseTo((report.messagesPerSecond * 10_000) / 1e6, 6);
    const byTime = ringlane([...args, "--duration", "300ms", "--size", "64", "--mtu", "256"]);
    expect(v.parse(PerfReport, JSON.parse(byTime.stdout.toString())).seconds).toBeGreaterThan(0.25);
  });

  it("prints figures for people, and takes the longest messages", async () => {
    await rdmaServer("127.0.7.10");
    const args = ["rdma", "perf", "127.0.7.10", "--bind", "127.0.7.11", "--size", "1048576"];
    const { code, stdout } = ringlane([...args, "--count", "4", "--mtu", "4096"]);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/^operation +write, 1048576 bytes, path MTU 4096\nmessages +4\n/);
    expect(stdout.toString()).toMatch(/^MB a second +\d/m);
  });

  it("a server that dies is told of, and one that ends is not an accident of the network", async () => {
    const server = await rdmaServer("127.0.7.20");
    const args = [join(ROOT, "dist/cli.js"), "rdma", "perf", "127.0.7.20", "--bind", "127.0.7.21", "--duration", "60s"];
    const client = async (end: () => void, started: () => boolean) => {
      const child = spawn(process.execPath, args);
      let stderr = "";
      child.stderr.on("data", (chunk) => {
        stderr += chunk;
      });
      const ended = once(child, "exit");
      await eventually(started);
      end();
      return [(await ended)[0], stderr];
    };
    const writes = (all: readonly string[]) => all.filter((line) => line.endsWith("write")).length;
    const polite = await client(
      () => void server.stop(),
      () => writes(server.lines()) === 1,
    );
    expect(polite).toEqual([1, "ringlane: 127.0.7.20 has ended the connection\n"]);
    await eventually(() => server.process.exitCode !== null);
    const other = await rdmaServer("127.0.7.20");
    const sudden = await client(
      () => void other.process.kill("SIGKILL"),
      () => writes(other.lines()) === 1,
    );
    expect(sudden).toEqual([1, "ringlane: connection lost: 127.0.7.20 does not answer any more\n"]);
  });
});

it.skipIf(!has("tshark"))("tshark reads what went over the wire, at both ends", async () => {
  const folder = testFolder();
  const [server, client] = [join(folder, "server.pcap"), join(folder, "client.pcap")];
  const serving = await rdmaServer("127.0.8.1", "--once", "--write", server);
  const args = ["rdma", "perf", "127.0.8.1", "--bind", "127.0.8.2", "--operation", "read", "--count", "3"];
  expect(ringlane([...args, "--size", "2000", "--write", client]).code).toBe(0);
  await eventually(() => serving.process.exitCode !== null && existsSync(server));
  for (const file of [server, client]) {
    const rows = tsharkFields(file, ["infiniband.bth.opcode", "infiniband.mad.attributeid", "ip.src", "udp.srcport"]);
    const [request, reply, ready] = rows.map(([, attribute]) => attribute);
    expect([request, reply, ready]).toEqual(["0x0010", "0x0013", "0x0014"]);
    // READ requests, and responses of two packets, first and last.
    const opcodes = rows.map(([opcode]) => Number(opcode)).filter((opcode) => opcode !== 100);
    expect(opcodes.toSorted((a, b) => a - b)).toEqual([12, 12, 12, 13, 13, 13, 15, 15, 15]);
    expect(new Set(rows.map(([, , , port]) => port))).toEqual(new Set(["4791"]));
    expect(ringlane(["capture", "verify", file]).code).toBe(0);
  }
});
