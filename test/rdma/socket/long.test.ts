/**
 * A long stream: equal at both ends, and never more of it in memory than the two high-water marks and the stream's window allow. RINGLANE_STREAM_MIB
 * sets the length.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { connected, SOCKET_WORLDS } from "../../helpers/socket-worlds.js";

const LENGTH_BYTES = Number(process.env.RINGLANE_STREAM_MIB ?? 64) * 2 ** 20;
const CHUNK_BYTES = 60_013;
const HIGH_WATER_MARK_BYTES = 32_768;

/** Bytes that differ at every place for a long while: a chunk that is lost, repeated or swapped shows. */
function* numbered(lengthBytes: number): Generator<Buffer> {
  for (let at = 0; at < lengthBytes; at += CHUNK_BYTES) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, lengthBytes - at), at & 255);
    for (let mark = 0; mark + 8 <= chunk.length; mark += 512) chunk.writeDoubleLE(at + mark, mark);
    yield chunk;
  }
}

describe.each(SOCKET_WORLDS)("a long stream ($name)", ({ open }) => {
  it("is equal at both ends, and what is under way is bounded", async () => {
    const world = await open();
    const options = { highWaterMark: HIGH_WATER_MARK_BYTES };
    const { client, peer, server } = await connected(world, { client: options, server: options });
    const [sent, received] = [createHash("sha256"), createHash("sha256")];
    let [sentBytes, receivedBytes, mostBytes] = [0, 0, 0];
    const source = Readable.from(
      (function* () {
        for (const chunk of numbered(LENGTH_BYTES)) {
          sent.update(chunk);
          sentBytes += chunk.length;
          yield chunk;
        }
      })(),
      { objectMode: false, highWaterMark: 0 },
    );
    const sink = new Writable({
      highWaterMark: 0,
      write(chunk, _encoding, done) {
        received.update(chunk);
        mostBytes = Math.max(mostBytes, sentBytes - receivedBytes);
        receivedBytes += chunk.length;
        // Now and then the reader is slow.
        if (receivedBytes % 97 === 0) setTimeout(done, 2);
        else setImmediate(done);
      },
    });
    await Promise.all([pipeline(source, client, { end: true }), pipeline(peer, sink)]);
    client.resume();
    if (!client.closed) await once(client, "close");
    expect(receivedBytes).toBe(LENGTH_BYTES);
    expect(received.digest("hex")).toBe(sent.digest("hex"));
    expect([client.bytesWritten, peer.bytesRead]).toEqual([LENGTH_BYTES, LENGTH_BYTES]);
    if (world.windowBytes !== undefined) {
      // A chunk may go beyond either mark, another is in the source's hand, and another in the sink's.
      const boundBytes = 2 * HIGH_WATER_MARK_BYTES + world.windowBytes + 4 * CHUNK_BYTES;
      expect(mostBytes).toBeLessThanOrEqual(boundBytes);
    }
    await server[Symbol.asyncDispose]();
    await world.close();
  });
});
