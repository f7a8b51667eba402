/** Two Linux hosts' rping beside our machine: what the kernel said, byte for byte, with its own choices handed in. */
import { expect, it } from "vitest";
import {
  type CmAction,
  CmConnection,
  type CmIdentity,
  type CmMad,
  type ConnectOptions,
  decodeCmMad,
  decodeIpService,
  encodeCmMad,
  ipServicePort,
} from "../../../src/rdma/cm/index.js";
import { hex, u16At } from "../../helpers/bytes.js";
import { rpingMads, withMad } from "../../helpers/cm.js";
import { roceFrames } from "../../helpers/roce.js";

/** What each kernel chose by itself: ids, GUID, queue pair, and the PSN that it wants to hear first. */
const CLIENT: CmIdentity = {
  localCommunicationId: 0xf96822af,
  transactionId: 0x00000002af2268f9n,
  caGuid: 0x505400fffe000001n,
};
const SERVER: CmIdentity = {
  localCommunicationId: 0x299e82fc,
  transactionId: 0x00000002fc829e29n,
  caGuid: 0x505400fffe000002n,
};
const QPN = 0x19;
const CLIENT_PSN = 0x178645;
const SERVER_PSN = 0xfe0726;
/** rping's port, the client's port and the kernel's flow label; all else is the default. */
const CONNECT: ConnectOptions = {
  service: { port: 7174, sourcePort: 0xad9e },
  local: "10.9.0.1",
  remote: "10.9.0.2",
  qpn: QPN,
  startingPsn: CLIENT_PSN,
  flowLabel: 0x52228,
};

const [req, rep, rtu, dreq, drep] = (await rpingMads()).map(({ mad }) => mad) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

function sent(actions: readonly CmAction[]): Uint8Array[] {
  return actions.flatMap((action) => (action.type === "send" ? [action.mad] : []));
}

function others(actions: readonly CmAction[]): CmAction[] {
  return actions.filter(({ type }) => type !== "send");
}

it("reads every MAD, and writes it again byte for byte", async () => {
  const mads = await rpingMads();
  const decoded = mads.map(({ mad }) => decodeCmMad(mad) as CmMad);
  expect(decoded.map(({ message }) => message.type)).toEqual(["REQ", "REP", "RTU", "DREQ", "DREP"]);
  for (const [i, { mad, frame }] of mads.entries()) {
    expect(encodeCmMad(decoded[i] as CmMad)).toEqual(mad);
    expect(withMad(frame, mad)).toEqual(frame);
  }
});

it("reads in the REQ what rping asked for", () => {
  const { message } = decodeCmMad(req) as CmMad;
  if (message.type !== "REQ") throw new Error(message.type);
  expect(ipServicePort(message.serviceId)).toEqual({ portSpace: "tcp", port: 7174 });
  expect(decodeIpService(message.privateData)).toEqual({
    header: { majorVersion: 0, minorVersion: 0, sourcePort: 44446, source: "10.9.0.1", destination: "10.9.0.2" },
    consumerData: new Uint8Array(56),
  });
  const { privateData, alternate, primary, ...rest } = message;
  expect(rest).toEqual({
    type: "REQ",
    localCommunicationId: 0xf96822af,
    serviceId: 0x1061c06n,
    localCaGuid: 0x505400fffe000001n,
    localQkey: 0,
    localQpn: 0x19,
    responderResources: 1,
    localEecn: 0,
    initiatorDepth: 1,
    remoteEecn: 0,
    remoteCmResponseTimeout: 20,
    transportServiceType: 0,
    endToEndFlowControl: false,
    startingPsn: 0x178645,
    localCmResponseTimeout: 20,
    retryCount: 7,
    partitionKey: 0xffff,
    pathPacketPayloadMtu: 3,
    rdcExists: false,
    rnrRetryCount: 7,
    maxCmRetries: 15,
    srq: false,
    extendedTransportType: 0,
    sapSupported: false,
  });
  expect(primary).toEqual({
    localLid: 0xffff,
    remoteLid: 0xffff,
    localGid: hex("00000000 00000000 0000ffff 0a090001"),
    remoteGid: hex("00000000 00000000 0000ffff 0a090002"),
    flowLabel: 0x52228,
    packetRate: 0,
    trafficClass: 0,
    hopLimit: 64,
    sl: 0,
    subnetLocal: false,
    localAckTimeout: 19,
  });
});

it("passive: answers the real client as the real server did", () => {
  const server = new CmConnection(SERVER);
  server.listen({ serviceId: 0x1061c06n });
  const requested = server.receive(req, 0);
  expect(requested).toMatchObject([{ type: "requested", req: { localQpn: QPN } }]);
  const accepted = server.accept({ qpn: QPN, startingPsn: SERVER_PSN }, 5);
  expect(sent(accepted)).toEqual([rep]);
  expect(others(accepted)).toEqual([
    {
      type: "qp",
      state: "RTR",
      parameters: { destQpn: QPN, rqPsn: SERVER_PSN, pathMtuBytes: 1024, maxDestRdAtomic: 1 },
    },
  ]);
  expect(server.receive(rtu, 10)).toEqual([
    {
      type: "qp",
      state: "RTS",
      parameters: { sqPsn: CLIENT_PSN, maxRdAtomic: 1, timeout: 19, retryCount: 7, rnrRetryCount: 7 },
    },
    { type: "established", privateData: new Uint8Array(224) },
  ]);
  const released = server.receive(dreq, 20);
  expect(sent(released)).toEqual([drep]);
  expect(others(released)).toMatchObject([
    { type: "qp", state: "ERROR" },
    { type: "disconnected", by: "peer", reason: "requested" },
  ]);
  expect(server.state).toBe("TIMEWAIT");
});

it("active: says to the real server what the real client said", () => {
  const client = new CmConnection(CLIENT);
  expect(client.connect(CONNECT, 0)).toEqual([{ type: "send", mad: req }]);
  const established = client.receive(rep, 10);
  expect(sent(established)).toEqual([rtu]);
  expect(others(established)).toEqual([
    {
      type: "qp",
      state: "RTR",
      parameters: { destQpn: QPN, rqPsn: CLIENT_PSN, pathMtuBytes: 1024, maxDestRdAtomic: 1 },
    },
    {
      type: "qp",
      state: "RTS",
      parameters: { sqPsn: SERVER_PSN, maxRdAtomic: 1, timeout: 19, retryCount: 7, rnrRetryCount: 7 },
    },
    { type: "established", privateData: new Uint8Array(196) },
  ]);
  expect(client.disconnect(20)).toEqual([
    { type: "qp", state: "ERROR" },
    { type: "send", mad: dreq },
  ]);
  expect(client.receive(drep, 30)).toMatchObject([{ type: "disconnected", by: "local", reason: "requested" }]);
});

it("the queue pairs' first packets bear the PSNs that were agreed on", async () => {
  const packets = (await roceFrames("rocev2-rping-cm")).map((frame) => ({
    isClient: frame[29] === 1,
    opcode: frame[42] as number,
    qpn: u16At(frame, 48),
    psn: (frame[51] as number) * 0x10000 + u16At(frame, 52),
  }));
  const requests = packets.filter(({ qpn, opcode }) => qpn === QPN && opcode < 0x0d && opcode !== 0x64);
  expect(requests.find(({ isClient }) => isClient)?.psn).toBe(SERVER_PSN);
  expect(requests.find(({ isClient }) => !isClient)?.psn).toBe(CLIENT_PSN);
});
