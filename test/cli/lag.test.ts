/** `ringlane lag` as people and programs use it: figures that another implementation gives, too, files, exit codes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CaptureFormat } from "../../src/capture/decoder.js";
import { encodeCapture } from "../../src/capture/encode.js";
import { LINKTYPE_ETHERNET } from "../../src/capture/linktype.js";
import type { CapturePacket } from "../../src/capture/packet.js";
import { CaptureReader } from "../../src/capture/reader.js";
import type { PacketToWrite } from "../../src/capture/writer.js";
import { HASH_POLICIES } from "../../src/hash/options.js";
import { has, ringlane, run } from "../helpers/command.js";
import { exampleCapture, testFolder } from "../helpers/files.js";
import { argumentsOf, expectNoEntry, expectRefusal } from "./expectations.js";

const MANY_FLOWS = exampleCapture("many-flows.pcap");
const SMALL_MESSAGES = exampleCapture("small-messages.pcap");
const WEB_MIX = exampleCapture("web-mix.pcap");
const KERNEL_VXLAN = exampleCapture("kernel-vxlan-underlay.pcap");

interface MemberRow {
  readonly member: number;
  readonly frames: number;
  readonly bytes: number;
  readonly flows: number;
}

function json(args: readonly string[], input?: Uint8Array) {
  const { code, stdout, stderr } = ringlane(["lag", ...args, "--json"], input ? { input } : {});
  expect(stderr).toBe("");
  return { code, value: JSON.parse(stdout.toString()) };
}

function audit(capture: string, ...options: readonly string[]) {
  const { code, value } = json(["audit", capture, ...options]);
  expect(code).toBe(0);
  return value;
}

async function packetsOf(source: Uint8Array): Promise<{ packets: CapturePacket[]; reader: CaptureReader }> {
  const reader = new CaptureReader(source);
  const packets: CapturePacket[] = [];
  for await (const packet of reader) packets.push(packet);
  return { packets, reader };
}

/** The bytes of a capture of Ethernet frames. */
async function encoded(format: CaptureFormat, packets: readonly PacketToWrite[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const interfaces = [{ linkType: LINKTYPE_ETHERNET }];
  for await (const chunk of encodeCapture(packets, { format, interfaces })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sum(rows: readonly MemberRow[], measure: "frames" | "bytes" | "flows"): number {
  return rows.reduce((all, row) => all + row[measure], 0);
}

/**
 * layer3+4 of a TCP or UDP frame in IPv4 without options or tags, as Documentation/networking/bonding.rst says it: ports (as they stand
 * in memory, read as a little-endian word) xor addresses, folded by 16 and 8 bits; newer kernels then discard the lowest bit.
 */
function layer34(frame: Uint8Array, shift: 0 | 1): number {
  const view = new DataView(frame.buffer, frame.byteOffset);
  expect([view.getUint16(12), frame[14]]).toEqual([0x0800, 0x45]);
  let hash = view.getUint32(34, true) ^ view.getUint32(26, true) ^ view.getUint32(30, true);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  return hash >>> shift;
}

describe("ringlane lag audit", () => {
  it.each([
    [[], "6.0", 1],
    [["--generation", "3.13"], "3.13", 0],
  ] as const)("spreads by layer3+4 %j as another implementation does", async (options, generation, shift) => {
    const { packets } = await packetsOf(readFileSync(SMALL_MESSAGES));
    const members = Array.from({ length: 5 }, (_, member) => ({
      member,
      frames: 0,
      bytes: 0,
      flows: new Set<string>(),
    }));
    const hashes = new Map<string, number>();
    for (const { data, originalLength } of packets) {
      const flow = Buffer.from(data.subarray(26, 38)).toString("hex");
      const hash = layer34(data, shift);
      hashes.set(flow, hash);
      const sums = members[hash % 5] as (typeof members)[number];
      sums.frames++;
      sums.bytes += originalLength;
      sums.flows.add(flow);
    }
    const value = audit(SMALL_MESSAGES, "--members", "5", "--hash", "layer3+4", ...options);
    expect(value).toMatchObject({
      file: SMALL_MESSAGES,
      packets: 10_522,
      frames: 10_522,
      hash: "layer3+4",
      generation,
      headers: "outer",
      selection: "modulo",
      buckets: null,
      flows: hashes.size,
      malformed: {},
      unsupportedLinkTypes: {},
    });
    expect(value.members).toEqual(members.map((sums) => ({ ...sums, flows: sums.flows.size })));
    expect(value.byHash["layer3+4"]).toMatchObject({ generation, members: value.members, imbalance: value.imbalance });

    // Survivors are renumbered: hash mod 4 of the members that are left.
    const failures = members.map(({ member }) => {
      const left = [0, 1, 2, 3, 4].filter((other) => other !== member);
      const moved = [...hashes.values()].filter((hash) => left[hash % 4] !== hash % 5);
      const needless = moved.filter((hash) => hash % 5 !== member).length;
      return { member, flows: moved.length - needless, moved: moved.length, needlesslyMoved: needless };
    });
    expect(value.failures).toEqual(failures);
    expect(value.failuresByModulo).toEqual(failures);
  });

  it("says how uneven the members are, of bytes, frames and flows", () => {
    const value = audit(MANY_FLOWS, "--members", "4");
    const uneven = (loads: readonly number[]) => {
      const mean = loads.reduce((all, load) => all + load) / loads.length;
      const deviation = Math.sqrt(loads.reduce((all, load) => all + (load - mean) ** 2, 0) / loads.length);
      return { maxOverMean: expect.closeTo(Math.max(...loads) / mean, 9), cv: expect.closeTo(deviation / mean, 9) };
    };
    const of = (measure: "frames" | "bytes" | "flows") => uneven(value.members.map((row: MemberRow) => row[measure]));
    expect(value.imbalance).toEqual(of("bytes"));
    expect(value.imbalanceByFrames).toEqual(of("frames"));
    expect(value.imbalanceByFlows).toEqual(of("flows"));
    expect([sum(value.members, "frames"), sum(value.members, "bytes")]).toEqual([21_636, value.bytes]);
  });

  it("compares every hash of the catalogue, and round robin", () => {
    const value = audit(WEB_MIX, "--members", "3", "--hash", "layer2+3", "--generation", "4.14");
    expect(Object.keys(value.byHash)).toEqual([...HASH_POLICIES, "round-robin"]);
    for (const [policy, { members, idle, imbalance }] of Object.entries<{
      members: MemberRow[];
      idle: number;
      imbalance: object;
    }>(value.byHash)) {
      expect([policy, sum(members, "frames"), sum(members, "bytes")]).toEqual([policy, 1350, 922_330]);
      expect(sum(members, "flows")).toBeGreaterThanOrEqual(value.flows);
      expect(idle).toBe(members.filter(({ frames }) => frames === 0).length);
      expect(imbalance).toEqual({ maxOverMean: expect.any(Number), cv: expect.any(Number) });
    }
    for (const policy of ["layer2+3", "layer3+4", "encap2+3"]) expect(value.byHash[policy].generation).toBe("4.14");
    // Linux had it later only.
    expect(value.byHash["vlan+srcmac"].generation).toBe("6.0");
    expect(value.byHash.slb.generation).toBeNull();
    expect(value.byHash["round-robin"].members.map(({ frames }: MemberRow) => frames)).toEqual([450, 450, 450]);
  });

  it("compares by the headers that were asked for", () => {
    const asked = ["--members", "3", "--headers", "inner"];
    const value = audit(KERNEL_VXLAN, ...asked, "--hash", "layer2+3");
    for (const policy of HASH_POLICIES) {
      expect(value.byHash[policy].headers).toBe("inner");
      expect(value.byHash[policy].members).toEqual(audit(KERNEL_VXLAN, ...asked, "--hash", policy).members);
    }
  });

  it("takes members in turn", () => {
    const value = audit(WEB_MIX, "--members", "4", "--hash", "round-robin");
    expect(value).toMatchObject({ hash: "round-robin", generation: null, selection: "turn", failures: [] });
    expect(value.members.map(({ frames }: MemberRow) => frames)).toEqual([338, 338, 337, 337]);
    expect(value.members).toEqual(value.byHash["round-robin"].members);
    expect(value.largestFlows[0].members).toEqual([0, 1, 2, 3]);
  });

  it("moves nothing needlessly by resilient buckets", () => {
    const value = audit(MANY_FLOWS, "--members", "4", "--buckets", "256");
    expect(value).toMatchObject({ selection: "buckets", buckets: 256 });
    expect(value.failures).toEqual(value.failuresByBuckets);
    for (const { flows, moved, needlesslyMoved } of value.failures)
      expect([moved, needlesslyMoved]).toEqual([flows, 0]);
    const flows = value.failures.reduce((all: number, failure: { flows: number }) => all + failure.flows, 0);
    expect(flows).toBe(value.flows);
    for (const { needlesslyMoved } of value.failuresByModulo) expect(needlesslyMoved).toBeGreaterThan(1000);
  });

  it("names the largest flows: IPv6, fragments, what is no IP", async () => {
    const names = (capture: string, ...options: string[]) =>
      audit(capture, ...options).largestFlows.map(({ flow }: { flow: string }) => flow);
    expect(names(WEB_MIX).slice(0, 6)).toEqual([
      "10.20.0.2:80 > 10.20.0.1:58588 tcp",
      "10.20.0.2:80 > 10.20.0.1:58660 tcp",
      "10.20.0.2:80 > 10.20.0.1:58764 tcp",
      "10.20.0.1 > 10.20.0.2 icmp fragments",
      "10.20.0.2 > 10.20.0.1 icmp fragments",
      "fd00:20::1 > fd00:20::2 icmpv6 fragments",
    ]);
    const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
    const arp = hex(`ffffffffffff 020000000001 0806 ${"00".repeat(46)}`);
    const addresses = "20010db8000000000000000000000000 20010db8000000000000000000000009";
    const tagged = hex(`020000000002 020000000001 8100 0005 86dd 60000000 0014 06 40 ${addresses}
      1234 0050 0000000000000000 50100000 00000000`);
    const file = join(testFolder(), "made.pcap");
    const packets = [tagged, arp].map((data) => ({ data, timestampNs: 1n }));
    writeFileSync(file, await encoded("pcap", packets));
    expect(names(file)).toEqual([
      "[2001:db8::]:4660 > [2001:db8::9]:80 tcp",
      "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff 0x0806",
    ]);
  });

  it("looks inside VXLAN, at flows and hashes", () => {
    const outer = audit(KERNEL_VXLAN, "--members", "4");
    const inner = audit(KERNEL_VXLAN, "--members", "4", "--headers", "inner");
    expect([outer.headers, inner.headers]).toEqual(["outer", "inner"]);
    expect(outer.largestFlows[0].flow).toMatch(/:4789 udp$/);
    expect(inner.largestFlows[0].flow).toMatch(/^192\.168\.90\.2:80 > 192\.168\.90\.1:\d+ tcp$/);
    expect(inner.byHash["layer3+4"]).toMatchObject({ headers: "inner", members: inner.members });
    expect(inner.largestFlows[0].members).toHaveLength(1);
  });

  it("counts refused frames by cause and leaves them out", () => {
    const bytes = Uint8Array.from(readFileSync(WEB_MIX));
    bytes[40 + 14] = 0x44; // The first packet's IPv4 header is 16 bytes long.
    const { code, value } = json(["audit", "-", "--members", "2"], bytes);
    expect(code).toBe(0);
    expect(value).toMatchObject({ packets: 1350, frames: 1349, malformed: { "ipv4-header-length": 1 } });
    expect(sum(value.members, "frames")).toBe(1349);
  });

  it("reports what comes before the damage, and exits with 1", () => {
    const damaged = readFileSync(WEB_MIX).subarray(0, 100_000);
    const { code, stdout, stderr } = ringlane(["lag", "audit", "-"], { input: damaged });
    expect(code).toBe(1);
    expect(stderr).toContain("stdin is damaged at byte");
    expect(stdout.toString()).toContain("layer3+4");
    const value = JSON.parse(ringlane(["lag", "audit", "-", "--json"], { input: damaged }).stdout.toString());
    expect(value.damage.byteOffset).toBeGreaterThan(98_000);
    expect(sum(value.members, "frames")).toBe(value.packets);
  });

  it("draws bars in the terminal, and sorts hashes by how even they are", () => {
    const { code, stdout } = ringlane(["lag", "audit", MANY_FLOWS, "--members", "4"]);
    expect(code).toBe(0);
    const text = stdout.toString();
    for (const member of [0, 1, 2, 3]) expect(text).toMatch(new RegExp(`│ ${member} +│.*│ █{20,}[▏▎▍▌▋▊▉]? *│`));
    const cvs = [...text.matchAll(/│ [a-z][^│]*│ (?:6\.0|-) +│ (\d\.\d{3})/g)].map(([, cv]) => Number(cv));
    expect(cvs).toHaveLength(HASH_POLICIES.length + 1);
    expect(cvs).toEqual([...cvs].sort((a, b) => a - b));
    expect(text).toContain("moved by 256 buckets");
  });
});

describe("ringlane lag audit --ecmp", () => {
  it("finds a LAG that goes by its first stage's hash, and what mends it", () => {
    const { polarization } = audit(MANY_FLOWS, "--members", "4", "--hash", "aix-src-port", "--ecmp", "4");
    expect(polarization).toMatchObject({ first: { fanout: 4, hash: "aix-src-port" }, polarized: true, idleMembers: 3 });
    expect(polarization.perBranch.map(({ idle }: { idle: number }) => idle)).toEqual([3, 3, 3, 3]);
    const [best, ...others] = polarization.mend;
    expect(best).toMatchObject({ name: polarization.best, polarized: false });
    expect(best.effectiveMembers).toBeGreaterThan(3.9);
    const names = [best, ...others].map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(["toeplitz", "toeplitz, mlx5's key", "toeplitz, i40e's key", "slb"]));
    const text = ringlane(["lag", "audit", MANY_FLOWS, "--hash", "aix-src-port", "--ecmp", "2"]).stdout.toString();
    expect(text).toMatch(/behind ECMP over 2 by aix-src-port: polarized, up to 1 of 2 members idle .* mends it/);
  });

  it("tries inner headers where something is tunnelled only", () => {
    const inner = (capture: string) =>
      audit(capture, "--ecmp", "2").polarization.mend.filter(({ headers }: { headers: string }) => headers === "inner");
    expect(inner(SMALL_MESSAGES)).toEqual([]);
    expect(inner(KERNEL_VXLAN).length).toBeGreaterThan(5);
  });

  it("takes another first stage", () => {
    const { polarization } = audit(MANY_FLOWS, "--members", "4", "--ecmp", "4", "--ecmp-hash", "layer3+4");
    expect(polarization).toMatchObject({ polarized: true, effectiveMembers: expect.closeTo(1, 9) });
  });
});

const PLAN = `ports: [up0, up1, up2, up3]
partitions:
  client: { macs: ["72:68:de:73:d6:92"], members: [up0, { port: up1, weight: 3 }], backup: [up2] }
  server: { macs: ["16:3b:21:8b:fa:f3"], standalone: up3 }
`;

function planFile(text: string): string {
  const file = join(testFolder(), "plan.yaml");
  writeFileSync(file, text);
  return file;
}

describe("ringlane lag audit --plan", () => {
  it("sends each partition's frames by its own ports", () => {
    const value = audit(WEB_MIX, "--plan", planFile(PLAN));
    expect(value).toMatchObject({ hash: "layer3+4", selection: "buckets", buckets: 256, unknownFrames: 0 });
    expect(value.members.map(({ port }: { port: string }) => port)).toEqual(["up0", "up1", "up2", "up3"]);
    const [client, server] = value.matrix;
    expect(server).toMatchObject({ partition: "server", ports: [{}, {}, {}, { port: "up3", role: "standalone" }] });
    const frames = (row: { ports: { frames: number }[] }) => row.ports.map((sums) => sums.frames);
    // Frames to the server's address, and to the client's.
    expect(frames(server)).toEqual([0, 0, 0, 820]);
    const [few, many, ...none] = frames(client) as [number, number, ...number[]];
    expect([few + many, ...none]).toEqual([530, 0, 0]);
    expect(many).toBeGreaterThan(few);
    // The other ports of an ordinary LAG would get about three of four flows.
    const [control] = value.ordinaryLag;
    expect(control.partition).toBe("server");
    expect(control.misdelivered / control.flows).toBeGreaterThan(0.6);
    expect(value.failures).toMatchObject([{ needlesslyMoved: 0 }, { needlesslyMoved: 0 }, { flows: 0, moved: 0 }, {}]);
    expect(value.failures[3]).toMatchObject({ flows: control.flows, moved: control.flows, unserved: control.flows });
    expect(value.failures[0]).toMatchObject({ unserved: 0 });
  });

  it("sends a flow where predict says", async () => {
    const plan = planFile(PLAN);
    const out = join(testFolder(), "split.pcapng");
    audit(WEB_MIX, "--plan", plan, "--out", out);
    const flow = ["--src", "10.20.0.1", "--dst", "10.20.0.2", "--proto", "tcp", "--sport", "58588", "--dport", "80"];
    const { value } = json(["predict", "--plan", plan, "--partition", "client", ...flow]);
    const { packets, reader } = await packetsOf(readFileSync(out));
    const ports = packets
      .filter(({ data }) => Buffer.from(data.subarray(26, 38)).toString("hex") === "0a1400010a140002e4dc0050")
      .map(({ interfaceId }) => reader.interfaces[interfaceId]?.name);
    expect(ports.length).toBeGreaterThan(3);
    expect(new Set(ports)).toEqual(new Set([value.port]));
  });

  it("knows partitions by VNI and inner address, by VLAN, and counts what is nobody's", () => {
    const inside = `ports: [up0, up1, up2]
selection: modulo
partitions:
  a: { macs: ["ea:75:a3:7e:4f:8f"], vni: 4242, standalone: up0 }
  other: { macs: ["9e:22:83:16:6b:85"], vni: 4243, standalone: up1 }
`;
    const value = audit(KERNEL_VXLAN, "--plan", planFile(inside));
    // Every whole datagram is to or from the first; fragments show no inner frame.
    expect(value.matrix.map(({ ports }: { ports: MemberRow[] }) => ports.map((row) => row.frames))).toEqual([
      [292, 0, 0],
      [0, 0, 0],
    ]);
    expect(value).toMatchObject({ selection: "modulo", frames: 292, unknownFrames: 5 });
    const [tagged, plain] = [10, 0].map(
      (vlan) => `ports: [a]
partitions: { x: { macs: ["72:68:de:73:d6:92"], members: [a]${vlan ? `, vlan: ${vlan}` : ""} } }
`,
    ) as [string, string];
    expect(audit(WEB_MIX, "--plan", planFile(tagged)).unknownFrames).toBe(1350);
    expect(audit(WEB_MIX, "--plan", planFile(plain)).unknownFrames).toBeLessThan(10);
  });

  it("selects as bonding does, unless the plan has what only buckets have", () => {
    const plain = PLAN.replace(", weight: 3", "");
    const selectionOf = (text: string) => {
      const { selection, buckets } = audit(WEB_MIX, "--plan", planFile(text));
      return [selection, buckets];
    };
    expect(selectionOf(plain)).toEqual(["modulo", null]);
    expect(selectionOf(plain.replace("partitions:", "buckets: 64\npartitions:"))).toEqual(["buckets", 64]);
    expect(selectionOf(PLAN)).toEqual(["buckets", 256]);
  });

  it("takes ports in turn where the plan says so", () => {
    const text = PLAN.replace(", weight: 3", "").replace("partitions:", "selection: turn\npartitions:");
    const value = audit(WEB_MIX, "--plan", planFile(text));
    expect(value).toMatchObject({ hash: "round-robin", selection: "turn", failures: [], ordinaryLag: [] });
    expect(value.matrix[0].ports.map((row: MemberRow) => row.frames)).toEqual([265, 265, 0, 0]);
  });

  it.each([
    [
      "standalone: up3",
      "standalone: up9",
      ":4:42: partitions.server.standalone: expected one of up0, up1, up2, up3, a, b, c, d, e, received",
    ],
    ["[up0, { port: up1, weight: 3 }]", "[]", ":3:42: partitions.client.members: expected 1 to 8 ports, received 0"],
    [
      "16:3b:21:8b:fa:f3",
      "72:68:de:73:d6:92",
      ":4:20: partitions.server.macs.0: expected an address that client has not",
    ],
    [
      "weight: 3",
      "weight: 0",
      ":3:70: partitions.client.members.1.weight: expected a whole number from 1 to 1000, rec",
    ],
    ["partitions:", "hash: { policy: layer9 }\npartitions:", ":2:9: hash.policy: expected one of layer2, layer2+3,"],
    ["partitions:", 'hash: { generation: "2.6" }\npartitions:', ":2:9: hash.generation: expected one of 3.13, 3.17"],
    [
      "partitions:",
      "selection: modulo\npartitions:",
      "members.1.weight: expected 1 where selection is modulo, received 3",
    ],
  ])("refuses a plan with %s changed to %s", (from, to, message) => {
    // Nine ports are there for whoever wants them.
    const plan = planFile(PLAN.replace("up3]", "up3, a, b, c, d, e]").replace(from, to));
    const { code, stdout, stderr } = ringlane(["lag", "audit", WEB_MIX, "--plan", plan]);
    expect([code, stdout.toString()]).toEqual([2, ""]);
    expect(stderr).toContain(`ringlane: ${plan}:`);
    expect(stderr).toContain(message);
  });
});

describe("ringlane lag audit --out", () => {
  it("writes an interface for each member, and why each packet went there", async () => {
    const out = join(testFolder(), "split.pcapng");
    const value = audit(MANY_FLOWS, "--members", "4", "--out", out);
    expect(value.out).toBe(out);
    const { packets, reader } = await packetsOf(readFileSync(out));
    const { packets: before } = await packetsOf(readFileSync(MANY_FLOWS));
    expect(reader.interfaces.map(({ name }) => name)).toEqual(["member 0", "member 1", "member 2", "member 3"]);
    expect(packets.length).toBe(before.length);
    const counts = [0, 0, 0, 0];
    for (const [i, { data, timestampNs, originalLength, interfaceId, comments }] of packets.entries()) {
      const original = before[i] as CapturePacket;
      expect([timestampNs, originalLength]).toEqual([original.timestampNs, original.originalLength]);
      expect(Buffer.compare(data, original.data)).toBe(0);
      const [, hash, member] =
        /^layer3\+4 of Linux 6\.0: hash (0x[0-9a-f]{8}) mod 4 = (\d)$/.exec(String(comments)) ?? [];
      expect(Number(hash) % 4).toBe(interfaceId);
      expect(Number(member)).toBe(interfaceId);
      counts[interfaceId] = (counts[interfaceId] as number) + 1;
    }
    expect(counts).toEqual(value.members.map(({ frames }: MemberRow) => frames));
  });

  it("keeps comments and cut packets, and pipes", async () => {
    const data = new Uint8Array(60);
    data.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]);
    const packet = { timestampNs: 7n, data, originalLength: 1000, comments: ["seen before"] };
    const input = await encoded("pcapng", [packet]);
    const { code, stdout, stderr } = ringlane(["lag", "audit", "-", "--hash", "round-robin", "--out", "-"], { input });
    expect(code).toBe(0);
    expect(stderr).toContain("each member in its turn");
    const { packets } = await packetsOf(stdout);
    expect(packets).toMatchObject([
      { timestampNs: 7n, originalLength: 1000, comments: ["seen before", "round-robin: frame 0 mod 2, member 0"] },
    ]);
  });

  it.skipIf(!has("tshark"))("tshark reads names and comments", () => {
    const out = join(testFolder(), "split.pcapng");
    audit(WEB_MIX, "--plan", planFile(PLAN), "--out", out);
    const { stdout } = run("tshark", [
      "-n",
      "-r",
      out,
      "-T",
      "fields",
      "-e",
      "frame.interface_name",
      "-e",
      "frame.comment",
    ]);
    const lines = stdout.toString().trimEnd().split("\n");
    expect(lines).toHaveLength(1350);
    for (const line of lines) {
      expect(line).toMatch(
        /^up\d\t(client|server): layer3\+4 of Linux 6.0: hash 0x[0-9a-f]{8} mod 256 = \d+, owned by up\d$/,
      );
      const [port, partition, owner] = [line.slice(0, 3), line.slice(4, 10), line.slice(-3)];
      expect(owner).toBe(port);
      expect(port === "up3").toBe(partition === "server");
    }
  });
});

describe("ringlane lag predict and flow-for", () => {
  const FLOW = ["--src", "10.0.0.1", "--dst", "10.0.0.2", "--proto", "tcp", "--sport", "1", "--dport", "80"];

  it("predict a flow's member, with inputs, hash and bucket", () => {
    // Ports 0001 0050 read as 0x50000100, addresses 0x0100000a ^ 0x0200000a: 0x53000100, folded 0x5353..., shifted.
    const { code, value } = json(["predict", "--members", "4", ...FLOW]);
    let hash = 0x50000100 ^ 0x0100000a ^ 0x0200000a;
    hash ^= hash >>> 16;
    hash ^= hash >>> 8;
    hash >>>= 1;
    expect(code).toBe(0);
    expect(value).toMatchObject({
      hash: "layer3+4",
      generation: "6.0",
      headers: "outer",
      selection: "modulo",
      members: 4,
      flow: { source: "10.0.0.1", destination: "10.0.0.2", protocol: "tcp", sourcePort: 1, destinationPort: 80 },
      hashValue: hash,
      bucket: hash % 4,
      buckets: 4,
      member: hash % 4,
    });
    const text = ringlane(["lag", "predict", "--members", "4", ...FLOW]).stdout.toString();
    expect(text).toMatch(new RegExp(`hash +0x${hash.toString(16)}\n.*\nmember +${hash % 4}\n`));
  });

  it.each(["layer2", "layer3+4", "slb", "toeplitz-symmetric"])("find a flow for every member by %s", (policy) => {
    for (const options of [
      ["--members", "3"],
      ["--members", "3", "--buckets", "256"],
    ]) {
      for (const member of [0, 1, 2]) {
        const common = ["--hash", policy, ...options];
        const { code, value } = json(["flow-for", "--member", String(member), "--dport", "443", ...common]);
        expect([code, value.member, value.flow.destinationPort]).toEqual([0, member, 443]);
        const { source, destination, protocol, sourcePort, sourceMac, destinationMac } = value.flow;
        const flow = ["--src", source, "--dst", destination, "--proto", protocol, "--sport", String(sourcePort)];
        const macs = ["--src-mac", sourceMac, "--dst-mac", destinationMac, "--dport", "443"];
        expect(json(["predict", ...flow, ...macs, ...common]).value.member).toBe(member);
      }
    }
  });

  it("take a partition's set and addresses from a plan", () => {
    const plan = planFile(PLAN);
    const of = ["--plan", plan, "--partition", "client"];
    const { value } = json(["flow-for", "--port", "up0", ...of]);
    expect(value).toMatchObject({ partition: "client", port: "up0", member: 0, buckets: 256, selection: "buckets" });
    expect(value.flow.destinationMac).toBe("72:68:de:73:d6:92");
    expect(json(["flow-for", "--member", "1", ...of]).value.port).toBe("up1");
    // A port outside the set gets nothing.
    expect(json(["flow-for", "--port", "up3", ...of])).toMatchObject({ code: 1, value: { flow: null, member: null } });
  });

  it("exit with 1 when what is fixed leaves nothing to tell by", () => {
    const args = ["flow-for", "--hash", "aix-default", "--members", "4", "--dst", "10.0.0.1", "--member", "2"];
    expect(json(args)).toMatchObject({ code: 1, value: { flow: null } });
    expect(ringlane(["lag", ...args]).stdout.toString()).toContain("no flow goes to member 2; one with what is fixed:");
  });
});

describe("bad usage of ringlane lag", () => {
  it.each([
    "audit",
    "audit CAPTURE --members 0",
    "audit CAPTURE --members 33",
    "audit CAPTURE --members two",
    "audit CAPTURE --hash layer5",
    "audit CAPTURE --hash layer2 --generation 2.4",
    "audit CAPTURE --hash slb --generation 6.0",
    "audit CAPTURE --hash round-robin --buckets 256",
    "audit CAPTURE --hash toeplitz --key 6d5",
    "audit CAPTURE --hash toeplitz --key 6d5a",
    "audit CAPTURE --hash layer2 --no-ports",
    "audit CAPTURE --basis 1",
    "audit CAPTURE --buckets 100",
    "audit CAPTURE --ecmp 0",
    "audit CAPTURE --ecmp-hash layer2",
    "audit CAPTURE --hash round-robin --ecmp 2",
    "audit CAPTURE --out split.pcap",
    "audit CAPTURE --out - --json",
    "audit CAPTURE --members 4 --plan PLAN",
    "audit CAPTURE --hash layer2 --plan PLAN",
    "audit CAPTURE --no-ports --plan PLAN",
    "audit CAPTURE --ecmp 2 --plan PLAN",
    "predict --plan PLAN",
    "predict --partition nobody --plan PLAN",
    "flow-for --partition client --port up9 --plan PLAN",
    "predict --partition web",
    "predict --hash round-robin",
    "predict --src 10.0.0.1 --dst ::1",
    "predict --src host",
    "predict --proto icmp",
    "predict --proto 256",
    "predict --sport 65536",
    "predict --vlan 4095",
    "flow-for",
    "flow-for --member 2",
    "flow-for --port up0",
  ])("%s exits with 2 and says why", (line) => {
    const words = { CAPTURE: () => WEB_MIX, PLAN: () => planFile(PLAN) };
    expectRefusal(["lag", ...argumentsOf(line, words)]);
  });

  it.each([[["audit", "/nonexistent/file"]], [["audit", WEB_MIX, "--plan", "/nonexistent/plan.yaml"]]])(
    "%j exits with 1",
    (args) => {
      expectNoEntry(["lag", ...args]);
    },
  );
});
