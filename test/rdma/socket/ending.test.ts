/** How sockets end: half, whole, by force, and what is said to whoever writes then. */
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AnySocket,
  connected,
  events,
  failure,
  readAll,
  SOCKET_WORLDS,
  type SocketWorld,
} from "../../helpers/socket-worlds.js";

const LARGE = Buffer.alloc(32 << 20, 7);

describe.each(SOCKET_WORLDS)("the end ($name)", ({ open }) => {
  let world: SocketWorld;
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  it("of one direction leaves the other open where that is allowed", async () => {
    const { client, peer, server } = await connected(world, {
      server: { allowHalfOpen: true },
      client: { allowHalfOpen: true },
    });
    await using _ = server;
    client.end("question");
    expect((await readAll(peer)).toString()).toBe("question");
    expect([peer.readyState, peer.destroyed]).toEqual(["writeOnly", false]);
    peer.write("an ");
    peer.end("answer");
    expect((await readAll(client)).toString()).toBe("an answer");
  });

  it("of the peer ends a socket by itself where half-open is not allowed", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    const atPeer = events(peer, ["end", "finish", "error"]);
    const atClient = events(client, ["end", "finish", "error"]);
    peer.resume();
    client.resume();
    client.end();
    expect(await Promise.all([atPeer.closed, atClient.closed])).toEqual([[false], [false]]);
    expect(atPeer.seen).toEqual(["end", "finish"]);
    expect(atClient.seen).toEqual(["finish", "end"]);
  });

  it("waits for the reader: what came before it is read first", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    client.end("last words");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([peer.readableEnded, peer.destroyed]).toEqual([false, false]);
    expect((await readAll(peer)).toString()).toBe("last words");
  });

  it("makes a later write of its own ERR_STREAM_WRITE_AFTER_END", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    peer.resume();
    client.end();
    const failed = failure(client);
    const told = new Promise((resolve) => client.write("late", resolve));
    expect(await failed).toMatchObject({ code: "ERR_STREAM_WRITE_AFTER_END" });
    expect(await told).toMatchObject({ code: "ERR_STREAM_WRITE_AFTER_END" });
  });

  it("by the peer makes a later write EPIPE", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    peer.resume();
    client.end();
    await once(peer, "close");
    let written: boolean | undefined;
    const told = new Promise((resolve) => {
      written = peer.write("late", resolve);
    });
    expect(await told).toMatchObject({ code: "EPIPE", message: "This socket has been ended by the other party" });
    expect(written).toBe(false);
    client.destroy();
  });

  it("by destroySoon comes after all that was written", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    client.write(LARGE);
    client.destroySoon();
    expect(client.destroyed).toBe(false);
    expect((await readAll(peer)).equals(LARGE)).toBe(true);
    expect([client.destroyed, client.writableFinished]).toEqual([true, true]);
  });

  it("by destroy reaches the peer as an end", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    const { seen, closed } = events(peer, ["end", "error"]);
    peer.resume();
    client.destroy();
    expect(client.readyState).toBe("closed");
    expect(await closed).toEqual([false]);
    expect(seen).toEqual(["end"]);
  });

  it("by destroy makes a peer that goes on sending hear ECONNRESET or EPIPE", async () => {
    const { client, peer, server } = await connected(world, { server: { allowHalfOpen: true } });
    await using _ = server;
    client.destroy();
    peer.resume();
    await once(peer, "end");
    const failed = failure(peer);
    const timer = setInterval(() => peer.write("anybody?"), 1);
    const { code } = await failed;
    clearInterval(timer);
    // TCP's answer depends on whether the reset was seen before the write.
    expect(code).toMatch(/^(ECONNRESET|EPIPE)$/);
  });

  it("by destroy without having read tells a peer that waits for room", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    client.pause();
    const failed = failure(peer);
    peer.write(LARGE);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(peer.writableLength).toBe(LARGE.length);
    client.destroy();
    expect((await failed).code).toMatch(/^(ECONNRESET|EPIPE)$/);
  });

  it("by destroy while writing calls every write back, and fails those that never left", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    peer.on("error", () => {}).pause();
    const codes: (string | undefined)[] = [];
    const writes = 4;
    for (let write = 0; write < writes; write++) {
      client.write(LARGE, (error) => codes.push((error as NodeJS.ErrnoException | null)?.code));
    }
    const error = Object.assign(new Error("enough"), { code: "ENOUGH" });
    client.on("error", () => {});
    client.destroy(error);
    expect(await events(client, []).closed).toEqual([true]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The first was under way: net lets its callback believe that it was sent.
    expect(codes).toHaveLength(writes);
    expect(codes.filter((code) => code === "ENOUGH" || code === "ERR_STREAM_DESTROYED").length).toBeGreaterThanOrEqual(
      writes - 1,
    );
    peer.destroy();
  });

  it("by destroy with an error emits error, then close, once each", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    peer.resume();
    const { seen, closed } = events(client, ["end", "error", "close"]);
    client.destroy(new Error("once"));
    client.destroy(new Error("twice"));
    expect(await closed).toEqual([true]);
    expect(seen).toEqual(["error", "close"]);
  });

  it("by reset is ECONNRESET at the peer, and none here", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    const here = events(client, ["error"]);
    const there = events(peer, ["end", "error"]);
    const failed = failure(peer);
    peer.resume();
    client.resetAndDestroy();
    expect(await failed).toMatchObject({ code: "ECONNRESET", syscall: "read", message: "read ECONNRESET" });
    expect(await Promise.all([here.closed, there.closed])).toEqual([[false], [true]]);
    expect([here.seen, there.seen]).toEqual([[], ["error"]]);
  });

  it("by reset fails what the peer still had to write", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    client.pause();
    const failed = failure(peer);
    const told = new Promise<NodeJS.ErrnoException>((resolve) => {
      peer.write(LARGE);
      peer.write("more", (error) => resolve(error as NodeJS.ErrnoException));
    });
    client.resetAndDestroy();
    expect((await failed).code).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect((await told).code).toMatch(/^(ECONNRESET|EPIPE|ERR_STREAM_DESTROYED)$/);
  });

  it("of a socket that is destroyed leaves nothing to do for all other calls", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    peer.resume();
    client.destroy();
    const use = (socket: AnySocket) =>
      socket.setTimeout(10).setNoDelay().setKeepAlive(true, 1).ref().unref().pause().resume();
    expect(use(client)).toBe(client);
    client.destroySoon();
    client.end();
    await once(client, "close");
    expect(client.timeout === undefined || client.timeout === 10).toBe(true);
  });
});
