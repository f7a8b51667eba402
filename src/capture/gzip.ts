/**
 * Decompresses gzip through the host's DecompressionStream, and loses nothing when the file turns out to be cut.
 *
 * A web stream that fails drops what it has queued. So its output is collected at once, into a list of our own; to keep
 * that list short, input goes in by slices, the next one only when the consumer has taken everything so far. Node's
 * drops what the failing call has decompressed as well; so the stream must be idle when the last slice goes in, lest
 * the end of the file be taken for a part of it.
 *
 * What is damaged otherwise (a flipped bit, a wrong checksum) costs the output of the failing call: in Node, 16 KiB.
 */

/**
 * Input per step, in bytes: as much as Node's stream buffers (64 KiB since Node 22, 16 KiB before), so that a write
 * ends when the slice has been decompressed. Deflate expands at most 1032 times, which bounds the list at 64.5 MiB.
 */
const SLICE_BYTES = 65_536;
/** Whether a file that begins with these bytes is gzip-compressed (RFC 1952, section 2.3.1). */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * Yields the decompressed bytes. When the gzip stream is cut or damaged, yields what came before, then throws
 * `damaged(cause)`. An error of the source likewise comes after all that was there before, and passes as it is.
 */
export async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  damaged: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const ready: Uint8Array[] = [];
  let sourceError: { readonly error: unknown } | undefined;
  let failure: { readonly cause: unknown } | undefined;
  const collected = collect(readable, ready).catch((cause: unknown) => {
    failure = { cause };
  });
  /** Waits for a step; if it fails, then until the collector knows, whose word is the one that counts. */
  const settle = (step: Promise<void>) => step.catch(() => collected);
  try {
    try {
      for await (const slice of slices(chunks)) {
        await settle(writer.write(slice));
        yield* ready.splice(0);
        if (failure !== undefined) break;
      }
    } catch (error) {
      sourceError = { error };
    }
    await settle(writer.close());
    await collected;
    yield* ready.splice(0);
    if (sourceError !== undefined) throw sourceError.error;
    if (failure !== undefined) throw damaged(failure.cause);
  } finally {
    await settle(writer.abort());
  }
}

/** The same bytes in copies of SLICE_BYTES, then what is left; an error of the source comes last. */
async function* slices(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let slice = new Uint8Array(SLICE_BYTES);
  let used = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const chunk of chunks) {
      for (let pos = 0; pos < chunk.length; ) {
        const taken = Math.min(chunk.length - pos, SLICE_BYTES - used);
        slice.set(chunk.subarray(pos, pos + taken), used);
        pos += taken;
        used += taken;
        if (used < SLICE_BYTES) break;
        yield slice;
        slice = new Uint8Array(SLICE_BYTES);
        used = 0;
      }
    }
  } catch (error) {
    failure = { error };
  }
  yield slice.subarray(0, used);
  if (failure !== undefined) throw failure.error;
}

async function collect(readable: ReadableStream<Uint8Array>, ready: Uint8Array[]): Promise<void> {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    ready.push(value);
  }
}
