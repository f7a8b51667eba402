/** What tshark says of our communication management MADs in RoCEv2 frames: the right fields, and nothing to complain of. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCaptureWriter, LINKTYPE_ETHERNET } from "../../src/capture/index.js";
import {
  answerStray,
  type CmMad,
  type CmMessage,
  decodeCmMad,
  encodeCmMad,
  encodeIpService,
  ipServiceId,
} from "../../src/rdma/cm/index.js";
import { concat, counting } from "../helpers/bytes.js";
import { rpingMads, withMad } from "../helpers/cm.js";
import { has } from "../helpers/command.js";
import { testFolder } from "../helpers/files.js";
import { tsharkFields } from "../helpers/tshark.js";
import { CONNECT, Pair } from "../rdma/cm/pair.js";

const COMPLAINTS = ["_ws.expert.severity", "_ws.expert.message", "_ws.malformed"];
const CLEAN = ["", "", ""];

/** A row of fields a MAD; complaints come last. */
async function dissect(mads: readonly Uint8Array[], fields: readonly string[]): Promise<string[][]> {
  const [real] = await rpingMads();
  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter("pcap", { sink: (chunk) => void chunks.push(chunk) });
  writer.addInterface({ linkType: LINKTYPE_ETHERNET });
  for (const mad of mads) writer.write({ timestampNs: 0n, data: withMad(real?.frame as Uint8Array, mad) });
  await writer.close();
  const file = join(testFolder(), "cm.pcap");
  writeFileSync(file, concat(...chunks));
  return tsharkFields(file, [...fields, ...COMPLAINTS]);
}

const CM = "infiniband.cm";
const IDS = { localCommunicationId: 0x01020304, remoteCommunicationId: 0x05060708 };
const TRANSACTION = 0x1122334455667788n;

/** Fields under a prefix, and the values that are to stand in them. */
async function expectFields(
  message: CmMessage,
  prefix: string,
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  const names = Object.keys(fields).map((name) => `${CM}.${prefix}.${name}`);
  const [row] = await dissect([encodeCmMad({ transactionId: TRANSACTION, message })], names);
  expect(row).toEqual([...Object.values(fields), ...CLEAN]);
}

describe.skipIf(!has("tshark"))("tshark on the communication manager", () => {
  it("has nothing to complain of in what two ends say", async () => {
    const pair = new Pair();
    pair.open();
    pair.runTo(10);
    pair.act("active", pair.ends.active.disconnect(10));
    const other = new Pair();
    other.ends.passive.listen();
    other.act("active", other.ends.active.connect({ ...CONNECT, local: "2001:db8::1", remote: "2001:db8::2" }, 0));
    other.runTo(10);
    other.act("passive", other.ends.passive.delay(20, 10));
    other.act("passive", other.ends.passive.reject("no-resources", 10, counting(148)));
    const lap = encodeCmMad({ transactionId: 1n, message: { type: "LAP", ...IDS } });
    pair.runTo(20);
    const mads = [...pair.sent, ...other.sent].map(({ mad }) => mad);
    const rows = await dissect(
      [...mads, answerStray(decodeCmMad(lap) as CmMad) as Uint8Array],
      ["frame.protocols", "infiniband.mad.attributeid"],
    );
    const attributes = [0x10, 0x13, 0x14, 0x15, 0x16, 0x10, 0x11, 0x12, 0x1a];
    expect(rows.map(([, attribute]) => Number(attribute))).toEqual(attributes);
    for (const [protocols, , ...complaints] of rows) {
      expect(protocols).toBe("eth:ethertype:ip:udp:infiniband");
      expect(complaints).toEqual(CLEAN);
    }
  });

  it("reads REQ as it was meant", async () => {
    const [real] = await rpingMads();
    const { message } = decodeCmMad(real?.mad as Uint8Array) as CmMad;
    if (message.type !== "REQ") throw new Error(message.type);
    const header = {
      majorVersion: 0,
      minorVersion: 0,
      sourcePort: 0xfedc,
      source: "192.0.2.1",
      destination: "192.0.2.2",
    };
    const req = {
      ...message,
      ...{
        serviceId: ipServiceId(0x1234),
        localCaGuid: 0xfedcba9876543210n,
        localQkey: 0x01020304,
        localQpn: 0xabcdef,
      },
      ...{ responderResources: 3, initiatorDepth: 4, localEecn: 5, remoteEecn: 6 },
      ...{ remoteCmResponseTimeout: 17, transportServiceType: 1, endToEndFlowControl: true, startingPsn: 0xfedcba },
      ...{ localCmResponseTimeout: 18, retryCount: 5, partitionKey: 0x8001, pathPacketPayloadMtu: 4, rdcExists: true },
      ...{ rnrRetryCount: 6, maxCmRetries: 9, srq: true, extendedTransportType: 1 },
      privateData: encodeIpService(header, counting(56)),
    };
    // Flow label and packet rate are not asked for: this tshark takes them from the wrong bits.
    await expectFields(req, "req", {
      "serviceid.protocol": "0x06",
      "serviceid.dport": "0x1234",
      localcaguid: "0xfedcba9876543210",
      localqkey: "0x01020304",
      localqpn: "0xabcdef",
      responderres: "0x03",
      localeecn: "0x000005",
      initdepth: "0x04",
      remoteeecn: "0x000006",
      remoteresptout: "0x11",
      transpsvctype: "0x01",
      e2eflowctrl: "0x01",
      startpsn: "0xfedcba",
      localresptout: "0x12",
      retrcount: "0x05",
      pkey: "0x8001",
      pppmtu: "0x04",
      rdcexist: "0x01",
      rnrretrcount: "0x06",
      maxcmretr: "0x09",
      srq: "0x01",
      ext_transport: "0x01",
      prim_hoplim: "0x40",
      prim_localacktout: "0x13",
      "ip_cm.ipv": "0x04",
      "ip_cm.sport": "0xfedc",
      "ip_cm.sip4": "192.0.2.1",
      "ip_cm.dip4": "192.0.2.2",
    });
  });

  it("reads REP, REJ and DREQ as they were meant", async () => {
    const rep = {
      type: "REP",
      ...{ ...IDS, localQkey: 0x0a0b0c0d, localQpn: 0xabcdef, localEecn: 0x123456, startingPsn: 0xfedcba },
      ...{
        responderResources: 3,
        initiatorDepth: 4,
        targetAckDelay: 21,
        failoverAccepted: 2,
        endToEndFlowControl: true,
      },
      ...{ rnrRetryCount: 5, srq: true, localCaGuid: 0xfedcba9876543210n, privateData: counting(196) },
    } as const;
    await expectFields(rep, "rep", {
      remotecommid: "0x05060708",
      localqkey: "0x0a0b0c0d",
      localqpn: "0xabcdef",
      localeecn: "0x123456",
      startpsn: "0xfedcba",
      respres: "0x03",
      initdepth: "0x04",
      tgtackdelay: "0x15",
      failoveracc: "0x02",
      e2eflowctrl: "0x01",
      rnrretrcount: "0x05",
      srq: "0x01",
      localcaguid: "0xfedcba9876543210",
    });
    const rest = { messageRejected: 1, reason: 28, additionalInfo: counting(3), privateData: counting(148) };
    await expectFields({ type: "REJ", ...IDS, ...rest }, "rej", {
      localcommid: "0x01020304",
      remotecommid: "0x05060708",
      msgrej: "0x01",
      rejinfolen: "0x03",
      reason: "0x001c",
    });
    await expectFields({ type: "DREQ", ...IDS, remoteQpn: 0xabcdef, privateData: counting(220) }, "dreq", {
      localcommid: "0x01020304",
      remotecommid: "0x05060708",
    });
  });
});
