/** The command line as people and programs use it: what is printed where, and exit codes. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ringlane } from "../helpers/command.js";
import { exampleCapture, ROOT, testFolder } from "../helpers/files.js";
import { ONE_LINK } from "../helpers/scenarios.js";

const WEB_MIX = exampleCapture("web-mix.pcap");
const ENDS = ["--vxlan", "--vni", "42", "--src", "192.0.2.1", "--dst", "192.0.2.2"];

function json(args: readonly string[], input?: Uint8Array) {
  const { code, stdout, stderr } = ringlane([...args, "--json"], input ? { input } : {});
  expect(stderr).toBe("");
  return { code, value: JSON.parse(stdout.toString()) };
}

describe("ringlane capture info", () => {
  it("counts what is in a capture", () => {
    const { code, value } = json(["capture", "info", WEB_MIX]);
    expect(code).toBe(0);
    expect(value).toMatchObject({ format: "pcap", packets: 1350, wireBytes: 922_330, cutPackets: 0, malformed: {} });
    expect(value.protocols).toMatchObject({ ipv4: 1266, ipv6: 84, tcp: 1024, udp: 242, fragment: 60 });
    expect(value.first).toBe("2026-11-22T07:14:53.094408173Z");
  });

  it("reads stdin and .gz alike", () => {
    const plain = json(["capture", "info", "-"], readFileSync(WEB_MIX)).value;
    const zipped = json(["capture", "info", "-"], gzipSync(readFileSync(WEB_MIX))).value;
    expect(plain).toMatchObject({ file: "stdin", packets: 1350, compressed: false });
    expect(zipped).toEqual({ ...plain, compressed: true });
  });

  it("prints what comes before the damage, then the byte, and exits with 1", () => {
    const file = join(testFolder(), "cut.pcap");
    const bytes = readFileSync(WEB_MIX);
    writeFileSync(file, bytes.subarray(0, 24 + 16 + 74 + 20));
    const { code, stdout, stderr } = ringlane(["capture", "info", file]);
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/packets +1\n/);
    expect(stderr).toContain("is damaged at byte 114:");
    const report = ringlane(["capture", "info", file, "--json"]);
    expect(JSON.parse(report.stdout.toString())).toMatchObject({ packets: 1, damage: { byteOffset: 114 } });
  });
});

describe("ringlane capture verify", () => {
  it.each(["web-mix.pcap", "small-messages.pcap", "kernel-vxlan-underlay.pcap", "bulk.pcap"])(
    "finds %s right",
    (name) => {
      const { code, value } = json(["capture", "verify", exampleCapture(name)]);
      expect(code).toBe(0);
      expect([value.wrong, value.malformed]).toEqual([[], []]);
      expect(value.checksums.ipv4.good).toBeGreaterThan(100);
    },
  );

  it("looks inside VXLAN", () => {
    const { value } = json(["capture", "verify", exampleCapture("kernel-vxlan-underlay.pcap")]);
    expect(value.checksums["inner tcp"]).toEqual({ good: 270, bad: 0, absent: 0, unchecked: 0, offloaded: 0 });
  });

  it("names a wrong checksum by packet number and exits with 1", () => {
    const bytes = Uint8Array.from(readFileSync(WEB_MIX));
    // Packet 1 begins at 40; its TCP header at 14 + 20. One bit of the sequence number.
    const flip = 40 + 14 + 20 + 4;
    bytes[flip] = (bytes[flip] as number) ^ 1;
    const { code, value } = json(["capture", "verify", "-"], bytes);
    expect(code).toBe(1);
    expect(value.wrong).toEqual([{ packet: 1, what: "tcp" }]);
    expect(ringlane(["capture", "verify", "-"], { input: bytes }).stdout.toString()).toContain(
      "packet 1: wrong checksum: tcp",
    );
  });

  it.each([
    ["rocev2-rping-cm.pcap", 65],
    ["rocev2-rc-ipv6.pcap", 40],
    ["rocev2-atomic.pcap", 40],
    ["rocev2-rc-loss.pcap", 208],
    ["rocev2-rc-pingpong.pcap", 80],
    ["rocev2-ud-pingpong.pcap", 20],
    ["rocev2-write.pcap", 100],
  ])("finds the ICRC of every RoCEv2 frame of %s right", (name, good) => {
    const { code, value } = json(["capture", "verify", exampleCapture(name)]);
    expect([code, value.wrong]).toEqual([0, []]);
    expect(value.checksums.icrc).toEqual({ good, bad: 0, absent: 0, unchecked: 0, offloaded: 0 });
  });

  it.each([
    ["the last byte before the ICRC", -5, ["icrc"]],
    ["the ICRC itself", -1, ["icrc"]],
    ["a byte that routers change, the time to live", 14 + 8, ["ipv4"]],
    ["the destination queue pair", 14 + 20 + 8 + 7, ["icrc"]],
  ])("a RoCEv2 frame with a change in %s", (_, at, wrong) => {
    const bytes = Uint8Array.from(readFileSync(exampleCapture("rocev2-rping-cm.pcap")));
    const length = new DataView(bytes.buffer).getUint32(24 + 8, true);
    const flip = 40 + (at < 0 ? length + at : at);
    bytes[flip] = (bytes[flip] as number) ^ 0x40;
    const { value } = json(["capture", "verify", "-"], bytes);
    expect(value.wrong).toEqual(wrong.map((what) => ({ packet: 1, what })));
  });
});

describe("ringlane encap and decap", () => {
  it("give the same file back, through files, pipes, .gz and IPv6", () => {
    const folder = testFolder();
    const over6 = ["--vxlan", "--vni", "1", "--src", "2001:db8::1", "--dst", "2001:db8::2", "--vlan", "5"];
    for (const [name, options] of [
      ["a.pcapng", ENDS],
      ["a.pcap", over6],
      ["a.pcap.gz", ENDS],
    ] as const) {
      const [out, back] = [join(folder, name), join(folder, "back.pcap")];
      expect(json(["encap", ...options, WEB_MIX, out]).value).toMatchObject({
        packetsRead: 1350,
        packetsWritten: 1350,
        leftOut: {},
      });
      expect(json(["decap", out, back]).value).toMatchObject({ packetsRead: 1350, packetsWritten: 1350, leftOut: {} });
      expect(readFileSync(back).equals(readFileSync(WEB_MIX))).toBe(true);
    }
    const { stdout, stderr } = ringlane(["encap", ...ENDS, "-", "-"], { input: readFileSync(WEB_MIX) });
    expect(stderr).toContain("1350 packets read from stdin");
    const file = join(folder, "piped.pcap");
    expect(ringlane(["decap", "-", file], { input: stdout }).code).toBe(0);
    expect(readFileSync(file).equals(readFileSync(WEB_MIX))).toBe(true);
  });

  it.each([
    ["--geneve", ["--option", "0x0102:1:deadbeef", "--option", "0xffff:2:"], { geneve: 1350 }],
    ["--geneve", ["--dscp", "46", "--no-ecn", "--vlan", "7"], { geneve: 1350 }],
    ["--vxlan-gpe", ["--dscp", "uniform", "--udp-checksum", "full"], { "vxlan-gpe": 1350 }],
    ["--nvgre", ["--ttl", "9"], { nvgre: 1350 }],
    ["--vxlan", ["--inner-vlan"], { vxlan: 1350 }],
  ])(
    "give the same file back in every encapsulation, which decap finds out: %s %j",
    (form, options, encapsulations) => {
      const folder = testFolder();
      const [out, back] = [join(folder, "a.pcapng"), join(folder, "back.pcap")];
      for (const [src, dst] of [
        ["192.0.2.1", "192.0.2.2"],
        ["2001:db8::1", "2001:db8::2"],
      ] as const) {
        const ends = ["--vni", "5000", "--src", src, "--dst", dst];
        expect(json(["encap", form, ...options, ...ends, WEB_MIX, out]).value).toMatchObject({ packetsWritten: 1350 });
        const { code, value } = json(["decap", "--strict", out, back]);
        expect([code, value.packetsWritten, value.encapsulations]).toEqual([0, 1350, encapsulations]);
        expect(readFileSync(back).equals(readFileSync(WEB_MIX))).toBe(true);
      }
    },
  );

  it("say which frames are too big for the underlay's MTU, and which headers are at fault", () => {
    const folder = testFolder();
    const out = join(folder, "out.pcap");
    const big = json(["encap", ...ENDS, "--mtu", "1000", WEB_MIX, out]);
    expect(big.code).toBe(1);
    expect(big.value.leftOut).toEqual({ "too-big": big.value.packetsRead - big.value.packetsWritten });
    const critical = ["--geneve", "--option", "1:0x81:", "--vni", "1", "--src", "192.0.2.1", "--dst", "192.0.2.2"];
    expect(json(["encap", ...critical, WEB_MIX, out]).code).toBe(0);
    expect(json(["decap", out, join(folder, "back.pcap")])).toMatchObject({
      code: 1,
      value: { packetsWritten: 0, leftOut: { "geneve-critical-option": 1350 } },
    });
  });

  it("leave out what is in no tunnel, or of another network, without complaint", () => {
    const out = join(testFolder(), "out.pcapng");
    expect(json(["decap", WEB_MIX, out])).toMatchObject({ code: 0, value: { leftOut: { "not-encapsulated": 1348 } } });
    const kernel = exampleCapture("kernel-vxlan-underlay.pcap");
    const other = json(["decap", "--vni", "7", kernel, out]);
    expect(other.value).toMatchObject({ packetsWritten: 0, leftOut: { "unknown-vni": 292, "outer-fragment": 5 } });
  });
});

describe("what a conversion does to files", () => {
  const record = (captured: number, original: number) => {
    const bytes = Buffer.alloc(24 + 16 + captured, 0x42);
    for (const [i, word] of [0xa1b23c4d, 0x00040002, 0, 0, 262144, 1, 1, 1, captured, original].entries()) {
      bytes.writeUInt32LE(word, i * 4);
    }
    return bytes;
  };

  it("may write to the file that it reads", () => {
    const file = join(testFolder(), "same.pcap");
    writeFileSync(file, readFileSync(WEB_MIX));
    expect(json(["encap", ...ENDS, file, file]).value).toMatchObject({ packetsRead: 1350, packetsWritten: 1350 });
    expect(json(["decap", file, file]).value).toMatchObject({ packetsRead: 1350, packetsWritten: 1350 });
    expect(readFileSync(file).equals(readFileSync(WEB_MIX))).toBe(true);
  });

  it("leaves an output of before as it was when it is refused or fails", () => {
    const folder = testFolder();
    const [precious, damaged] = [join(folder, "precious.pcapng"), join(folder, "damaged.pcap")];
    writeFileSync(precious, "precious");
    writeFileSync(damaged, readFileSync(WEB_MIX).subarray(0, 5000));
    expect(ringlane(["decap", "--vni", "99999999", WEB_MIX, precious]).code).toBe(2);
    expect(ringlane(["decap", join(folder, "missing.pcap"), precious]).code).toBe(1);
    expect(readFileSync(precious, "utf8")).toBe("precious");
    expect(ringlane(["encap", ...ENDS, damaged, precious]).code).toBe(1);
    expect(json(["capture", "info", precious]).value.packets).toBeGreaterThan(5);
    expect(readdirSync(folder).sort()).toEqual(["damaged.pcap", "precious.pcapng"]);
  });

  it("drops a frame whose length on the wire is a lie, and goes on", () => {
    const folder = testFolder();
    const input = Buffer.concat([record(100, 0xffffffff), readFileSync(WEB_MIX).subarray(24)]);
    const out = join(folder, "out.pcap");
    const { code, stdout } = ringlane(["encap", ...ENDS, "--json", "-", out], { input });
    expect(code).toBe(1);
    expect(JSON.parse(stdout.toString())).toMatchObject({ packetsWritten: 1350, leftOut: { "too-long": 1 } });
  });

  it("drops by name what no buffer holds, and goes on", () => {
    const input = Buffer.concat([record(200_000, 200_000), readFileSync(WEB_MIX).subarray(24)]);
    expect(json(["capture", "info", "-"], input).value).toMatchObject({ packets: 1351 });
    expect(json(["dma", "-"], input).value).toMatchObject({ framesTooLong: 1, framesThatDiffer: 0 });
  });
});

describe("ringlane run", () => {
  it("replays a damaged capture up to the damage, says so and completes both files", () => {
    const folder = testFolder();
    writeFileSync(join(folder, "s.yaml"), ONE_LINK.replace("captures/web-mix.pcap", "cut.pcap"));
    writeFileSync(join(folder, "cut.pcap"), readFileSync(WEB_MIX).subarray(0, 500_000));
    const { code, stdout } = ringlane(["run", join(folder, "s.yaml"), "--out", join(folder, "out"), "--json"]);
    const report = JSON.parse(stdout.toString());
    expect([code, report.ok, report.damage.byteOffset > 490_000]).toEqual([1, false, true]);
    expect(report.comparison).toEqual({
      identical: report.framesIn,
      altered: 0,
      missing: 0,
      duplicated: 0,
      overtaken: 0,
    });
    expect(json(["capture", "info", report.files.delivered]).value.packets).toBe(report.framesIn);
  });

  it("prints one JSON object and writes both files", () => {
    const folder = testFolder();
    const { code, value } = json(["run", join(ROOT, "examples/two-hosts.yaml"), "--out", folder]);
    expect(code).toBe(0);
    expect(value).toMatchObject({ ok: true, unmet: [], framesIn: 2902, framesOut: 2900, descriptorsPerFrame: 1 });
    expect(json(["capture", "info", value.files.underlay]).value.packets).toBe(2900);
    // With the answer of a host to a question about an address.
    expect(json(["capture", "info", value.files.delivered]).value.packets).toBe(2901);
  });

  it("says on a page what became of three hosts' frames, and where they are", () => {
    const folder = testFolder();
    const args = ["run", join(ROOT, "examples/three-hosts.yaml"), "--out", folder];
    const { code, stdout, stderr } = ringlane(args);
    expect([code, stderr]).toEqual([0, ""]);
    const text = stdout.toString();
    expect(text.split("\n").length).toBeLessThanOrEqual(41);
    expect(text).toMatch(/^three hosts, two tenants with the same addresses, a firewall, and a VM that moves\n/);
    expect(text.match(/^✓ /gm)).toHaveLength(7);
    const underlay = join(folder, "underlay.pcapng");
    // What the page counts is in the file, and the command that it gives for it exists.
    const { packets } = json(["capture", "info", underlay]).value;
    expect(text).toContain(`${packets.toLocaleString("en-US")} frames on the wire`);
    const [, dissector = ""] = /^ {2}tshark -X lua_script:(\S+) -r \S+underlay\.pcapng -Y "[^"]+"$/m.exec(text) ?? [];
    expect(readFileSync(dissector, "utf8")).toContain('Proto("ringlane"');
    expect(text).toContain(`${underlay}  `);
    // README shows it as it is.
    const shown = text.replaceAll(folder, "out").replace(dissector, "tools/ringlane.lua");
    expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain(`\n${shown}`);
    expect(text).toContain(`${join(folder, "delivered.pcapng")}  `);
  });

  it("has all tables behind the page for who asks", () => {
    const folder = testFolder();
    const args = ["run", join(ROOT, "examples/three-hosts.yaml"), "--out", folder];
    const text = ringlane([...args, "--tables"]).stdout.toString();
    expect(text.startsWith("three hosts, two tenants")).toBe(true);
    const tables = text.slice(text.indexOf("frames in, out"));
    expect(tables).toMatch(
      /^denied ssh +30 of 30 dropped on alpha at web, 0 delivered; rule "no remote shells" \(line 28\)/m,
    );
    expect(tables).toMatch(/^via firewall +100 frames sent on from gamma$/m);
    expect(tables).toMatch(/^isolation +0 frames of one network given to a guest of another$/m);
    expect(tables).toMatch(/^store moves +from beta to gamma: queue pair (\d+), then \1; generation 1, then 2$/m);
    expect(tables).toMatch(
      /^orders +1,600 messages of 16 streams in 100 transfers, 16 in each; 82\.7 % of 123,790 bytes are payload, 52\.5 % one by one$/m,
    );
    expect(tables).toMatch(
      /^ +added delay p50 0 us, p99 0 us; SHA-256 equal at both ends: 16 of 16 streams, 102,400 bytes$/m,
    );
    expect(tables).toMatch(/^limited noisy +69 delivered, 1,931 refused as mbuf-limit$/m);
    expect(tables).toMatch(/^│ beta +│ db +│ noisy 10\.20\.0\.10 │ +16 │ +64 │ +64 │ +1,931 │ +2 │$/m);
  });

  it("exits with 1 and says why when something is not as the scenario says", () => {
    const folder = testFolder();
    const file = join(folder, "s.yaml");
    const flow = "flows: [{ from: web, to: db, port: 9000, count: 10, expect: denied }]\n";
    writeFileSync(file, `${ONE_LINK.replace(/replays:.*$/s, "")}${flow}`);
    const { code, stdout } = ringlane(["run", file, "--out", folder]);
    expect(code).toBe(1);
    expect(stdout.toString()).toContain("FAILED: 10 frames of udp 9000 were delivered, and were to be denied\n");
  });

  it("shrinks the faults of a scenario that fails to those that it takes, as a part of a scenario", () => {
    const folder = testFolder();
    const file = join(folder, "s.yaml");
    const text = `${ONE_LINK.replace(/replays:.*$/s, "")}flows: [{ from: web, to: db, port: 9000, count: 50 }]\n`;
    const harmless = "{ kind: impair, atMs: 5, forMs: 20, link: alpha.uplink, delayMs: 1 }";
    const cut = "{ kind: cut, atMs: 13.7, forMs: 22, link: beta.uplink, silent: true }";
    writeFileSync(file, `${text}seed: 5\nfaults:\n  - ${harmless}\n  - ${cut}\n`);
    const { code, stdout } = ringlane(["run", file, "--out", folder, "--shrink"]);
    expect(code).toBe(1);
    const [, part = ""] = stdout.toString().split("it fails with these of its faults, too:\n\n");
    expect(part).toMatch(/^seed: 5\nfaults:\n {2}- \{ kind: cut, atMs: \S+, .*link: "beta.uplink".* \}\n/);
    expect(part).not.toContain("impair");
    writeFileSync(file, `${text}${part}`);
    expect(json(["run", file, "--out", folder])).toMatchObject({ code: 1, value: { seed: 5, ok: false } });
  });

  it("refuses a bad scenario with its place and exit code 2", () => {
    const file = join(testFolder(), "bad.yaml");
    writeFileSync(file, "title: x\nnetworks:\n  blue: { vni: 42, mtu: 9 }\nhosts: {}\nreplays: []\n");
    const { code, stderr, stdout } = ringlane(["run", file]);
    expect(code).toBe(2);
    expect(stdout.toString()).toBe("");
    expect(stderr).toBe(`ringlane: ${file}:3:20: networks.blue.mtu: expected no such key\n`);
  });
});

describe("bad usage", () => {
  it.each([
    [[], 2],
    [["--help"], 0],
    [["frobnicate"], 2],
    [["encap", "a", "b"], 2],
    [["encap", "--vxlan", "--nvgre", "--vni", "5000", "--src", "192.0.2.1", "--dst", "192.0.2.2", WEB_MIX, "b"], 2],
    [["encap", "--vni", "5000", "--src", "192.0.2.1", "--dst", "192.0.2.2", WEB_MIX, "b"], 2],
    [["encap", "--nvgre", "--vni", "1", "--src", "192.0.2.1", "--dst", "192.0.2.2", WEB_MIX, "b"], 2],
    ...["1", "1:2:3", "1:300:", "1:2:00:", "1:2:00"].map((option): [string[], number] => [
      ["encap", "--geneve", "--option", option, "--vni", "1", "--src", "192.0.2.1", "--dst", "192.0.2.2", WEB_MIX, "b"],
      2,
    ]),
    [["encap", "--vxlan", "--vni", "x", "--src", "192.0.2.1", "--dst", "192.0.2.2", "a", "b"], 2],
    [["encap", "--vxlan", "--vni", "16777216", "--src", "192.0.2.1", "--dst", "192.0.2.2", WEB_MIX, "b"], 2],
    [["encap", "--vxlan", "--vni", "1", "--src", "192.0.2.1", "--dst", "2001:db8::1", WEB_MIX, "b"], 2],
    [["decap", "--json", WEB_MIX, "-"], 2],
    [["capture", "info", "/nonexistent/file"], 1],
    [["capture", "verify", ROOT], 1],
  ])("%j exits with %i and says why on stderr", (args, expected) => {
    const { code, stderr, stdout } = ringlane(args);
    expect(code).toBe(expected);
    expect(stderr.length + (expected === 0 ? stdout.length : 0)).toBeGreaterThan(10);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
