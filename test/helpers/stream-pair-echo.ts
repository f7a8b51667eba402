/** Two hosts in one place, a page for one: what is sent to an echo, and what is heard. */
import { connectStreams, listenStreams } from "../../src/rdma/socket/web/index.js";
import { pipeAgents } from "./pipe-agents.js";

const PORT = 7_000;

/** Sends so many numbered bytes through the echo, reads them into buffers of its own, and returns what it saw; a reset, too. */
export async function echoed(
  bytes: number,
): Promise<{ heardBytes: number; wrong: number; reset: string; ended: boolean }> {
  const [near, far] = pipeAgents();
  const pairs = listenStreams(far, PORT).getReader();
  const to = { address: far.address, port: PORT };

  const client = connectStreams(near, to);
  const server = (await pairs.read()).value;
  const echo = server?.readable.pipeTo(server.writable);
  const sent = numbered(bytes).pipeTo(client.writable);
  const reader = client.readable.getReader({ mode: "byob" });
  let heardBytes = 0;
  let wrong = 0;
  let buffer = new Uint8Array(10_007);
  for (;;) {
    const { value, done } = await reader.read(buffer);
    for (const byte of value ?? []) if (byte !== (heardBytes++ * 31) % 251) wrong++;
    if (done) break;
    buffer = new Uint8Array(value.buffer);
  }
  await Promise.all([echo, sent, client.closed, server?.closed]);

  const broken = connectStreams(near, to);
  const other = (await pairs.read()).value;
  await broken.opened;
  await broken.writable.abort();
  const reset = await other?.closed.then(
    () => "closed",
    (error) => error.code,
  );
  await pairs.cancel();
  return { heardBytes, wrong, reset, ended: true };
}

function numbered(bytes: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = new Uint8Array(Math.min(16_384, bytes - at));
      for (let byte = 0; byte < chunk.length; byte++) chunk[byte] = ((at + byte) * 31) % 251;
      at += chunk.length;
      if (chunk.length > 0) controller.enqueue(chunk);
      else controller.close();
    },
  });
}
