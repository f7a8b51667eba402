import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineClosed } from "../../src/errors.js";
import { createGqpCodec, type GqpCodec } from "../../src/gqp/codec.js";
import { controlPacket } from "../../src/gqp/control-packet.js";
import { counting, patched } from "../helpers/bytes.js";
import { BUILDS, wasmBytes } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { FORMS, NUMBERS, ROCE_V4, recordOf } from "../helpers/gqp.js";
import { encapsulate } from "../model/gqp.js";

const INNER = f.ethernet(f.ipv4(f.udp(counting(77))));

describe.each(BUILDS)("the codec (%s build)", (build) => {
  let codec: GqpCodec;
  beforeAll(async () => {
    codec = await createGqpCodec({ wasm: wasmBytes(build) });
  });
  afterAll(() => codec.close());

  const tunnelOf = (outer: Parameters<typeof recordOf>[0]) => ({ record: recordOf(outer), headerBytes: 0 });

  test.each(FORMS)("%s: there and back", (_, outer) => {
    const made = codec.encapsulate({ data: INNER }, tunnelOf(outer), NUMBERS);
    const { bytes, wire } = encapsulate(INNER, outer, NUMBERS);
    expect(made).toEqual({ cause: undefined, data: bytes, originalLength: wire });
    expect(codec.open(made, outer.form, 4242)).toEqual({
      cause: undefined,
      data: INNER,
      originalLength: INNER.length,
      isControl: false,
      numbers: NUMBERS,
      vni: 4242,
    });
    expect(codec.open(made, outer.form, 1)).toMatchObject({ cause: "unknown-vni", data: bytes, numbers: undefined });
  });

  test("the longest frame, a cut one, and one too long", () => {
    const cut = codec.encapsulate(
      { data: INNER.subarray(0, 60), originalLength: INNER.length },
      tunnelOf(ROCE_V4),
      NUMBERS,
    );
    expect(cut).toMatchObject({ cause: undefined, originalLength: 66 + INNER.length + 1 + 4 });
    const longest = f.ethernet(f.layer3(0x88b5, new Uint8Array(4092 - 14)));
    const made = codec.encapsulate({ data: longest }, tunnelOf(ROCE_V4), NUMBERS);
    expect(codec.open(made, "rocev2").data.length).toBe(4092);
    const over = f.ethernet(f.layer3(0x88b5, new Uint8Array(4093 - 14)));
    expect(codec.encapsulate({ data: over }, tunnelOf(ROCE_V4), NUMBERS)).toMatchObject({ cause: "too-big" });
  });

  test("a control message's payload", () => {
    const packet = controlPacket(counting(61), { local: "192.0.2.1", remote: "192.0.2.2", psn: 3 });
    expect(codec.open({ data: packet }, "rocev2", 4242)).toEqual({
      cause: undefined,
      data: counting(61),
      originalLength: 61,
      isControl: true,
      numbers: { destQpn: 0xfffffe, sourceQpn: 0xfffffe, psn: 3 },
      vni: undefined,
    });
    expect(codec.open({ data: patched(packet, 60, 1) }, "rocev2").cause).toBe("ib-icrc");
  });

  test("bad arguments are named, and a closed codec says so", async () => {
    const tunnel = tunnelOf(ROCE_V4);
    const data = INNER;
    for (const [run, argument] of [
      [() => codec.encapsulate({ data }, tunnel, { ...NUMBERS, destQpn: 2 ** 24 }), "destQpn"],
      [() => codec.encapsulate({ data }, tunnel, { ...NUMBERS, sourceQpn: -1 }), "sourceQpn"],
      [() => codec.encapsulate({ data }, tunnel, { ...NUMBERS, psn: 0.5 }), "psn"],
      [() => codec.encapsulate({ data, originalLength: 5 }, tunnel, NUMBERS), "originalLength"],
      [() => codec.open({ data: new Uint8Array(65_600) }, "rocev2"), "data.length"],
      [() => codec.open({ data }, "vxlan" as "rocev2"), "form"],
      [() => codec.open({ data }, "rocev2", 2 ** 24), "vni"],
    ] as const) {
      expect(run).toThrowError(expect.objectContaining({ argument }));
    }
    const closed = await createGqpCodec({ wasm: wasmBytes(build) });
    closed.close();
    expect(() => closed.open({ data }, "rocev2")).toThrowError(EngineClosed);
  });
});
