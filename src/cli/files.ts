/** Capture files by name: `-` is stdin or stdout, `.gz` is compressed, the ending chooses the format to write. */

import { once } from "node:events";
import { createReadStream, createWriteStream, fstatSync, statSync } from "node:fs";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { type CaptureFormat, type CaptureSource, type CaptureWriter, createCaptureWriter } from "../index.js";

/** Large enough that a chunk's own cost does not count, small enough to stay in the cache. */
const READ_BYTES = 1 << 20;

/** A file to read, and how many bytes it has where that is known. */
export interface InputFile {
  readonly name: string;
  readonly source: CaptureSource;
  readonly sizeBytes: number | undefined;
  /** Bytes read so far. */
  readonly readBytes: () => number;
}

/** Opens a capture to read. Throws the system's error (ENOENT and the like) when there is no such file. */
export function openInput(path: string): InputFile {
  const isStdin = path === "-";
  const stat = isStdin ? fstatSync(0) : statSync(path);
  const stream = isStdin ? process.stdin : createReadStream(path, { highWaterMark: READ_BYTES });
  let read = 0;
  async function* counted() {
    for await (const chunk of stream) {
      read += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  }
  const sizeBytes = stat.isFile() ? stat.size : undefined;
  return { name: isStdin ? "stdin" : path, source: counted(), sizeBytes, readBytes: () => read };
}

/** A capture being written. */
export interface OutputFile {
  readonly name: string;
  readonly writer: CaptureWriter;
  /** Completes the file. */
  close(): Promise<void>;
}

/** Opens a capture to write: pcap for names ending in .pcap or .cap, otherwise pcapng; compressed for .gz. */
export async function openOutput(path: string): Promise<OutputFile> {
  const isStdout = path === "-";
  const file: Writable = isStdout ? process.stdout : createWriteStream(path);
  if (!isStdout) await once(file, "open");
  const gzip = path.endsWith(".gz") ? createGzip() : undefined;
  gzip?.pipe(file, { end: !isStdout });
  const first: Writable = gzip ?? file;
  const failed = new Promise<never>((_, reject) => file.once("error", reject));
  failed.catch(() => {});
  const sink = (chunk: Uint8Array) => {
    if (!first.write(chunk)) return Promise.race([once(first, "drain").then(() => {}), failed]);
  };
  const writer = createCaptureWriter(formatFor(path), { sink });
  const close = async () => {
    await writer.close();
    if (isStdout && !gzip) {
      await Promise.race([new Promise<void>((resolve) => file.write("", () => resolve())), failed]);
      return;
    }
    first.end();
    await Promise.race([once(gzip && isStdout ? gzip : file, gzip && isStdout ? "end" : "close"), failed]);
  };
  return { name: isStdout ? "stdout" : path, writer, close };
}

/** The format that a file name asks for. */
export function formatFor(path: string): CaptureFormat {
  return /\.p?cap(\.gz)?$/.test(path) ? "pcap" : "pcapng";
}
