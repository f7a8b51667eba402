/** The ws package at both ends, unchanged: over HTTP's Upgrade on sockets that are not its own. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { type AnyServer, listening, SOCKET_WORLDS, type SocketWorld } from "../../helpers/socket-worlds.js";

describe.each(SOCKET_WORLDS)("ws ($name)", ({ open }) => {
  let world: SocketWorld;
  let server: AnyServer;
  let sockets: WebSocketServer;
  let client: WebSocket;
  let peer: WebSocket;

  beforeEach(async () => {
    world = await open();
    const web = http.createServer();
    sockets = new WebSocketServer({ server: web, perMessageDeflate: true });
    server = world.createServer({ allowHalfOpen: true }, (socket) => web.emit("connection", socket as Socket));
    const port = await listening(server);
    client = new WebSocket("ws://somewhere/", {
      createConnection: (() => world.connect(port)) as unknown as http.ClientRequestArgs["createConnection"] &
        typeof import("node:net").createConnection,
    });
    const [[taken]] = await Promise.all([once(sockets, "connection"), once(client, "open")]);
    peer = taken;
  });

  afterEach(async () => {
    client.terminate();
    peer.terminate();
    await server[Symbol.asyncDispose]();
    await world.close();
  });

  it("carries text and binary messages, each as one", async () => {
    peer.on("message", (data, isBinary) => peer.send(data, { binary: isBinary }));
    for (const message of ["text, ringläne", "", randomBytes(70_000), randomBytes(1 << 20), "x".repeat(1 << 20)]) {
      client.send(message);
      const [data, isBinary] = await once(client, "message");
      expect(isBinary).toBe(typeof message !== "string");
      expect(Buffer.from(message).equals(data)).toBe(true);
    }
  });

  it("carries a thousand small messages in their order", async () => {
    const heard: number[] = [];
    const all = new Promise<void>((resolve) => {
      peer.on("message", (data) => heard.push(Number(data)) === 1_000 && resolve());
    });
    for (let number = 0; number < 1_000; number++) client.send(String(number));
    await all;
    expect(heard).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
  });

  it("puts fragments together", async () => {
    const [first, second] = [randomBytes(100_000), randomBytes(100_000)];
    const heard = once(peer, "message");
    client.send(first, { fin: false });
    client.ping();
    client.send(second, { fin: true });
    const [data] = await heard;
    expect(Buffer.concat([first, second]).equals(data)).toBe(true);
  });

  it("pings and pongs, both ways", async () => {
    client.ping("from the client");
    expect(String((await once(client, "pong"))[0])).toBe("from the client");
    peer.ping("from the server");
    expect(String((await once(peer, "pong"))[0])).toBe("from the server");
  });

  it("closes with a code and a reason, from either end", async () => {
    const ends = Promise.all([once(peer, "close"), once(client, "close")]);
    client.close(4_001, "done");
    const [[code, reason], [echoed]] = await ends;
    expect([code, String(reason), echoed]).toEqual([4_001, "done", 4_001]);
  });

  it("reports a connection that broke off as 1006", async () => {
    const closed = once(client, "close").catch((error) => [error.code]);
    peer.terminate();
    expect((await closed)[0]).toBe(1_006);
  });
});
