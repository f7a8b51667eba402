/** Servers: listening, counting, dropping, closing. */
import { once } from "node:events";
import type net from "node:net";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AnyServer,
  type AnySocket,
  connected,
  events,
  listening,
  readAll,
  SOCKET_WORLDS,
  type SocketWorld,
} from "../../helpers/socket-worlds.js";

const countOf = (server: AnyServer) => promisify(server.getConnections.bind(server))();

describe.each(SOCKET_WORLDS)("a server ($name)", ({ open }) => {
  let world: SocketWorld;
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  it("listens on any free port, says which, and calls its listener", async () => {
    const server = world.createServer();
    expect([server.listening, server.address()]).toEqual([false, null]);
    let called = 0;
    server.listen({ port: 0 }, () => called++);
    await once(server, "listening");
    const { port, family } = server.address() as net.AddressInfo;
    expect([server.listening, called]).toEqual([true, 1]);
    expect(port).toBeGreaterThan(1_023);
    expect(family).toMatch(/^IPv[46]$/);
    expect(() => server.listen(port)).toThrow(expect.objectContaining({ code: "ERR_SERVER_ALREADY_LISTEN" }));
    await server[Symbol.asyncDispose]();
    expect([server.listening, server.address()]).toEqual([false, null]);
  });

  it("emits EADDRINUSE for a port that is taken, and can take another", async () => {
    await using first = world.createServer();
    const port = await listening(first);
    await using second = world.createServer();
    second.listen(port);
    const [error] = await once(second, "error");
    expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "listen", port });
    expect(second.listening).toBe(false);
    expect(await listening(second)).not.toBe(port);
  });

  it("gives a port back when it is closed", async () => {
    const first = world.createServer();
    const port = await listening(first);
    await first[Symbol.asyncDispose]();
    await using second = world.createServer();
    second.listen(port);
    await once(second, "listening");
  });

  it("closes when the last connection has ended, and takes no more meanwhile", async () => {
    const { client, peer, server, port } = await connected(world);
    peer.resume();
    let closed = 0;
    server.close(() => closed++);
    expect(server.listening).toBe(false);
    const late = world.connect(port);
    const [error] = await once(late, "error");
    expect(error.code).toBe("ECONNREFUSED");
    expect([closed, await countOf(server)]).toEqual([0, 1]);
    client.resume().end();
    await once(server, "close");
    expect([closed, await countOf(server)]).toEqual([1, 0]);
  });

  it("tells a second close that it was not running", async () => {
    const server = world.createServer();
    await listening(server);
    const close = () => new Promise<Error | undefined>((resolve) => server.close(resolve));
    expect(await close()).toBeUndefined();
    expect(await close()).toMatchObject({ code: "ERR_SERVER_NOT_RUNNING" });
  });

  it("counts its connections", async () => {
    const { client, peer, server, port } = await connected(world);
    await using _ = server;
    peer.resume();
    const taken = once(server, "connection");
    const second = world.connect(port);
    const [secondPeer] = (await taken) as [AnySocket];
    secondPeer.resume();
    expect(await countOf(server)).toBe(2);
    for (const socket of [client, second]) socket.resume().end();
    await Promise.all([once(peer, "close"), once(secondPeer, "close")]);
    expect(await countOf(server)).toBe(0);
  });

  it("ends what is more than maxConnections, and emits drop", async () => {
    const { client, peer, server, port } = await connected(world);
    await using _ = server;
    peer.resume();
    server.maxConnections = 1;
    const dropped = once(server, "drop");
    const second = world.connect(port);
    const { closed } = events(second, []);
    expect((await readAll(second)).length).toBe(0);
    await closed;
    expect((await dropped)[0]).toMatchObject({ localPort: port, remoteFamily: expect.stringMatching(/^IPv[46]$/) });
    expect(await countOf(server)).toBe(1);
    client.resume().end();
    await once(peer, "close");
    const third = world.connect(port);
    await Promise.all([once(server, "connection"), once(third, "connect")]);
    third.destroy();
  });

  it("has many connections at a time, each with bytes of its own", async () => {
    await using server = world.createServer({ allowHalfOpen: true }, (peer) => peer.pipe(peer));
    const port = await listening(server);
    const texts = Array.from({ length: 200 }, (_, at) => `${at} `.repeat(at * 20));
    const heard = texts.map((text) => {
      const client = world.connect(port);
      client.end(text);
      return readAll(client);
    });
    expect((await Promise.all(heard)).map(String)).toEqual(texts);
  });

  it("can be ref'd and unref'd", async () => {
    await using server = world.createServer();
    expect(server.unref()).toBe(server);
    await listening(server);
    expect(server.ref()).toBe(server);
  });
});
