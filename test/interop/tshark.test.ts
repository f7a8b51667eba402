/** What tshark says of the files that we write. */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { has, ringlane } from "../helpers/command.js";
import { exampleCapture, ROOT, testFolder } from "../helpers/files.js";
import { ONE_LINK } from "../helpers/scenarios.js";
import { tsharkFields } from "../helpers/tshark.js";

const CHECKSUMS = ["ip", "udp", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
/** Wireshark's severities (epan/proto.h) above Note. */
const WARNING = 0x600000;
/** Options of encap, the protocols that they add in front of the frame, and what tshark then says of the outer UDP checksum. */
const FORMS: readonly [options: string[], added: string, udp: string | undefined][] = [
  [["--vxlan", "--dscp", "46"], "udp:vxlan", "3"],
  [["--geneve"], "udp:geneve", "3"],
  [["--geneve", "--option", "0x0102:1:deadbeef", "--option", "0xffff:0x7f:"], "udp:geneve", "3"],
  [["--geneve", "--udp-checksum", "full", "--dscp", "uniform"], "udp:geneve", "1"],
  // tshark does not name VXLAN-GPE among the protocols.
  [["--vxlan-gpe", "--udp-checksum", "full"], "udp", "1"],
  [["--nvgre"], "gre", undefined],
];
const ENDS = [
  ["ip", "192.0.2.1", "192.0.2.2"],
  ["ipv6", "2001:db8::1", "2001:db8::2"],
] as const;
/** Headers that encapsulation adds: Ethernet, IP, UDP, VXLAN. */
const ADDED_LAYERS = 4;

interface Seen {
  /** Protocols from the outside in. */
  readonly protocols: string;
  /** Expert items above Note, as "severity message". */
  readonly warnings: readonly string[];
  readonly badChecksums: number;
  readonly udpStatus: readonly string[];
  readonly ipStatus: readonly string[];
}

/** One entry a packet. */
function dissect(file: string): Seen[] {
  const names = [
    "frame.protocols",
    "_ws.expert.severity",
    "_ws.expert.message",
    "ip.checksum.status",
    "udp.checksum.status",
    "tcp.checksum.status",
  ];
  return tsharkFields(file, names, [...CHECKSUMS, "-E", "aggregator=\x1f"]).map(([protocols = "", ...rest]) => {
    const [severity = [], message = [], ip = [], udp = [], tcp = []] = rest.map((field) =>
      field ? field.split("\x1f") : [],
    );
    const warnings = severity.flatMap((s, i) => (Number(s) >= WARNING ? [`${s} ${message[i]}`] : []));
    const badChecksums = [...ip, ...udp, ...tcp].filter((status) => status === "0").length;
    return { protocols, warnings, badChecksums, udpStatus: udp, ipStatus: ip };
  });
}

/** Every packet of the encapsulated file says no worse than its inner frame did before, and nothing of our headers. */
function expectNoWorse(outer: readonly Seen[], inner: readonly Seen[], udpChecksum: "absent" | "good"): void {
  expect(outer.length).toBe(inner.length);
  for (const [i, packet] of outer.entries()) {
    const before = inner[i] as Seen;
    expect(packet.protocols.split(":")[ADDED_LAYERS]).toBe("vxlan");
    expect(packet.warnings, `packet ${i + 1}`).toEqual(before.warnings);
    expect(packet.badChecksums, `packet ${i + 1}`).toBe(before.badChecksums);
    expect(packet.udpStatus[0], `outer UDP of packet ${i + 1}`).toBe(udpChecksum === "absent" ? "3" : "1");
  }
}

describe.skipIf(!has("tshark"))("tshark", () => {
  it.each(["web-mix.pcap", "small-messages.pcap"])("finds nothing in our headers around %s", (name) => {
    const folder = testFolder();
    const encapsulated = join(folder, "out.pcapng");
    const ends = ["--vni", "42", "--src", "192.0.2.1", "--dst", "192.0.2.2"];
    expect(ringlane(["encap", "--vxlan", ...ends, exampleCapture(name), encapsulated]).code).toBe(0);
    const outer = dissect(encapsulated);
    expectNoWorse(outer, dissect(exampleCapture(name)), "absent");
    expect(outer.every(({ ipStatus }) => ipStatus[0] === "1")).toBe(true);
  });

  it("finds every outer UDP checksum over IPv6 right", () => {
    const folder = testFolder();
    const encapsulated = join(folder, "out.pcap");
    const ends = ["--vni", "16777215", "--src", "2001:db8::1", "--dst", "2001:db8::2", "--vlan", "7"];
    expect(ringlane(["encap", "--vxlan", ...ends, exampleCapture("web-mix.pcap"), encapsulated]).code).toBe(0);
    const outer = dissect(encapsulated).map((packet) => ({
      ...packet,
      protocols: packet.protocols.replace(":vlan:ethertype", ""),
    }));
    expectNoWorse(outer, dissect(exampleCapture("web-mix.pcap")), "good");
  });

  it.each(FORMS.flatMap((form) => ENDS.map((ends) => [form, ends] as const)))(
    "decodes %j over %j: no expert item that the frames inside have not, every checksum good",
    ([options, added, udp], [ip, src, dst]) => {
      const encapsulated = join(testFolder(), "out.pcapng");
      const ends = ["--vni", "5000", "--src", src, "--dst", dst];
      expect(ringlane(["encap", ...options, ...ends, exampleCapture("web-mix.pcap"), encapsulated]).code).toBe(0);
      const inner = dissect(exampleCapture("web-mix.pcap"));
      const outer = dissect(encapsulated);
      expect(outer.length).toBe(inner.length);
      const front = `eth:ethertype:${ip}:${added}:`;
      const udpOf = ip === "ipv6" && udp === "3" ? "1" : udp;
      for (const [i, packet] of outer.entries()) {
        const before = inner[i] as Seen;
        expect(packet.protocols).toBe(front + before.protocols);
        expect(packet.warnings, `packet ${i + 1}`).toEqual(before.warnings);
        expect(packet.badChecksums, `packet ${i + 1}`).toBe(before.badChecksums);
        if (udpOf) expect(packet.udpStatus[0]).toBe(udpOf);
        if (ip === "ip") expect(packet.ipStatus[0]).toBe("1");
      }
    },
  );

  it("sees Geneve's options, networks, NVGRE's FlowIDs, DSCP and ECN as they were asked for", () => {
    const encapsulated = join(testFolder(), "out.pcap");
    const encap = (...options: string[]) => {
      const ends = ["--vni", "5000", "--src", "192.0.2.1", "--dst", "192.0.2.2"];
      expect(ringlane(["encap", ...options, ...ends, exampleCapture("web-mix.pcap"), encapsulated]).code).toBe(0);
    };
    const read = (...names: string[]) => tsharkFields(encapsulated, names, ["-E", "occurrence=f"]);
    encap("--geneve", "--option", "0x0102:1:deadbeef", "--dscp", "46");
    const geneve = read(
      "geneve.vni",
      "geneve.option.class",
      "geneve.option.type",
      "geneve.option.unknown.data",
      "ip.dsfield.dscp",
    );
    const values = geneve.map((row) => row.map((value) => value.toLowerCase()).join());
    expect(new Set(values)).toEqual(new Set(["0x001388,0x0102,0x01,deadbeef,46"]));
    encap("--vxlan-gpe");
    const gpe = read("vxlan.vni", "vxlan.p_bit", "vxlan.next_proto").map((row) => row.join());
    expect(new Set(gpe)).toEqual(new Set(["5000,1,3"]));
    encap("--nvgre");
    const keys = read("gre.proto", "gre.key").map(([type, key]) => [type, Number(key) >>> 8, Number(key) & 0xff]);
    expect(new Set(keys.map(([type, vsid]) => `${type} ${vsid}`))).toEqual(new Set(["0x6558 5000"]));
    // Some 200 flows over 256 FlowIDs.
    expect(new Set(keys.map(([, , flow]) => flow)).size).toBeGreaterThan(50);
  });

  it("finds no more in the files of a scenario than in the capture that was replayed", () => {
    const folder = testFolder();
    // Hosts know where to send before the capture begins: its frames leave in its own order.
    const first = "flows: [{ from: web, to: db, protocol: icmp, count: 1 }]\nreplays:";
    const text = ONE_LINK.replace("captures/web-mix.pcap", "bulk.pcap\n    atMs: 100").replace("replays:", first);
    writeFileSync(join(folder, "s.yaml"), text);
    copyFileSync(exampleCapture("bulk.pcap"), join(folder, "bulk.pcap"));
    expect(ringlane(["run", join(folder, "s.yaml"), "--out", folder]).code).toBe(0);
    const sent = dissect(exampleCapture("bulk.pcap"));
    const PINGS = 2;
    expectNoWorse(dissect(join(folder, "underlay.pcapng")).slice(PINGS), sent, "absent");
    const delivered = dissect(join(folder, "delivered.pcapng")).slice(PINGS);
    expect(delivered.map(({ protocols }) => protocols).toSorted()).toEqual(
      sent.map(({ protocols }) => protocols).toSorted(),
    );
    expect(delivered.every(({ badChecksums }) => badChecksums === 0)).toBe(true);
  });

  it("agrees on VNI, entropy ports and interfaces", () => {
    const folder = testFolder();
    expect(ringlane(["run", join(ROOT, "examples/two-hosts.yaml"), "--out", folder]).code).toBe(0);
    const fields = ["vxlan.vni", "frame.interface_name", "frame.comment", "udp.srcport"];
    const rows = tsharkFields(join(folder, "underlay.pcapng"), fields, ["-E", "occurrence=f"]);
    expect(rows.length).toBe(2900);
    for (const [, , comment, port] of rows) {
      expect(comment).toBe("dma_desc=1");
      expect(Number(port)).toBeGreaterThanOrEqual(49152);
    }
    // Each network by its own links.
    const links = rows.reduce((seen, [vni, name]) => seen.add(`${vni} ${name}`), new Set<string>());
    const blue = ["42 alpha a0", "42 alpha a1", "42 beta b0", "42 beta b1"];
    expect([...links].sort()).toEqual([...blue, "43 alpha a2", "43 beta b2"]);
    // Some 200 flows: their ports are spread, and stay few.
    const ports = new Set(rows.map((row) => row[3]));
    expect(ports.size).toBeGreaterThan(50);
  });

  it("sees a VM move between three hosts: its queue pair stays, and packet sequence numbers go on", () => {
    const folder = testFolder();
    expect(ringlane(["run", join(ROOT, "examples/three-hosts.yaml"), "--out", folder]).code).toBe(0);
    const file = join(folder, "underlay.pcapng");
    const inner = ["web-mix.pcap", "bulk.pcap"].flatMap((name) => dissect(exampleCapture(name)));
    const warnings = (seen: readonly Seen[]) =>
      seen.flatMap((packet) => packet.warnings.map((text) => text.split(" ").slice(1).join(" ")));
    const found = warnings(dissect(file)).map((text) => text.replace(/^dma_desc=\d+ ?/, ""));
    expect(found.length).toBe(warnings(inner).length);
    const fields = [
      "frame.interface_name",
      "ip.dst",
      "infiniband.bth.destqp",
      "infiniband.bth.psn",
      "infiniband.deth.srcqp",
      "udp.dstport",
    ];
    const rows = tsharkFields(file, fields, ["-Y", "infiniband", "-E", "occurrence=f"]);
    // By both of cache's links; one of them is web's, too, whose agent's packets are in Geneve.
    const toStore = rows.filter(([name, ip, , , , port]) => {
      return /^alpha a[23]$/.test(name ?? "") && ip !== "192.0.2.1" && port === "4791";
    });
    expect(new Set(toStore.map(([name]) => name)).size).toBe(2);
    // A capture's frames, a flow's, and the packets of cache's agent, which are RoCEv2 themselves.
    expect(toStore.length).toBe(422 + 1000 + 205);
    expect(new Set(toStore.map(([, , destination]) => destination)).size).toBe(1);
    expect([...new Set(toStore.map(([, ip]) => ip))]).toEqual(["192.0.2.2", "192.0.2.3"]);
    const numbers = toStore.map(([, , , psn]) => Number(psn)).toSorted((a, b) => a - b);
    const first = numbers[0] as number;
    expect(numbers).toEqual(numbers.map((_, i) => (first + i) % 2 ** 24));
  });

  it("decodes the inner frames that we take out of the kernel's VXLAN", () => {
    const folder = testFolder();
    const inner = join(folder, "inner.pcapng");
    copyFileSync(exampleCapture("kernel-vxlan-underlay.pcap"), join(folder, "underlay.pcap"));
    // Five of the kernel's outer datagrams are fragments' first parts: those are left out, which is the exit code.
    expect(ringlane(["decap", join(folder, "underlay.pcap"), inner]).code).toBe(1);
    const seen = dissect(inner);
    expect(seen.length).toBe(292);
    expect(seen.reduce((sum, { badChecksums }) => sum + badChecksums, 0)).toBe(0);
  });
});
