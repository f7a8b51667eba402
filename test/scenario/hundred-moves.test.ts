/**
 * A VM goes round three hosts a hundred times, with its adapter's state, under load: real TCP conversations replayed, datagrams both ways as
 * fast as the links take them while it moves, sockets aggregated over reliable connections in RoCEv2 in RoCEv2. No frame is lost, doubled
 * or overtaken in its flow.
 */
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { type CapturePacket, CaptureReader, encodeCapture, LINKTYPE_ETHERNET } from "../../src/index.js";
import { exampleCapture } from "../helpers/files.js";
import { type Bytes, fileBytes, runText } from "../helpers/scenario-run.js";
import { CLIENT_MAC, SERVER_MAC } from "../helpers/scenarios.js";

const MOVES = Number(process.env.RINGLANE_MOVES ?? 100);
/** A VM may move again when no frame waits for an older one any more. */
const EVERY_MS = 260;
const FIRST_MS = 300;
/** From the middle of a burst on, each VM sends so many frames, 50 in a ms. */
const BURST_FRAMES = 300;
const FRAME_MS = 0.02;
const HOSTS = ["beta", "gamma", "alpha"];
const CONVERSATION_MS = 1000;

const moves = Array.from({ length: MOVES }, (_, i) => ({
  ...{ endpoint: "store", to: HOSTS[(i + 1) % 3], atMs: FIRST_MS + i * EVERY_MS },
}));
const endMs = FIRST_MS + MOVES * EVERY_MS;
const bursts = moves.flatMap(({ atMs }) => {
  const burst = { protocol: "udp", count: BURST_FRAMES, everyMs: FRAME_MS, atMs: atMs - 2, bytes: 400 };
  return [
    { ...burst, name: `to ${atMs}`, from: "cache", to: "store", port: 9000 },
    { ...burst, name: `from ${atMs}`, from: "store", to: "cache", port: 9001 },
  ];
});
/** A capture of TCP conversations, again and again, each time later. */
async function manyTimes(file: string, times: number): Promise<Bytes> {
  const packets: CapturePacket[] = [];
  for await (const packet of new CaptureReader(fileBytes(exampleCapture(file)))) packets.push(packet);
  const again = Array.from({ length: times }, (_, i) =>
    packets.map(({ data, timestampNs }) => ({
      data,
      timestampNs: timestampNs + BigInt(i * CONVERSATION_MS) * 1_000_000n,
    })),
  );
  return encodeCapture(again.flat(), { format: "pcap", interfaces: [{ linkType: LINKTYPE_ETHERNET }] });
}

const uplinks = (host: string) => Array.from({ length: 4 }, (_, i) => `${host[0]}${i}`);
const host = (name: string, i: number) => ({
  ...{ address: `192.0.2.${i + 1}`, mtuBytes: 1600, encapsulations: ["rocev2"], uplinks: uplinks(name) },
});
const TEXT = stringify({
  title: "a VM that moves a hundred times",
  engine: { mbufs: 8192, heldFrames: 256 },
  networks: { red: { vni: 43, encapsulation: "rocev2", default: "allow" } },
  hosts: Object.fromEntries(["alpha", "beta", "gamma"].map((name, i) => [name, host(name, i)])),
  endpoints: {
    cache: {
      network: "red",
      host: "alpha",
      mac: CLIENT_MAC,
      ips: ["10.20.0.2", "fd00:20::2"],
      members: ["a0", "a1"],
      backup: ["a2"],
    },
    store: {
      network: "red",
      host: "beta",
      mac: SERVER_MAC,
      ips: ["10.20.0.1", "fd00:20::1"],
      members: ["b0", "b1"],
      backup: ["b2"],
    },
  },
  underlay: { delayMs: 0.02 },
  directory: { delayMs: 0.1, jitterMs: 0.4 },
  replays: [{ capture: "bulk.pcap", from: "cache", to: "store", atMs: 50 }],
  flows: bursts,
  sockets: [{ name: "lookups", from: "cache", to: "store", messages: Math.floor(endMs / 10), everyMs: 10, atMs: 80 }],
  moves,
});

/** Requests of reliable connections inside the VMs: each queue pair's numbers go on without a gap, and none came twice. */
function expectPsns(delivered: readonly Uint8Array[]): void {
  const last = new Map<string, number>();
  let requests = 0;
  for (const frame of delivered) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const isRoce = view.getUint16(12) === 0x0800 && frame[23] === 17 && view.getUint16(36) === 4791;
    // Opcodes of reliable connections up to RDMA READ request (IBTA volume 1, table 38).
    const opcode = isRoce ? view.getUint8(42) : 0xff;
    if (opcode > 0x0c) continue;
    const key = `${frame.subarray(30, 34).join(".")} ${view.getUint32(46) & 0xffffff}`;
    const psn = view.getUint32(50) & 0xffffff;
    const before = last.get(key);
    if (before !== undefined) expect(psn, `PSN for queue pair ${key}`).toBe((before + 1) & 0xffffff);
    last.set(key, psn);
    requests++;
  }
  expect(requests).toBeGreaterThan(MOVES);
}

it("loses, doubles and overtakes no frame in a hundred moves under load", { timeout: 570_000 }, async () => {
  const capture = await manyTimes("bulk.pcap", Math.floor(endMs / CONVERSATION_MS));
  const { report, delivered } = await runText(TEXT, [capture], "release");
  const short = report.streams.filter(({ sent, identical }) => identical < sent);
  const what = JSON.stringify({
    drops: report.drops,
    short: short.map(({ name, sent, identical }) => ({ name, sent, identical })),
  });
  expect(report.unmet, what).toEqual([]);
  expect(report.comparison).toMatchObject({ altered: 0, missing: 0, duplicated: 0, overtaken: 0 });
  expect(report.moves).toHaveLength(MOVES);
  const states = report.moves.map(({ state }) => state);
  expect(states.map((state) => state?.outcome)).toEqual(states.map(() => "moved"));
  // Byte for byte, but for whom the network talks to where the host has been in it before: numbers and times there are its own.
  const differing = states.map((state) => state?.differing ?? ["unknown"]);
  expect(differing.slice(0, 2)).toEqual([[], []]);
  expect(differing.flat().filter((section) => !section.endsWith(": paths"))).toEqual([]);
  expectPsns(delivered);
  for (const { gqpn, generation } of report.moves) {
    expect(gqpn.after).toBe(gqpn.before);
    expect(generation.after).toBe((generation.before as number) + 1);
  }
  const of = (values: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    return [0.5, 0.99].map((share) => sorted[Math.ceil(share * sorted.length) - 1] as number);
  };
  const [p50, p99] = of(states.map((state) => (state?.standsMs as number) * 1000));
  const [held50, held99] = of(states.map((state) => state?.heldFrames as number));
  console.log(
    `${report.comparison.identical} frames, ${MOVES} moves: it stands ${p50?.toFixed(0)} us (p50), ${p99?.toFixed(0)} us (p99); ` +
      `${held50} frames held (p50), ${held99} (p99)`,
  );
});
