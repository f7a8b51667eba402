/** The machine's transitions one by one: what is lost, doubled, late, refused, or not for it. */
import { describe, expect, it } from "vitest";
import {
  CmConnection,
  type CmMad,
  type CmMessage,
  decodeCmMad,
  encodeCmMad,
  REJ_REASON,
  timeMs,
} from "../../../src/rdma/cm/index.js";
import { counting } from "../../helpers/bytes.js";
import { ACCEPT, ACTIVE, CONNECT, messageOf, PASSIVE, Pair } from "./pair.js";

const NONE = new Uint8Array();
const UP = ["RTR", "RTS", "established"];
/** How long an end waits for an answer by the defaults: 4.3 s, and twice a packet's 1.1 s (active), or the ACK timeout (passive). */
const WAIT_MS = timeMs(20) + 2 * timeMs(18);
const TIMEWAIT_MS = timeMs(19);

function mad(message: CmMessage): Uint8Array {
  return encodeCmMad({ transactionId: 9n, message });
}

/** Both ends established, a millisecond each way. */
function established(): Pair {
  const pair = new Pair();
  pair.open();
  pair.runTo(10);
  expect([pair.told("active"), pair.told("passive")]).toEqual([UP, ["requested", ...UP.slice(0, 2), "established"]]);
  return pair;
}

/** A pair whose passive user has been asked and has not answered. */
function asked(): Pair {
  const pair = new Pair();
  pair.ends.passive.listen();
  pair.act("active", pair.ends.active.connect(CONNECT, 0));
  pair.runTo(10);
  return pair;
}

describe("a peer whose times are hours", () => {
  const HOURS = { remoteCmResponseTimeout: 31, localCmResponseTimeout: 31, packetLifeTime: 30, maxCmRetries: 1 };
  const MINUTE_MS = 60_000;

  it("holds an accepted connection for two minutes and one of TIMEWAIT", () => {
    const pair = new Pair();
    pair.open(HOURS);
    pair.copies = ({ from }) => (from === "active" ? 1 : 0);
    pair.runTo(10);
    expect(pair.ends.passive.state).toBe("REP_SENT");
    pair.runTo(2 * MINUTE_MS + 10);
    expect(pair.told("passive")).toEqual(["requested", "RTR", "ERROR", "rejected by local: timeout"]);
    pair.runTo(3 * MINUTE_MS + 10);
    expect(pair.ends.passive.state).toBe("CLOSED");
  });

  it("holds a rejected one for one", () => {
    const pair = new Pair();
    pair.open(HOURS);
    pair.react = (end, { type }) => (type === "requested" ? pair.ends[end].reject("no-resources", pair.nowMs) : []);
    pair.runTo(MINUTE_MS + 10);
    expect(pair.ends.passive.state).toBe("CLOSED");
  });
});

describe("establishment", () => {
  it("each end gets the other's queue pair and PSN, and resources that both have", () => {
    const pair = new Pair();
    pair.ends.passive.listen();
    pair.react = (_, { type }) =>
      type === "requested"
        ? pair.ends.passive.accept(
            { ...ACCEPT, responderResources: 16, initiatorDepth: 2, rnrRetryCount: 3, privateData: counting(9) },
            pair.nowMs,
          )
        : [];
    const options = { responderResources: 4, initiatorDepth: 8, retryCount: 5, rnrRetryCount: 6, pathMtuBytes: 4096 };
    pair.act("active", pair.ends.active.connect({ ...CONNECT, ...options } as typeof CONNECT, 0));
    pair.runTo(10);
    expect(pair.qp("active", "RTR")?.parameters).toEqual({
      destQpn: 0x22,
      rqPsn: 0x111111,
      pathMtuBytes: 4096,
      maxDestRdAtomic: 2,
    });
    expect(pair.qp("active", "RTS")?.parameters).toEqual({
      sqPsn: 0x222222,
      maxRdAtomic: 8,
      timeout: 19,
      retryCount: 5,
      rnrRetryCount: 3,
    });
    expect(pair.qp("passive", "RTR")?.parameters).toEqual({
      destQpn: 0x11,
      rqPsn: 0x222222,
      pathMtuBytes: 4096,
      maxDestRdAtomic: 8,
    });
    expect(pair.qp("passive", "RTS")?.parameters).toEqual({
      sqPsn: 0x111111,
      maxRdAtomic: 2,
      timeout: 19,
      retryCount: 5,
      rnrRetryCount: 6,
    });
    const event = pair.happened.find(({ end, event: { type } }) => end === "active" && type === "established")?.event;
    expect(event).toMatchObject({ privateData: { length: 196, 0: 1, 8: counting(9)[8], 9: 0 } });
    expect([pair.ends.active.remoteQpn, pair.ends.passive.remoteQpn]).toEqual([0x22, 0x11]);
    expect(pair.ends.active.remoteCommunicationId).toBe(PASSIVE.localCommunicationId);
  });

  it("an active end takes no more resources than it offered, whatever the REP says", () => {
    const active = new CmConnection(ACTIVE);
    const [first] = active.connect({ ...CONNECT, responderResources: 2, initiatorDepth: 3 }, 0);
    expect(first?.type).toBe("send");
    const pair = established();
    const rep = pair.sent.find((sent) => sent.from === "passive")?.mad as Uint8Array;
    const { transactionId, message } = decodeCmMad(rep) as CmMad;
    const greedy = { ...message, responderResources: 200, initiatorDepth: 100 } as CmMessage;
    const actions = active.receive(encodeCmMad({ transactionId, message: greedy }), 1);
    expect(actions).toMatchObject([
      { parameters: { maxDestRdAtomic: 2 } },
      { parameters: { maxRdAtomic: 3 } },
      { type: "send" },
      { type: "established" },
    ]);
  });

  it("a lost REQ goes again when the answer is due", () => {
    const pair = new Pair();
    pair.copies = ({ atMs }) => (atMs === 0 ? 0 : 1);
    pair.open();
    pair.runTo(WAIT_MS - 0.001);
    expect(pair.said("active")).toEqual(["REQ"]);
    pair.runTo(WAIT_MS + 10);
    expect(pair.said("active")).toEqual(["REQ", "REQ", "RTU"]);
    expect(pair.sent[0]?.mad).toEqual(pair.sent[1]?.mad);
  });

  it("a lost REP goes again for a duplicate of the REQ; the user is asked once", () => {
    const pair = new Pair();
    let isFirst = true;
    pair.copies = ({ from }) => {
      if (from === "active" || !isFirst) return 1;
      isFirst = false;
      return 0;
    };
    pair.open();
    pair.runTo(5);
    pair.act("passive", pair.ends.passive.receive(pair.sent[0]?.mad as Uint8Array, 5));
    pair.runTo(10);
    expect(pair.said("passive")).toEqual(["REP", "REP"]);
    expect(pair.sent[1]?.mad).toEqual(pair.sent[2]?.mad);
    expect([pair.told("active"), pair.told("passive")]).toEqual([UP, ["requested", ...UP]]);
  });

  it("a lost RTU goes again for a duplicate of the REP", () => {
    const pair = new Pair();
    let rtus = 0;
    pair.copies = ({ mad: sent }) => (messageOf(sent).type === "RTU" ? rtus++ : 1);
    pair.open();
    pair.runTo(20_000);
    expect(pair.said("active")).toEqual(["REQ", "RTU", "RTU"]);
    expect(pair.said("passive")).toEqual(["REP", "REP"]);
    expect([pair.told("active"), pair.told("passive")]).toEqual([UP, ["requested", ...UP]]);
  });

  it("a packet on the queue pair is as good as the RTU, which then changes nothing", () => {
    const pair = new Pair();
    pair.delayMs = ({ mad: sent }) => (messageOf(sent).type === "RTU" ? 100 : 1);
    pair.open();
    pair.runTo(50);
    expect(pair.ends.passive.state).toBe("REP_SENT");
    pair.act("passive", pair.ends.passive.communicationEstablished(50));
    expect(pair.told("passive")).toEqual(["requested", ...UP]);
    pair.runTo(200);
    expect(pair.told("passive")).toEqual(["requested", ...UP]);
    expect(pair.ends.passive.ignored.unexpected).toBe(1);
    expect(pair.ends.passive.communicationEstablished(50)).toEqual([]);
  });

  it("nobody answers: 15 retries, then a REJ and an end", () => {
    const pair = new Pair();
    pair.copies = () => 0;
    pair.open();
    pair.runTo(16 * WAIT_MS + TIMEWAIT_MS + 1);
    expect(pair.said("active")).toEqual([...Array(16).fill("REQ"), "REJ"]);
    expect(pair.told("active")).toEqual(["rejected by local: timeout", "closed"]);
    expect(messageOf(pair.sent.at(-1)?.mad as Uint8Array)).toMatchObject({
      localCommunicationId: ACTIVE.localCommunicationId,
      remoteCommunicationId: 0,
      messageRejected: 2,
      reason: REJ_REASON.timeout,
      additionalInfo: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xa1),
    });
    expect(pair.happened[0]?.atMs).toBeCloseTo(16 * WAIT_MS);
    expect(pair.ends.active.nextMs).toBeUndefined();
  });

  it("no RTU comes: the passive end gives up, and the active one learns of it", () => {
    const pair = new Pair();
    pair.copies = ({ mad: sent }) => (messageOf(sent).type === "RTU" ? 0 : 1);
    pair.open({ maxCmRetries: 2 });
    pair.runTo(60_000);
    expect(pair.said("passive")).toEqual(["REP", "REP", "REP", "REJ"]);
    expect(pair.told("passive")).toEqual(["requested", "RTR", "ERROR", "rejected by local: timeout", "closed"]);
    expect(pair.told("active")).toEqual([...UP, "ERROR", "disconnected by peer: timeout", "closed"]);
  });
});

describe("MRA", () => {
  it("makes the active end wait, and is the answer to a duplicate", () => {
    const pair = asked();
    pair.act("passive", pair.ends.passive.delay(22, 10));
    pair.runTo(timeMs(22));
    expect(pair.said("active")).toEqual(["REQ"]);
    pair.act("passive", pair.ends.passive.receive(pair.sent[0]?.mad as Uint8Array, pair.nowMs));
    expect(pair.said("passive")).toEqual(["MRA", "MRA"]);
    pair.runTo(20_000);
    pair.act("passive", pair.ends.passive.accept(ACCEPT, pair.nowMs));
    pair.runTo(20_010);
    expect([pair.ends.active.state, pair.ends.passive.state]).toEqual(["ESTABLISHED", "ESTABLISHED"]);
  });

  it("puts the passive end's deadline off too", () => {
    const pair = new Pair();
    pair.copies = ({ mad: sent }) => (messageOf(sent).type === "RTU" ? 0 : 1);
    pair.open();
    pair.runTo(10);
    const ids = {
      localCommunicationId: ACTIVE.localCommunicationId,
      remoteCommunicationId: PASSIVE.localCommunicationId,
    };
    const before = pair.ends.passive.nextMs as number;
    const mra = { type: "MRA", ...ids, serviceTimeout: 21, privateData: NONE } as const;
    pair.ends.passive.receive(mad({ ...mra, messageMraed: 0 }), 10);
    expect(pair.ends.passive.nextMs).toBe(before);
    pair.ends.passive.receive(mad({ ...mra, messageMraed: 1 }), 10);
    expect(pair.ends.passive.nextMs).toBeCloseTo(10 + timeMs(21) + timeMs(19));
  });

  it("cannot make an end wait for ever", () => {
    const pair = new Pair({ ...ACTIVE, maxServiceTimeoutMs: 1_000 });
    pair.copies = () => 0;
    pair.open({ maxCmRetries: 3 });
    const { active } = pair.ends;
    const ids = {
      localCommunicationId: PASSIVE.localCommunicationId,
      remoteCommunicationId: ACTIVE.localCommunicationId,
    };
    const mra = mad({ type: "MRA", ...ids, messageMraed: 0, serviceTimeout: 31, privateData: NONE });
    while (active.state === "REQ_SENT" && pair.nowMs < 1e6) {
      pair.act("active", active.receive(mra, pair.nowMs));
      pair.runTo(pair.nowMs + 500);
    }
    expect(pair.told("active")[0]).toBe("rejected by local: timeout");
    expect(pair.nowMs).toBeLessThan(4 * WAIT_MS + 4 * (1_000 + timeMs(19)));
  });
});

describe("rejection", () => {
  it("by the user, with a reason and data", () => {
    const pair = asked();
    pair.act("passive", pair.ends.passive.reject("no-resources", 10, counting(7)));
    pair.runTo(20);
    expect(pair.told("active")).toEqual(["rejected by peer: no-resources"]);
    expect(pair.happened.at(-1)?.event).toMatchObject({ privateData: { length: 148, 6: counting(7)[6], 7: 0 } });
    expect(pair.told("passive")).toEqual(["requested", "rejected by local: no-resources"]);
    // A late duplicate of the REQ gets it again.
    pair.act("passive", pair.ends.passive.receive(pair.sent[0]?.mad as Uint8Array, 30));
    expect(pair.sent.at(-1)?.mad).toEqual(pair.sent.at(-2)?.mad);
    pair.runTo(10_000);
    expect([pair.ends.active.state, pair.ends.passive.state]).toEqual(["CLOSED", "CLOSED"]);
  });

  it("by the listener, for what it cannot serve, and goes on listening", () => {
    const rejections = [
      [{ pathPacketPayloadMtu: 5 }, "invalid-path-mtu"],
      [{ pathPacketPayloadMtu: 0 }, "invalid-path-mtu"],
      [{ pathPacketPayloadMtu: 6 }, "invalid-path-mtu"],
      [{ transportServiceType: 1 }, "invalid-transport-service-type"],
      [{ serviceId: 7n }, "invalid-service-id"],
    ] as const;
    const passive = new CmConnection(PASSIVE);
    passive.listen({ serviceId: 0x1061c06n, maxPathMtuBytes: 2048 });
    const [first] = new CmConnection(ACTIVE).connect(CONNECT, 0);
    if (first?.type !== "send") throw new Error("no REQ");
    const req = messageOf(first.mad);
    for (const [change, reason] of rejections) {
      const active = new CmConnection(ACTIVE);
      active.connect(CONNECT, 0);
      const [answer, ...more] = passive.receive(mad({ ...req, ...change } as CmMessage), 0);
      if (answer?.type !== "send") throw new Error("no REJ");
      expect(more).toEqual([]);
      expect(active.receive(answer.mad, 0)).toMatchObject([{ type: "rejected", by: "peer", reason }]);
    }
    expect(passive.state).toBe("LISTEN");
    expect(passive.receive(first.mad, 0)).toMatchObject([{ type: "requested" }]);
  });

  it("the active user changes its mind before the REP: the REP that comes is refused", () => {
    const pair = asked();
    pair.copies = ({ mad: sent }) => (messageOf(sent).type === "REJ" && pair.nowMs < 20 ? 0 : 1);
    pair.act("active", pair.ends.active.disconnect(10));
    expect(pair.told("active")).toEqual(["rejected by local: consumer-reject"]);
    pair.runTo(20);
    pair.act("passive", pair.ends.passive.accept(ACCEPT, 20));
    pair.runTo(30);
    expect(pair.told("passive")).toEqual(["requested", "RTR", "ERROR", "rejected by peer: invalid-communication-id"]);
  });

  it("the active user's change of mind reaches a passive end whose id it does not know", () => {
    const pair = asked();
    pair.act("active", pair.ends.active.disconnect(10));
    pair.runTo(20);
    expect(pair.told("passive")).toEqual(["requested", "rejected by peer: timeout"]);
    // Too late, and no harm.
    expect(pair.ends.passive.accept(ACCEPT, 20)).toEqual([]);
    expect(pair.ends.passive.reject("no-qp", 20)).toEqual([]);
    expect(pair.ends.passive.delay(3, 20)).toEqual([]);
  });

  it("the passive user changes its mind after the REP", () => {
    const pair = new Pair();
    pair.delayMs = ({ from }) => (from === "passive" ? 10 : 1);
    pair.open();
    pair.runTo(5);
    pair.act("passive", pair.ends.passive.disconnect(5));
    pair.runTo(100);
    expect(pair.told("passive")).toEqual(["requested", "RTR", "ERROR", "rejected by local: consumer-reject"]);
    expect(pair.told("active")).toEqual([...UP, "ERROR", "disconnected by peer: consumer-reject"]);
  });

  it("the passive user never answers: the peer is told once it has given up", () => {
    const pair = asked();
    pair.copies = () => 0;
    pair.runTo(200_000);
    expect(pair.told("passive")).toEqual(["requested", "rejected by local: timeout", "closed"]);
  });
});

describe("release", () => {
  it.each(["active", "passive"] as const)("by the %s end", (end) => {
    const pair = established();
    const other = end === "active" ? "passive" : "active";
    pair.act(end, pair.ends[end].disconnect(10, counting(3)));
    expect(pair.told(end).at(-1)).toBe("ERROR");
    pair.runTo(20);
    expect(pair.told(end).at(-1)).toBe("disconnected by local: requested");
    expect(pair.told(other).slice(-2)).toEqual(["ERROR", "disconnected by peer: requested"]);
    expect(pair.happened.find(({ event: { type } }) => type === "disconnected")?.event).toMatchObject({
      privateData: { length: 220, 2: counting(3)[2] },
    });
    expect([pair.said(end).at(-1), pair.said(other).at(-1)]).toEqual(["DREQ", "DREP"]);
    expect([pair.ends.active.state, pair.ends.passive.state]).toEqual(["TIMEWAIT", "TIMEWAIT"]);
    pair.runTo(20 + TIMEWAIT_MS);
    expect([pair.told("active").at(-1), pair.told("passive").at(-1)]).toEqual(["closed", "closed"]);
  });

  it("by both at once", () => {
    const pair = established();
    for (const end of ["active", "passive"] as const) pair.act(end, pair.ends[end].disconnect(10));
    pair.runTo(10_000);
    for (const end of ["active", "passive"] as const) {
      expect(pair.told(end).slice(-3)).toEqual(["ERROR", "disconnected by local: requested", "closed"]);
    }
  });

  it("every DREQ is answered, also when all is forgotten; without an answer it ends all the same", () => {
    const pair = established();
    pair.copies = ({ mad: sent }) => (messageOf(sent).type === "DREP" ? 0 : 1);
    pair.act("active", pair.ends.active.disconnect(10));
    pair.runTo(200_000);
    expect(pair.said("active").slice(2)).toEqual(Array(16).fill("DREQ"));
    expect(pair.said("passive").slice(1)).toEqual(Array(16).fill("DREP"));
    expect(pair.told("active").slice(3)).toEqual(["ERROR", "disconnected by local: timeout", "closed"]);
    expect(pair.told("passive").slice(4)).toEqual(["ERROR", "disconnected by peer: requested", "closed"]);
  });

  it("a REQ of an ended connection is stale, a REP of one unknown", () => {
    const pair = established();
    const [req, rep] = pair.sent.map(({ mad: sent }) => sent) as [Uint8Array, Uint8Array];
    pair.act("active", pair.ends.active.disconnect(10));
    pair.runTo(20);
    const [toReq] = pair.ends.passive.receive(req, 20);
    const [toRep] = pair.ends.active.receive(rep, 20);
    if (toReq?.type !== "send" || toRep?.type !== "send") throw new Error("no answer");
    expect(messageOf(toReq.mad)).toMatchObject({ type: "REJ", messageRejected: 0, reason: 10 });
    expect(messageOf(toRep.mad)).toMatchObject({ type: "REJ", messageRejected: 1, reason: 6 });
  });
});

describe("what is not for a connection", () => {
  it("is counted and changes nothing", () => {
    const pair = established();
    const { active } = pair.ends;
    const ids = {
      localCommunicationId: PASSIVE.localCommunicationId,
      remoteCommunicationId: ACTIVE.localCommunicationId,
    };
    const rest = { messageRejected: 2, reason: 28, additionalInfo: NONE, privateData: NONE };
    expect(active.receive(mad({ type: "REJ", ...ids, ...rest, localCommunicationId: 1 }), 10)).toEqual([]);
    expect(active.receive(mad({ type: "REJ", ...ids, ...rest, remoteCommunicationId: 1 }), 10)).toEqual([]);
    const dreq = { type: "DREQ", ...ids, remoteQpn: 0x11, privateData: NONE } as const;
    expect(active.receive(mad({ ...dreq, localCommunicationId: 1 }), 10)).toEqual([]);
    expect(active.receive(pair.sent[0]?.mad as Uint8Array, 10)).toEqual([]);
    expect(active.ignored["other-connection"]).toBe(4);
    expect(active.receive(mad({ ...dreq, remoteQpn: 0x12 }), 10)).toEqual([]);
    expect(active.receive(mad({ type: "DREP", ...ids, privateData: NONE }), 10)).toEqual([]);
    expect(active.receive(mad({ type: "RTU", ...ids, privateData: NONE }), 10)).toEqual([]);
    expect(active.ignored.unexpected).toBe(3);
    expect(active.receive(NONE, 10)).toEqual([]);
    expect(active.ignored["bad-length"]).toBe(1);
    expect(active.state).toBe("ESTABLISHED");
  });

  it("an alternate path is refused politely", () => {
    const pair = established();
    const ids = {
      localCommunicationId: PASSIVE.localCommunicationId,
      remoteCommunicationId: ACTIVE.localCommunicationId,
    };
    const [answer] = pair.ends.active.receive(mad({ type: "LAP", ...ids }), 10);
    if (answer?.type !== "send") throw new Error("no APR");
    const { transactionId, message } = decodeCmMad(answer.mad) as CmMad;
    expect([transactionId, message]).toEqual([
      9n,
      { type: "APR", localCommunicationId: 0xa0000001, remoteCommunicationId: 0xb0000002, status: 2 },
    ]);
    expect(pair.ends.active.receive(mad({ type: "APR", ...ids, status: 2 }), 10)).toEqual([]);
    expect(pair.ends.active.state).toBe("ESTABLISHED");
  });

  it("an end that has not begun says that there is nothing", () => {
    const idle = new CmConnection(PASSIVE);
    const [req] = new CmConnection(ACTIVE).connect(CONNECT, 0);
    if (req?.type !== "send") throw new Error("no REQ");
    const [answer] = idle.receive(req.mad, 0);
    if (answer?.type !== "send") throw new Error("no REJ");
    expect(messageOf(answer.mad)).toMatchObject({ type: "REJ", reason: 8, remoteCommunicationId: 0xa0000001 });
    expect(idle.state).toBe("IDLE");
  });
});

it("arguments that are out of bounds are named, and nothing has happened", () => {
  expect(() => new CmConnection({ ...ACTIVE, localCommunicationId: 0 })).toThrow("localCommunicationId");
  expect(() => new CmConnection({ ...ACTIVE, caGuid: -1n })).toThrow("caGuid");
  const active = new CmConnection(ACTIVE);
  expect(() => active.connect({ ...CONNECT, pathMtuBytes: 1500 as 1024 }, 0)).toThrow("pathMtuBytes");
  expect(() => active.connect({ ...CONNECT, remote: "2001:db8::1" }, 0)).toThrow("destination");
  expect(() => active.connect({ ...CONNECT, qpn: 2 ** 24 }, 0)).toThrow("localQpn");
  expect(() => active.connect({ ...CONNECT, privateData: counting(57) }, 0)).toThrow("privateData.length");
  expect(() => active.connect(CONNECT, Number.NaN)).toThrow("nowMs");
  expect([active.state, active.nextMs, active.remoteQpn]).toEqual(["IDLE", undefined, undefined]);
  active.connect(CONNECT, 0);
  expect(() => active.connect(CONNECT, 0)).toThrow("state is");
  expect(() => active.listen()).toThrow("state is");
  const pair = asked();
  expect(() => pair.ends.passive.accept({ ...ACCEPT, startingPsn: -1 }, 10)).toThrow("startingPsn");
  expect(() => pair.ends.passive.reject("no-qp", 10, counting(149))).toThrow("privateData.length");
  expect(() => pair.ends.passive.delay(32, 10)).toThrow("serviceTimeout");
  expect(pair.ends.passive.state).toBe("REQ_RCVD");
});
