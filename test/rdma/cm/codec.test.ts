import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  type CmMad,
  type CmMessage,
  type CmPath,
  decodeCmMad,
  decodeIpService,
  encodeCmMad,
  encodeIpService,
  ipServiceId,
  ipServicePort,
  REJ_REASON,
  rejReasonName,
} from "../../../src/rdma/cm/index.js";
import { concat, counting, patched } from "../../helpers/bytes.js";
import { rpingMads } from "../../helpers/cm.js";
import { holds, Random } from "../../helpers/property.js";

const bits = (width: number) => fc.integer({ min: 0, max: 2 ** width - 1 });
const room = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const ids = { localCommunicationId: bits(32), remoteCommunicationId: bits(32) };

const path: fc.Arbitrary<CmPath> = fc.record({
  localLid: bits(16),
  remoteLid: bits(16),
  localGid: room(16),
  remoteGid: room(16),
  flowLabel: bits(20),
  packetRate: bits(6),
  trafficClass: bits(8),
  hopLimit: bits(8),
  sl: bits(4),
  subnetLocal: fc.boolean(),
  localAckTimeout: bits(5),
});

const message: fc.Arbitrary<CmMessage> = fc.oneof(
  fc.record({
    type: fc.constant("REQ" as const),
    localCommunicationId: bits(32),
    serviceId: u64,
    localCaGuid: u64,
    localQkey: bits(32),
    localQpn: bits(24),
    responderResources: bits(8),
    localEecn: bits(24),
    initiatorDepth: bits(8),
    remoteEecn: bits(24),
    remoteCmResponseTimeout: bits(5),
    transportServiceType: bits(2),
    endToEndFlowControl: fc.boolean(),
    startingPsn: bits(24),
    localCmResponseTimeout: bits(5),
    retryCount: bits(3),
    partitionKey: bits(16),
    pathPacketPayloadMtu: bits(4),
    rdcExists: fc.boolean(),
    rnrRetryCount: bits(3),
    maxCmRetries: bits(4),
    srq: fc.boolean(),
    extendedTransportType: bits(3),
    primary: path,
    alternate: path,
    sapSupported: fc.boolean(),
    privateData: room(92),
  }),
  fc.record({
    type: fc.constant("REP" as const),
    ...ids,
    localQkey: bits(32),
    localQpn: bits(24),
    localEecn: bits(24),
    startingPsn: bits(24),
    responderResources: bits(8),
    initiatorDepth: bits(8),
    targetAckDelay: bits(5),
    failoverAccepted: bits(2),
    endToEndFlowControl: fc.boolean(),
    rnrRetryCount: bits(3),
    srq: fc.boolean(),
    localCaGuid: u64,
    privateData: room(196),
  }),
  fc.record({
    type: fc.constant("MRA" as const),
    ...ids,
    messageMraed: bits(2),
    serviceTimeout: bits(5),
    privateData: room(222),
  }),
  fc.record({
    type: fc.constant("REJ" as const),
    ...ids,
    messageRejected: bits(2),
    reason: bits(16),
    additionalInfo: fc.uint8Array({ maxLength: 72 }),
    privateData: room(148),
  }),
  fc.record({ type: fc.constant("RTU" as const), ...ids, privateData: room(224) }),
  fc.record({ type: fc.constant("DREP" as const), ...ids, privateData: room(224) }),
  fc.record({ type: fc.constant("DREQ" as const), ...ids, remoteQpn: bits(24), privateData: room(220) }),
  fc.record({ type: fc.constant("LAP" as const), ...ids }),
  fc.record({ type: fc.constant("APR" as const), ...ids, status: bits(8) }),
);

const RTU: CmMad = {
  transactionId: 0x0102030405060708n,
  message: {
    type: "RTU",
    localCommunicationId: 0xf1f2f3f4,
    remoteCommunicationId: 0xe1e2e3e4,
    privateData: counting(224),
  },
};

describe("MADs", () => {
  it("what is encoded is decoded", () => {
    holds(
      fc.property(u64, message, (transactionId, said) => {
        expect(decodeCmMad(encodeCmMad({ transactionId, message: said }))).toEqual({ transactionId, message: said });
      }),
      1_000,
    );
  });

  it("are 256 bytes, byte for byte", () => {
    const header = [1, 7, 2, 3, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x14, 0, 0, 0, 0, 0, 0];
    const ids = [0xf1, 0xf2, 0xf3, 0xf4, 0xe1, 0xe2, 0xe3, 0xe4];
    expect(encodeCmMad(RTU)).toEqual(concat(header, ids, counting(224)));
  });

  it("private data may be shorter, and not longer", () => {
    const short = { ...RTU, message: { ...RTU.message, privateData: counting(5) } } as CmMad;
    expect(decodeCmMad(encodeCmMad(short))).toMatchObject({
      message: { privateData: concat(counting(5), new Uint8Array(219)) },
    });
    const long = { ...RTU, message: { ...RTU.message, privateData: counting(225) } } as CmMad;
    expect(() => encodeCmMad(long)).toThrow("privateData.length is 225; it must be a whole number from 0 to 224");
  });

  it("a field out of its bounds is named", async () => {
    const { message: said } = decodeCmMad((await rpingMads())[0]?.mad as Uint8Array) as CmMad;
    if (said.type !== "REQ") throw new Error(said.type);
    const encode = (change: object) => () => encodeCmMad({ transactionId: 1n, message: { ...said, ...change } });
    expect(encode({ startingPsn: 0x1000000 })).toThrow("startingPsn is 16777216");
    expect(encode({ retryCount: 8 })).toThrow("retryCount is 8");
    expect(encode({ serviceId: -1n })).toThrow("serviceId");
    expect(encode({ srq: 1 })).toThrow("srq");
    expect(encode({ primary: { ...said.primary, flowLabel: 0x100000 } })).toThrow("primary.flowLabel");
  });

  const mad = encodeCmMad(RTU);
  const rej: CmMad["message"] = {
    type: "REJ",
    localCommunicationId: 1,
    remoteCommunicationId: 2,
    messageRejected: 0,
    reason: 28,
    additionalInfo: counting(72),
    privateData: counting(148),
  };
  test.each([
    ["bad-length", mad.subarray(0, 255)],
    ["bad-length", concat(mad, [0])],
    ["bad-length", new Uint8Array()],
    ["bad-base-version", patched(mad, 0, 2)],
    ["other-class", patched(mad, 1, 3)],
    ["bad-class-version", patched(mad, 2, 1)],
    ["bad-method", patched(mad, 3, 1)],
    ["unknown-attribute", patched(mad, 17, 0x17)],
    ["unknown-attribute", patched(mad, 16, 1)],
    ["bad-length-field", patched(encodeCmMad({ transactionId: 1n, message: rej }), 24 + 9, 73 << 1)],
  ])("%s", (cause, bad) => {
    expect(decodeCmMad(bad)).toBe(cause);
  });

  it("10,000 mutations give a message or a cause, and a message is written and read again as it is", async () => {
    const random = new Random();
    const real = (await rpingMads()).map(({ mad }) => mad);
    const seen = new Set<string>();
    for (let i = 0; i < 10_000; i++) {
      const bad = random.below(4) === 0 ? random.bytes(256) : random.pick(real).slice();
      if (random.below(2) === 0) bad.set(random.pick(real).subarray(0, 16));
      if (random.below(2) === 0) bad[17] = random.between(0x0f, 0x1b);
      for (let n = random.below(6); n > 0; n--) bad[random.below(random.pick([40, 256]))] = random.below(256);
      const got = decodeCmMad(random.below(16) === 0 ? bad.subarray(0, random.below(257)) : bad);
      seen.add(typeof got === "string" ? got : got.message.type);
      if (typeof got !== "string") expect(decodeCmMad(encodeCmMad(got))).toEqual(got);
    }
    const causes = ["bad-base-version", "bad-class-version", "bad-length", "bad-length-field", "bad-method"];
    const types = ["APR", "DREP", "DREQ", "LAP", "MRA", "REJ", "REP", "REQ", "RTU"];
    expect([...seen].sort()).toEqual([...types, ...causes, "other-class", "unknown-attribute"]);
  });
});

describe("the RDMA IP CM service", () => {
  it("has TCP and UDP ports as service ids", () => {
    expect(ipServiceId(7174)).toBe(0x0000000001061c06n);
    expect(ipServiceId(53, "udp")).toBe(0x0000000001110035n);
    expect(ipServicePort(0x0000000001110035n)).toEqual({ portSpace: "udp", port: 53 });
    expect(ipServicePort(0x0100000001110035n)).toBeUndefined();
    expect(() => ipServiceId(65536)).toThrow("port");
  });

  const V6 = { majorVersion: 0, minorVersion: 0, sourcePort: 0xfedc, source: "2001:db8::1", destination: "fe80::2" };
  it.each([V6, { ...V6, source: "192.0.2.1", destination: "192.0.2.2" }])("carries $source", (header) => {
    const data = encodeIpService(header, counting(56));
    expect(data.length).toBe(92);
    expect(decodeIpService(data)).toEqual({ header, consumerData: counting(56) });
  });

  it("is not read where it does not stand", () => {
    const data = encodeIpService(V6);
    expect(decodeIpService(data.subarray(0, 35))).toBe("truncated");
    expect(decodeIpService(patched(data, 0, 0x10))).toBe("bad-version");
    expect(decodeIpService(patched(data, 1, 0x50))).toBe("bad-ip-version");
    expect(() => encodeIpService({ ...V6, source: "192.0.2.1" })).toThrow("destination");
    expect(() => encodeIpService(V6, counting(57))).toThrow("privateData.length");
  });
});

it("reasons have names", () => {
  for (const [name, code] of Object.entries(REJ_REASON)) expect(rejReasonName(code)).toBe(name);
  expect(rejReasonName(8)).toBe("invalid-service-id");
  expect(rejReasonName(34)).toBe("reason-34");
});
