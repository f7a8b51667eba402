/** Bytes through sockets: backpressure both ways, pauses, batches, timeouts, and the stream libraries' own ways to read and write. */
import { once } from "node:events";
import { PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connected, failure, readAll, SOCKET_WORLDS, type SocketWorld } from "../../helpers/socket-worlds.js";

const CHUNK = Buffer.alloc(65_536, "ringlane");

describe.each(SOCKET_WORLDS)("flow ($name)", ({ open }) => {
  let world: SocketWorld;
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  it("write says false at the high-water mark, and drain follows when the peer reads", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    expect(client.write("a little")).toBe(true);
    let writes = 0;
    while (client.write(CHUNK) || writes < 200) writes++;
    expect(client.writableNeedDrain).toBe(true);
    expect(client.bufferSize).toBe(client.writableLength);
    expect(client.writableLength).toBeGreaterThan(CHUNK.length);
    const drained = once(client, "drain");
    peer.resume();
    await drained;
    expect(client.writableLength).toBe(0);
    client.destroy();
  });

  it("a reader that stops stops the writer, and loses nothing", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    let sentBytes = 0;
    const source = Readable.from(
      (function* () {
        for (let chunk = 0; chunk < 256; chunk++) {
          sentBytes += CHUNK.length;
          yield CHUNK;
        }
      })(),
      { objectMode: false, highWaterMark: 0 },
    );
    source.pipe(client);
    peer.once("data", () => peer.pause());
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stoppedAtBytes = sentBytes;
    expect(stoppedAtBytes).toBeLessThan(256 * CHUNK.length);
    const readBytes = peer.bytesRead;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([sentBytes, peer.bytesRead]).toEqual([stoppedAtBytes, readBytes]);
    expect(peer.isPaused()).toBe(true);
    peer.resume();
    await once(peer, "end");
    expect(peer.bytesRead).toBe(256 * CHUNK.length);
    expect(client.bytesWritten).toBe(256 * CHUNK.length);
  });

  it("a socket that starts paused reads nothing until it is resumed", async () => {
    const { client, peer, server } = await connected(world, { server: { pauseOnConnect: true } });
    await using _ = server;
    let readBytes = 0;
    client.end("held");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(peer.isPaused()).toBe(true);
    peer.on("data", (chunk) => {
      readBytes += chunk.length;
    });
    expect(readBytes).toBe(0);
    peer.resume();
    await once(peer, "end");
    expect(readBytes).toBe(4);
  });

  it("keeps the order of what is written corked, uncorked, in encodings and in views", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    client.cork();
    client.write("666f6f", "hex");
    client.write(Uint8Array.of(0x20, 0x62));
    client.write("");
    client.write("är", "latin1");
    client.uncork();
    client.write(" baz", "utf8");
    client.cork();
    for (let byte = 0; byte < 40_000; byte++) client.write(Uint8Array.of(byte));
    process.nextTick(() => client.uncork());
    client.end(" end");
    const all = await readAll(peer);
    expect(all.subarray(0, 11).toString("latin1")).toBe("foo bär baz");
    expect(all.subarray(11, -4).every((byte, at) => byte === (at & 255))).toBe(true);
    expect(all.subarray(-4).toString()).toBe(" end");
    expect(all.length).toBe(40_015);
    expect(client.bytesWritten).toBe(40_015);
  });

  it("decodes text across pieces", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    const text = "ringläne–".repeat(20_000);
    peer.setEncoding("utf8");
    client.end(text);
    let heard = "";
    for await (const piece of peer) heard += piece;
    expect(heard).toBe(text);
  });

  it("goes through pipeline(), both ways, with a transform between", async () => {
    const { client, peer, server } = await connected(world, { server: { allowHalfOpen: true } });
    await using _ = server;
    const upper = new Transform({ transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()) });
    const echoed = pipeline(peer, upper, peer);
    const heard = readAll(client);
    await pipeline(Readable.from(["one ", "two ", "three"]), new PassThrough(), client, { end: true });
    expect((await heard).toString()).toBe("ONE TWO THREE");
    await echoed;
  });

  it("carries an error through pipeline() to both sides", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    peer.on("error", () => {}).resume();
    const broken = new Readable({ read() {} });
    const piped = pipeline(broken, client);
    broken.destroy(new Error("no more"));
    await expect(piped).rejects.toThrow("no more");
    expect(client.destroyed).toBe(true);
    await once(peer, "close");
  });

  it("rejects pipeline() and async iteration when the peer resets", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    const sink = new PassThrough().resume();
    const piped = pipeline(peer, sink);
    client.write("something");
    await once(sink, "data");
    client.resetAndDestroy();
    await expect(piped).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(sink.destroyed).toBe(true);

    const second = await connected(world);
    await using __ = second.server;
    const read = (async () => {
      for await (const chunk of second.peer) expect(chunk).toBeUndefined();
    })();
    second.client.resetAndDestroy();
    await expect(read).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("is destroyed by leaving an async iteration", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    client.on("error", () => {}).resume();
    client.write("first");
    for await (const chunk of peer) {
      expect(String(chunk)).toBe("first");
      break;
    }
    expect(peer.destroyed).toBe(true);
    await once(client, "close");
  });

  it("emits timeout when nothing comes and nothing goes, and does no more than that", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    peer.pipe(peer);
    client.resume();
    let timeouts = 0;
    const beganMs = performance.now();
    expect(client.setTimeout(80, () => timeouts++)).toBe(client);
    expect(client.timeout).toBe(80);
    const ticks = setInterval(() => client.write("."), 20);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(timeouts).toBe(0);
    clearInterval(ticks);
    await once(client, "timeout");
    expect(performance.now() - beganMs).toBeGreaterThan(200);
    expect([timeouts, client.destroyed]).toEqual([1, false]);
    client.setTimeout(0);
    let more = 0;
    client.on("timeout", () => more++);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect([more, client.timeout]).toEqual([0, 0]);
    client.destroy();
  });

  it("takes a timeout as an option", async () => {
    const { client, peer, server } = await connected(world, { client: { timeout: 30 } });
    await using _ = server;
    peer.resume();
    await once(client, "timeout");
    client.destroy();
  });

  it("reports an error that a listener throws as uncaught, and goes on with the others", async () => {
    const { client, peer, server } = await connected(world);
    await using _ = server;
    const uncaught: unknown[] = [];
    const before = process.rawListeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error));
    try {
      const first = once(peer, "data");
      peer.once("data", () => {
        throw new Error("thrown by a listener");
      });
      client.write("a");
      await first;
      client.write("b");
      await once(peer, "data");
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener as (error: Error) => void);
    }
    expect(uncaught).toMatchObject([{ message: "thrown by a listener" }]);
    const failed = failure(peer);
    client.resetAndDestroy();
    expect((await failed).code).toBe("ECONNRESET");
  });
});
