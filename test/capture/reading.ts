/** What the capture tests share: any chunking, and a reading that keeps the error beside the packets. */
import { readFileSync } from "node:fs";
import { CaptureDecoder, type CapturePacket, CaptureReader, type CaptureSource } from "../../src/capture/index.js";

export function example(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../examples/captures/${name}`, import.meta.url)));
}

/** Cuts bytes into chunks of the given sizes, which repeat. Each chunk is a buffer of its own. */
export function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let pos = 0; pos < bytes.length; pos += chunks.at(-1)?.length ?? 0) {
    const size = sizes[chunks.length % sizes.length] ?? 1;
    chunks.push(bytes.slice(pos, pos + size));
  }
  return chunks;
}

export interface Reading {
  packets: CapturePacket[];
  error: unknown;
}

/** Reads with the decoder, and spoils each chunk once it is decoded, as a source with one buffer would. */
export function decodeAll(chunks: Iterable<Uint8Array>, decoder = new CaptureDecoder(), max = 256): Reading {
  const packets: CapturePacket[] = [];
  try {
    for (const chunk of chunks) {
      const own = chunk.slice();
      for (const burst of decoder.decode(own, max)) {
        for (const packet of burst) packets.push({ ...packet, data: packet.data.slice() });
      }
      own.fill(0xa5);
    }
    decoder.finish();
  } catch (error) {
    return { packets, error };
  }
  return { packets, error: undefined };
}

export async function readAll(source: CaptureSource | CaptureReader): Promise<Reading> {
  const packets: CapturePacket[] = [];
  try {
    const reader = source instanceof CaptureReader ? source : new CaptureReader(source);
    for await (const burst of reader.bursts()) packets.push(...burst);
  } catch (error) {
    return { packets, error };
  }
  return { packets, error: undefined };
}
