/**
 * Where captures come from: one way to read chunks out of a byte array, an iterable or a web stream.
 */

/** A Node file stream, a fetch body, a list of chunks or a whole file in memory. */
export type CaptureSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array> | Uint8Array;

/** Yields the source's chunks. Ending the iteration early cancels a stream and closes an iterator. */
export async function* chunksOf(source: CaptureSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) yield source;
  else if ("getReader" in source) yield* chunksOfStream(source);
  else yield* source;
}

/** By reader, since not every browser can iterate a stream. */
async function* chunksOfStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
    reader.releaseLock();
  }
}

/** Reads until `count` bytes are there or the source ends, and returns these (or a few more) in one piece. */
export async function readHead(chunks: AsyncIterator<Uint8Array>, count: number): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < count) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = head.length === 0 ? value : concat(head, value);
  }
  return head;
}

/** `head`, then the rest of `chunks`. */
export async function* prepend(head: Uint8Array, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* chunks;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
