/** A socket until it is open, and what it shows then. */
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  connected,
  events,
  failure,
  listening,
  readAll,
  SOCKET_WORLDS,
  type SocketWorld,
} from "../../helpers/socket-worlds.js";

describe.each(SOCKET_WORLDS)("connecting ($name)", ({ open }) => {
  let world: SocketWorld;
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  it("is opening, then open; connect comes before ready, and the listener is called", async () => {
    await using server = world.createServer({}, (peer) => peer.resume());
    const port = await listening(server);
    let called = 0;
    const client = world.connect(port, {}, () => called++);
    expect([client.connecting, client.pending, client.readyState]).toEqual([true, true, "opening"]);
    expect([client.remoteAddress, client.remotePort]).toEqual([undefined, undefined]);
    expect(client.address()).toEqual({});
    const { seen, closed } = events(client, ["connect", "ready", "data", "end", "finish", "error"]);
    await once(client, "ready");
    expect([client.connecting, client.pending, client.readyState, called]).toEqual([false, false, "open", 1]);
    client.end();
    expect(client.readyState).toBe("readOnly");
    client.resume();
    expect(await closed).toEqual([false]);
    expect([client.destroyed, client.pending, client.readyState]).toEqual([true, true, "closed"]);
    expect(seen).toEqual(["connect", "ready", "finish", "end"]);
  });

  it("shows who is at both ends, as far as a stream knows", async () => {
    const { client, peer, server, port } = await connected(world);
    await using _ = server;
    expect(client.remotePort).toBe(port);
    expect(peer.localPort).toBe(port);
    for (const address of [client.remoteAddress, peer.localAddress, peer.remoteAddress])
      expect(address).toMatch(/^[0-9a-f.:]+$/);
    for (const family of [client.remoteFamily, peer.localFamily, peer.remoteFamily])
      expect(family).toMatch(/^IPv[46]$/);
    expect(peer.address()).toEqual({ address: peer.localAddress, family: peer.localFamily, port });
    expect(peer.remotePort).toBeGreaterThan(0);
    client.destroy();
    peer.destroy();
  });

  it("sends what was written before it was open, then its end", async () => {
    await using server = world.createServer({ allowHalfOpen: true }, (peer) => peer.pipe(peer));
    const client = world.connect(await listening(server), { allowHalfOpen: true });
    client.write("early, ");
    client.write("and ");
    client.end("ended");
    expect(client.bytesWritten).toBe(16);
    expect((await readAll(client)).toString()).toBe("early, and ended");
    expect([client.bytesWritten, client.bytesRead]).toEqual([16, 16]);
  });

  it("is refused where nobody listens", async () => {
    const client = world.connect(world.closedPort);
    const { seen, closed } = events(client, ["connect", "error"]);
    const error = await failure(client);
    expect(error).toMatchObject({ code: "ECONNREFUSED", syscall: "connect", port: world.closedPort });
    expect(error.message).toMatch(/^connect ECONNREFUSED [0-9.]+:1$/);
    expect(error.errno).toBeLessThan(0);
    expect(await closed).toEqual([true]);
    expect(seen).toEqual(["error"]);
    expect(client.connecting).toBe(false);
  });

  it("fails what was written and never sent", async () => {
    const client = world.connect(world.closedPort);
    const results: (string | undefined)[] = [];
    client.on("error", () => {});
    const { closed } = events(client, []);
    client.write("a", (error) => results.push((error as NodeJS.ErrnoException | null)?.code));
    client.write("b", (error) => results.push((error as NodeJS.ErrnoException | null)?.code));
    await closed;
    expect(results).toHaveLength(2);
    expect(results.every((code) => code !== undefined)).toBe(true);
  });

  it("can be destroyed before it is open", async () => {
    await using server = world.createServer({}, (peer) => {
      peer.on("error", () => {});
      peer.resume();
    });
    const client = world.connect(await listening(server));
    const { seen, closed } = events(client, ["connect", "ready", "error"]);
    client.destroy();
    expect(await closed).toEqual([false]);
    expect(seen).toEqual([]);
  });

  it("is destroyed by a signal", async () => {
    await using server = world.createServer({}, (peer) => {
      peer.on("error", () => {});
      peer.resume();
    });
    const abort = new AbortController();
    const client = world.connect(await listening(server), { signal: abort.signal });
    await once(client, "connect");
    const failed = failure(client);
    abort.abort();
    expect(await failed).toMatchObject({ name: "AbortError", code: "ABORT_ERR" });
  });

  it("is destroyed by a signal that was aborted before", async () => {
    await using server = world.createServer({}, (peer) => {
      peer.on("error", () => {});
      peer.resume();
    });
    const client = world.connect(await listening(server), { signal: AbortSignal.abort() });
    const { seen, closed } = events(client, ["connect", "ready"]);
    expect(await failure(client)).toMatchObject({ name: "AbortError", code: "ABORT_ERR" });
    await closed;
    expect([client.pending, seen]).toEqual([true, []]);
  });
});
