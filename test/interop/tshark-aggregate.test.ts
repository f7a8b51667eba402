/** What tools/ringlane.lua shows in tshark of aggregates in transfers over a reliable connection. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCaptureWriter } from "../../src/capture/index.js";
import { encodeControls } from "../../src/rdma/aggregator/control.js";
import { immOf } from "../../src/rdma/aggregator/transfer.js";
import { concat, counting, hex } from "../helpers/bytes.js";
import { has } from "../helpers/command.js";
import { exampleCapture, ROOT, testFolder } from "../helpers/files.js";
import { type RcOptions, rcFrame } from "../helpers/roce-rc.js";
import { tsharkFields } from "../helpers/tshark.js";
import { packMessages, type StreamMessage } from "../model/stream.js";

const LUA = ["-X", `lua_script:${join(ROOT, "tools/ringlane.lua")}`];
const NAMED = [...LUA, "-o", "ringlane_aggregate.qps:3-5,0x11"];
const GUESS = [...LUA, "-o", "ringlane_aggregate.guess:TRUE"];
const SEND_ONLY = 0x04;
const SEND_ONLY_IMMEDIATE = 0x05;
const WRITE_ONLY = 0x0a;
const WRITE_ONLY_IMMEDIATE = 0x0b;
const FIELDS = ["stream", "sequence", "flags", "length", "data"].map((name) => `ringlane.aggregate.${name}`);
const PROTOCOLS = "eth:ethertype:ip:udp:infiniband";

const MESSAGES: readonly StreamMessage[] = [
  { stream: 7, sequence: 0xffff, flags: 8, data: hex("0102030405") },
  { stream: 0x1234, sequence: 3, flags: 5, data: hex("aa") },
  { stream: 7, sequence: 0, flags: 0, data: hex("0607") },
  { stream: 9, sequence: 1, flags: 2, data: hex("") },
];
const BYTES = packMessages(MESSAGES, 1000).bytes;
const SHOWN = ["7,4660,7,9", "65535,3,0,1", "0x0008,0x0005,0x0000,0x0002", "5,1,2,0", "0102030405,aa,0607"];

async function capture(frames: readonly Uint8Array[]): Promise<string> {
  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter("pcap", { sink: (chunk) => void chunks.push(chunk) });
  writer.addInterface({ linkType: 1 });
  for (const data of frames) writer.write({ timestampNs: 0n, data });
  await writer.close();
  const file = join(testFolder(), "aggregates.pcap");
  writeFileSync(file, concat(...chunks));
  return file;
}

describe.skipIf(!has("tshark"))("tools/ringlane.lua on aggregates", () => {
  const only = (payload: Uint8Array, opcode = WRITE_ONLY, destQpn = 0x11) =>
    rcFrame(payload, { opcode, destQpn, psn: 1 });

  it.each([
    ["SEND_ONLY", SEND_ONLY],
    ["SEND_ONLY with immediate", SEND_ONLY_IMMEDIATE],
    ["WRITE_ONLY", WRITE_ONLY],
    ["WRITE_ONLY with immediate", WRITE_ONLY_IMMEDIATE],
  ])("%s to a named queue pair: each sub-frame's fields, whatever the pad", async (_, opcode) => {
    const padded = [0, 1, 2, 3].map((n) =>
      packMessages([...MESSAGES, { stream: 1, sequence: 1, flags: 0, data: counting(n + 1) }], 1000),
    );
    const file = await capture([only(BYTES, opcode, 4), ...padded.map(({ bytes }) => only(bytes, opcode))]);
    const rows = tsharkFields(
      file,
      ["frame.protocols", "_ws.expert.severity", "ringlane.aggregate.count", ...FIELDS],
      NAMED,
    );
    expect(rows[0]).toEqual([`${PROTOCOLS}:ringlane_aggregate`, "", "4", ...SHOWN]);
    expect(rows.slice(1).map((row) => row.slice(1, 3))).toEqual(Array(4).fill(["", "5"]));
  });

  it("says what a packet holds", async () => {
    const rows = tsharkFields(await capture([only(BYTES)]), ["_ws.col.Protocol", "_ws.col.Info"], NAMED);
    expect(rows).toEqual([["ringlane", "Aggregate: 4 sub-frames of 3 streams"]]);
    const flags = ["more", "fin", "rst", "urgent"].map((name) => `ringlane.aggregate.${name}`);
    expect(tsharkFields(await capture([only(BYTES)]), flags, NAMED)).toEqual([
      ["1,0,0,0", "0,1,0,0", "0,0,0,1", "0,1,0,0"],
    ]);
  });

  it.each([
    ["ends inside a sub-header", hex("0001 0000 00")],
    ["a message's length beyond the transfer", hex("0001 0000 0003 01")],
    ["more than one of MORE, FIN and RST", hex("0001 0000 c001 01")],
    ["RST with bytes", hex("0001 0000 2001 01")],
    ["length 0 where under 4096 bytes are left", hex("0001 0000 0000 01")],
  ])("malformed: %s", async (why, tail) => {
    const frames = [WRITE_ONLY, SEND_ONLY].flatMap((opcode) => [
      only(tail, opcode),
      only(concat(BYTES, tail), opcode),
      only(BYTES, opcode),
    ]);
    const file = await capture(frames);
    const rows = tsharkFields(file, ["_ws.expert.message", "_ws.expert.group", "ringlane.aggregate.count"], NAMED);
    const said = `Malformed aggregate: ${why}`;
    const malformed = String(0x07000000);
    const three = [
      [said, malformed, "0"],
      [said, malformed, "4"],
      ["", "", "4"],
    ];
    expect(rows).toEqual([...three, ...three]);
  });

  it("puts transfers of several packets together, of two connections at a time; with one lost, shows parts", async () => {
    const long = packMessages([...MESSAGES, { stream: 2, sequence: 2, flags: 0, data: counting(4096) }], 9000).bytes;
    const cut = (first: number, destQpn: number, [a = 0, b = 0, c = 0]: number[]) =>
      [
        [a, 0, 1024],
        [b, 1024, 3072],
        [c, 3072, long.length],
      ].map(([opcode = 0, from, to], i) => {
        const options: RcOptions = { opcode, destQpn, psn: (first + i) & 0xffffff, transferBytes: long.length };
        return rcFrame(long.subarray(from, to), options);
      });
    const write = cut(0xfffffe, 3, [0x06, 0x07, 0x08]);
    const send = cut(5, 4, [0x00, 0x01, 0x03]);
    const lost = cut(9, 5, [0x06, 0x07, 0x08]);
    const frames = [write[0], send[0], write[1], send[1], send[2], write[2], lost[0], lost[2]] as Uint8Array[];
    const file = await capture(frames);
    const rows = tsharkFields(file, ["_ws.col.Info", "ringlane.aggregate.length"], NAMED);
    const part = ["Part of a transfer", ""];
    const whole = ["Aggregate: 5 sub-frames of 4 streams", "5,1,2,0,0"];
    expect(rows).toEqual([part, part, part, part, whole, whole, part, part]);
    // In two passes, as Wireshark does it.
    expect(tsharkFields(file, ["_ws.col.Info", "ringlane.aggregate.length"], [...NAMED, "-2"])).toEqual(rows);
  });

  it("shows what a session says beside aggregates, by the immediate", async () => {
    const records = encodeControls([
      { type: "open", stream: 3, value: 50_000 * 65_536 + 80 },
      { type: "credit", stream: 4, value: 4096 },
      { type: "closed", stream: 5, value: 0 },
    ]);
    const control = {
      opcode: SEND_ONLY_IMMEDIATE,
      destQpn: 4,
      psn: 1,
      imm: immOf({ kind: "control", bytes: records }),
    };
    const whole = counting(2000);
    const wholeImm = (stream: number, sequence: number) => immOf({ kind: "whole", stream, sequence, bytes: whole });
    const file = await capture([
      rcFrame(records, control),
      rcFrame(counting(9), { ...control, imm: wholeImm(7, 0x12345) }),
      rcFrame(whole.subarray(0, 1024), { ...control, opcode: 0x00, psn: 2 }),
      rcFrame(whole.subarray(1024), { ...control, opcode: 0x03, psn: 3, imm: wholeImm(8, 5) }),
    ]);
    const fields = ["type", "stream", "from_port", "port", "credit", "sequence"].map(
      (name) => `ringlane.session.${name}`,
    );
    const rows = tsharkFields(file, ["_ws.col.Info", ...fields, "_ws.expert.severity"], NAMED);
    expect(rows).toEqual([
      ["Session: open 3, credit 4, closed 5", "1,4,5", "3,4,5", "50000", "80", "4096", "", ""],
      ["Stream 7, 9 bytes", "", "7", "", "", "", "837", ""],
      ["Part of a transfer", "", "", "", "", "", "", ""],
      ["Stream 8, 2000 bytes", "", "8", "", "", "", "5", ""],
    ]);
  });

  it("guesses only when told to, and only what reads as two sub-frames or more", async () => {
    const one = packMessages(MESSAGES.slice(0, 1), 100).bytes;
    const frames = [only(BYTES, SEND_ONLY, 99), only(one, SEND_ONLY, 99), only(counting(80), WRITE_ONLY, 99)];
    const file = await capture(frames);
    const protocols = (options: readonly string[]) =>
      tsharkFields(file, ["frame.protocols"], options).map(([text = ""]) => text.endsWith(":ringlane_aggregate"));
    expect(protocols(LUA)).toEqual([false, false, false]);
    expect(protocols(NAMED)).toEqual([false, false, false]);
    expect(protocols(GUESS)).toEqual([true, false, false]);
  });

  it("takes nothing of other peers' traffic for an aggregate", () => {
    for (const name of ["rocev2-rc-pingpong.pcap", "rocev2-write.pcap", "rocev2-ud-pingpong.pcap"]) {
      const rows = tsharkFields(exampleCapture(name), ["frame.protocols"], [...GUESS, "-Y", "ringlane_aggregate"]);
      expect(rows, name).toEqual([]);
    }
  });
});
