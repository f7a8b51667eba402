/** The WHATWG pair: what the Streams Standard promises of a readable and a writable, kept end to end over a stream. */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectStreams, listenStreams, StreamError, type StreamPair } from "../../../src/index.js";
import { AGENT_PAIRS, type AgentPair } from "../../helpers/agent-pairs.js";

const PORT = 7_000;
const CHUNK = new Uint8Array(16_384).fill(7);

/** Everything up to the end. */
async function bytesOf(readable: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readable) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const textOf = async (readable: ReadableStream<Uint8Array>) => (await bytesOf(readable)).toString();

async function send(writable: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(Buffer.from(text));
  await writer.close();
}

describe.each(AGENT_PAIRS)("WHATWG streams ($name)", ({ open }) => {
  let agents: AgentPair;
  let pairs: ReadableStream<StreamPair>;
  let taken: AsyncIterableIterator<StreamPair>;

  beforeEach(async () => {
    agents = await open();
    pairs = listenStreams(agents.server, PORT);
    taken = pairs.values({ preventCancel: true });
  });

  afterEach(async () => {
    await taken.return?.();
    await pairs.cancel();
    await agents.close();
  });

  async function pair(options = {}): Promise<{ near: StreamPair; far: StreamPair }> {
    const near = connectStreams(agents.client, { address: agents.serverAddress, port: PORT }, options);
    const { value: far } = await taken.next();
    await near.opened;
    return { near, far };
  }

  it("opens, carries bytes both ways, and closes when both directions have", async () => {
    const { near, far } = await pair();
    expect(await near.opened).toEqual({ remoteAddress: agents.serverAddress, remotePort: PORT });
    expect(await far.opened).toMatchObject({ remoteAddress: agents.clientAddress });
    await send(near.writable, "question");
    expect(await textOf(far.readable)).toBe("question");
    await send(far.writable, "answer");
    expect(await textOf(near.readable)).toBe("answer");
    expect(await Promise.all([near.closed, far.closed])).toEqual([undefined, undefined]);
  });

  it("sends what was written before it was open", async () => {
    const near = connectStreams(agents.client, { address: agents.serverAddress, port: PORT });
    const sent = send(near.writable, "early");
    const { value: far } = await taken.next();
    expect(await textOf(far.readable)).toBe("early");
    await sent;
  });

  it("rejects opened, closed, reads and writes where nobody listens", async () => {
    const near = connectStreams(agents.client, { address: agents.serverAddress, port: PORT + 1 });
    const refused = expect.objectContaining({ code: "ECONNREFUSED", name: "StreamError" });
    await expect(near.opened).rejects.toEqual(refused);
    await expect(near.closed).rejects.toBeInstanceOf(StreamError);
    await expect(near.readable.getReader().read()).rejects.toEqual(refused);
    await expect(near.writable.getWriter().write(CHUNK)).rejects.toEqual(refused);
  });

  it("shows backpressure by desiredSize and ready, and takes it back as the peer reads", async () => {
    const { near, far } = await pair({ highWaterMarkBytes: 40_000 });
    const writer = near.writable.getWriter();
    expect(writer.desiredSize).toBe(40_000);
    let writtenBytes = 0;
    while (writtenBytes < 2_000_000) {
      const ready = await Promise.race([writer.ready.then(() => true), sleep(50, false)]);
      if (!ready) break;
      writer.write(CHUNK).catch(() => {});
      writtenBytes += CHUNK.length;
    }
    expect(writer.desiredSize).toBeLessThanOrEqual(0);
    // This mark, the stream's window, the other end's mark; a chunk goes beyond the first.
    expect(writtenBytes).toBeLessThanOrEqual(40_000 + agents.windowBytes + 65_536 + 3 * CHUNK.length);
    const closing = writer.close();
    expect((await bytesOf(far.readable)).length).toBe(writtenBytes);
    await closing;
  });

  it("abort drops what waits, errors this end with the reason and the peer with a reset", async () => {
    const { near, far } = await pair();
    const writer = near.writable.getWriter();
    const writes = Array.from({ length: 40 }, () => writer.write(CHUNK));
    const reason = new Error("changed my mind");
    const results = Promise.allSettled(writes);
    await sleep(20);
    await writer.abort(reason);
    expect((await results).at(-1)).toEqual({ status: "rejected", reason });
    await expect(near.readable.getReader().read()).rejects.toBe(reason);
    await expect(bytesOf(far.readable)).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(far.writable.getWriter().write(CHUNK)).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(far.closed).rejects.toMatchObject({ code: "ECONNRESET" });
    await near.closed;
  });

  it("cancel breaks the stream off at both ends", async () => {
    const { near, far } = await pair();
    const writer = far.writable.getWriter();
    await writer.write(CHUNK);
    await near.readable.cancel("seen enough");
    await expect(writer.closed).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(near.writable.getWriter().write(CHUNK)).rejects.toBe("seen enough");
    await near.closed;
  });

  it("reads into buffers of the reader's own, and gives the last back at the end", async () => {
    const { near, far } = await pair();
    const sent = send(near.writable, "0123456789");
    const reader = far.readable.getReader({ mode: "byob" });
    let heard = "";
    let buffer = new Uint8Array(4);
    for (;;) {
      const { value, done } = await reader.read(buffer);
      if (value) heard += Buffer.from(value).toString();
      if (done) break;
      expect(value?.length).toBeLessThanOrEqual(4);
      buffer = new Uint8Array(value?.buffer ?? new ArrayBuffer(4));
    }
    expect(heard).toBe("0123456789");
    await sent;
  });

  it("gives a reader that waits with a buffer its end", async () => {
    const { near, far } = await pair();
    const reader = far.readable.getReader({ mode: "byob" });
    const waiting = reader.read(new Uint8Array(8));
    await near.writable.close();
    expect(await waiting).toMatchObject({ done: true });
  });

  it("takes whatever has bytes", async () => {
    const { near, far } = await pair();
    const writer = near.writable.getWriter();
    writer.write(Uint8Array.of(1, 2, 3).buffer as never);
    writer.write(new DataView(Uint8Array.of(0, 4, 5, 0).buffer, 1, 2) as never);
    writer.write(new Uint8Array(0));
    writer.close();
    expect([...(await bytesOf(far.readable))]).toEqual([1, 2, 3, 4, 5]);
  });

  it("takes nothing else", async () => {
    const { near } = await pair();
    await expect(near.writable.getWriter().write("text" as never)).rejects.toBeInstanceOf(TypeError);
  });

  it("pipes: pipeThrough, pipeTo, and tee", async () => {
    const { near, far } = await pair();
    const echoed = far.readable.pipeTo(far.writable);
    const [one, two] = near.readable.tee();
    const source = new Blob(["ringlane ".repeat(50_000)]).stream();
    const sent = source.pipeThrough(new TransformStream()).pipeTo(near.writable);
    const [first, second] = await Promise.all([textOf(one), textOf(two)]);
    expect(first).toBe("ringlane ".repeat(50_000));
    expect(second).toBe(first);
    await Promise.all([sent, echoed, near.closed, far.closed]);
  });

  it("carries an error through pipeTo: a source that breaks resets the peer", async () => {
    const { near, far } = await pair();
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("the source broke"));
      },
    });
    await expect(source.pipeTo(near.writable)).rejects.toThrow("the source broke");
    await expect(bytesOf(far.readable)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("carries megabytes, hash-equal, through marks of one byte", async () => {
    const { near, far } = await pair({ highWaterMarkBytes: 1 });
    const bytes = randomBytes(4 << 20);
    const heard = bytesOf(far.readable);
    await new Blob([bytes]).stream().pipeTo(near.writable);
    const sha256 = (of: Uint8Array) => createHash("sha256").update(of).digest("hex");
    expect(sha256(await heard)).toBe(sha256(bytes));
  });

  it("keeps those that come until they are taken, up to the backlog", async () => {
    const others = listenStreams(agents.server, PORT + 2, { backlog: 2 });
    const near = [1, 2, 3].map(() => connectStreams(agents.client, { address: agents.serverAddress, port: PORT + 2 }));
    await expect(near[2]?.closed).rejects.toBeInstanceOf(StreamError);
    const reader = others.getReader();
    const first = (await reader.read()).value as StreamPair;
    await send(first.writable, "first");
    expect(await textOf((near[0] as StreamPair).readable)).toBe("first");
    await reader.cancel();
    await expect(near[1]?.closed).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(() => listenStreams(agents.server, PORT + 2).cancel()).not.toThrow();
  });

  it("refuses a port that is taken and options that cannot be", () => {
    expect(() => listenStreams(agents.server, PORT)).toThrow(expect.objectContaining({ code: "CONFIG" }));
    expect(() => listenStreams(agents.server, PORT + 3, { backlog: 0 })).toThrow("backlog is 0");
    const to = { address: agents.serverAddress, port: PORT };
    expect(() => connectStreams(agents.client, { ...to, address: "nowhere" })).toThrow("nowhere");
    expect(() => connectStreams(agents.client, to, { highWaterMarkBytes: 0 })).toThrow("highWaterMarkBytes is 0");
  });
});
