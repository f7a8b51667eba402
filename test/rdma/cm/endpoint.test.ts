/** Many connections behind one queue pair 1: which MAD is for whom. */
import { describe, expect, it } from "vitest";
import {
  CmConnection,
  CmEndpoint,
  type CmEndpointOptions,
  type CmMessage,
  type CmOutput,
  encodeCmMad,
  ipServiceId,
} from "../../../src/rdma/cm/index.js";
import { Random } from "../../helpers/property.js";
import { ACCEPT, ACTIVE, CONNECT, messageOf } from "./pair.js";

const SERVICE = ipServiceId(7174);

function endpoint(options: Partial<CmEndpointOptions> = {}): CmEndpoint {
  let id = 0xb0000000;
  return new CmEndpoint({ caGuid: 0xb2n, drawCommunicationId: () => ++id, ...options });
}

function listening(options: Partial<CmEndpointOptions> = {}): CmEndpoint {
  const made = endpoint(options);
  made.listen(SERVICE, { maxPathMtuBytes: 2048 });
  return made;
}

/** A client's REQ; each has an id and a queue pair of its own. */
function client(n: number, qpn = n): { connection: CmConnection; req: Uint8Array } {
  const connection = new CmConnection({ ...ACTIVE, localCommunicationId: n, transactionId: BigInt(n) });
  const [sent] = connection.connect({ ...CONNECT, qpn }, 0);
  if (sent?.type !== "send") throw new Error("no REQ");
  return { connection, req: sent.mad };
}

function mads(outputs: readonly CmOutput[]): Uint8Array[] {
  return outputs.flatMap(({ actions }) => actions.flatMap((action) => (action.type === "send" ? [action.mad] : [])));
}

function said(outputs: readonly CmOutput[]): CmMessage[] {
  return mads(outputs).map(messageOf);
}

describe("an endpoint", () => {
  it("connects with another, and both forget the connection when it is over", () => {
    const server = listening();
    const us = endpoint({ caGuid: 0xa1n });
    const { connection, ...first } = us.connect("server", CONNECT, 0);
    const [requested] = server.receive("client", mads([first as CmOutput])[0] as Uint8Array, 1);
    expect(requested?.peer).toBe("client");
    const accepted = requested?.connection?.accept(ACCEPT, 1) ?? [];
    const rep = mads([{ peer: "client", connection: undefined, actions: accepted }])[0] as Uint8Array;
    const [rtu] = mads(us.receive("server", rep, 2)) as [Uint8Array];
    expect(server.receive("client", rtu, 3)[0]?.actions).toMatchObject([{ state: "RTS" }, { type: "established" }]);
    const [dreq] = mads([{ peer: "server", connection, actions: connection.disconnect(4) }]) as [Uint8Array];
    const [drep] = mads(server.receive("client", dreq, 5)) as [Uint8Array];
    us.receive("server", drep, 6);
    expect([us.size, server.size]).toEqual([1, 1]);
    for (const end of [us, server]) {
      expect(end.tick((end.nextMs as number) - 1)).toEqual([]);
      expect(end.tick(end.nextMs as number)[0]?.actions).toEqual([{ type: "closed" }]);
      expect([end.size, end.nextMs]).toEqual([0, undefined]);
    }
    // And still answers.
    expect(said(server.receive("client", dreq, 10_000))).toMatchObject([{ type: "DREP" }]);
  });

  it("gives a duplicate to the connection that has it, and another peer's to another", () => {
    const server = listening();
    const { req } = client(1);
    const [one] = server.receive("x", req, 0);
    const [two] = server.receive("y", req, 0);
    expect(one?.connection).not.toBe(two?.connection);
    one?.connection?.accept(ACCEPT, 1);
    expect(server.receive("x", req, 2)).toMatchObject([{ peer: "x", connection: one?.connection }]);
    expect(server.receive("y", req, 2)).toEqual([]);
    expect(server.size).toBe(2);
  });

  it("rejects what nobody listens to, what a listener cannot serve, and what is too much", () => {
    const server = listening({ maxConnections: 2 });
    const { req } = client(1);
    const change = (fields: object) =>
      encodeCmMad({ transactionId: 1n, message: { ...messageOf(req), ...fields } as CmMessage });
    expect(said(server.receive("x", change({ serviceId: 1n }), 0))).toMatchObject([{ type: "REJ", reason: 8 }]);
    expect(said(server.receive("x", change({ pathPacketPayloadMtu: 5 }), 0))).toMatchObject([{ reason: 26 }]);
    expect(server.size).toBe(0);
    for (let n = 1; n <= 2; n++) server.receive("x", client(n).req, 0);
    expect(said(server.receive("x", client(3).req, 0))).toMatchObject([{ type: "REJ", reason: 3 }]);
    expect(() => server.connect("x", CONNECT, 0)).toThrow("connections is 2; it must be fewer than 2");
    expect(() => server.listen(SERVICE)).toThrow("serviceId");
    server.unlisten(SERVICE);
    expect(said(server.receive("x", client(4).req, 0))).toMatchObject([{ reason: 8 }]);
  });

  it("a peer that has started anew loses its old connection first", () => {
    const server = listening();
    const old = server.receive("x", client(1, 7).req, 0)[0]?.connection as CmConnection;
    old.accept(ACCEPT, 0);
    old.communicationEstablished(1);
    expect(said(server.receive("x", client(2, 7).req, 2))).toMatchObject([
      { type: "REJ", reason: 10, remoteCommunicationId: 2 },
      { type: "DREQ", remoteCommunicationId: 1, remoteQpn: 7 },
    ]);
    expect(server.receive("x", client(2, 7).req, 3)[0]?.actions).toMatchObject([{ type: "requested" }]);
  });

  it("a connection is its own peer's only", () => {
    const server = listening();
    const { connection, req } = client(1);
    const asked = server.receive("x", req, 0)[0]?.connection as CmConnection;
    const [cancel] = connection.disconnect(1);
    if (cancel?.type !== "send") throw new Error("no REJ");
    expect(server.receive("y", cancel.mad, 1)).toEqual([]);
    expect(asked.state).toBe("REQ_RCVD");
    expect(server.receive("x", cancel.mad, 1)[0]?.actions).toMatchObject([{ type: "rejected", by: "peer" }]);
  });

  it("draws ids again that are in use, and says so when there are no others", () => {
    const server = listening({ drawCommunicationId: () => 5, maxConnections: 3 });
    server.connect("x", CONNECT, 0);
    expect(() => server.connect("x", CONNECT, 0)).toThrow("drawCommunicationId");
  });

  it("holds no more than it may whatever comes, and ends empty", () => {
    const random = new Random();
    const server = listening({ maxConnections: 50 });
    const reqs = Array.from({ length: 100 }, (_, n) => client(n + 1).req);
    let nowMs = 0;
    for (let i = 0; i < 20_000; i++) {
      const mad = random.pick(reqs).slice();
      if (random.below(3) === 0) mad[17] = random.between(0x10, 0x1a);
      for (let n = random.below(3); n > 0; n--) mad[random.between(24, 70)] = random.below(256);
      for (const { connection } of server.receive(random.pick(["x", "y"]), mad, nowMs)) {
        if (connection && random.below(2) === 0) connection.accept(ACCEPT, nowMs);
      }
      nowMs += random.below(10);
      if (random.below(100) === 0) server.tick(nowMs);
      expect(server.size).toBeLessThanOrEqual(50);
    }
    for (let i = 0; i < 2_000 && server.nextMs !== undefined; i++) server.tick(server.nextMs);
    expect(server.size).toBe(0);
  });
});
