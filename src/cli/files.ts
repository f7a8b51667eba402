/** Capture files by name: `-` is stdin or stdout, `.gz` is compressed, the ending chooses the format to write. */

import { once } from "node:events";
import { createReadStream, createWriteStream, fstatSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import {
  type CaptureFormat,
  type CaptureSink,
  type CaptureSource,
  type CaptureWriter,
  createCaptureWriter,
} from "../index.js";

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
  let read = 0;
  async function* counted() {
    // Opened on the first read: a stream that fails while nobody reads it ends the process.
    const stream = isStdin ? process.stdin : createReadStream(path, { highWaterMark: READ_BYTES });
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
  /** Completes the file and gives it its name. */
  close(): Promise<void>;
  /** Takes back what was written, unless it was closed: a file of that name that was there before stays as it was. */
  discard(): void;
}

/**
 * Opens a capture to write: pcap for names ending in .pcap or .cap, otherwise pcapng; compressed for .gz. It is written beside
 * its place and moved there when it is complete, so that it may also be the file that is read.
 */
export async function openOutput(path: string): Promise<OutputFile> {
  if (path === "-") return stdoutFile();
  const stat = statSync(path, { throwIfNoEntry: false });
  const isDevice = stat?.isFile() === false;
  // Behind a link, so that the link stays one.
  const target = stat ? realpathSync(path) : path;
  const place = isDevice ? path : `${target}.${process.pid}.part`;
  const file = createWriteStream(place);
  await once(file, "open");
  const gzip = path.endsWith(".gz") ? createGzip() : undefined;
  gzip?.pipe(file);
  const { sink, failed } = sinkTo(gzip ?? file, file);
  const writer = createCaptureWriter(formatFor(path), { sink });
  let isComplete = isDevice;
  const close = async () => {
    await writer.close();
    (gzip ?? file).end();
    await Promise.race([once(file, "close"), failed]);
    if (!isDevice) renameSync(place, target);
    isComplete = true;
  };
  const discard = () => {
    if (isComplete) return;
    file.destroy();
    rmSync(place, { force: true });
  };
  return { name: path, writer, close, discard };
}

function stdoutFile(): OutputFile {
  const { sink, failed } = sinkTo(process.stdout, process.stdout);
  const writer = createCaptureWriter("pcapng", { sink });
  const close = async () => {
    await writer.close();
    await Promise.race([new Promise<void>((resolve) => process.stdout.write("", () => resolve())), failed]);
  };
  return { name: "stdout", writer, close, discard() {} };
}

/** Writes chunks to stream as fast as it takes them; failed rejects when file, at its end, cannot be written. */
function sinkTo(stream: Writable, file: Writable): { sink: CaptureSink; failed: Promise<never> } {
  const failed = new Promise<never>((_, reject) => file.once("error", reject));
  failed.catch(() => {});
  const sink = (chunk: Uint8Array) => {
    if (!stream.write(chunk)) return Promise.race([once(stream, "drain").then(() => {}), failed]);
  };
  return { sink, failed };
}

/** The format that a file name asks for. */
export function formatFor(path: string): CaptureFormat {
  return /\.p?cap(\.gz)?$/.test(path) ? "pcap" : "pcapng";
}
