/** A capture that is read more than once: what can be read once only, such as stdin or a pipe, is put aside in a temporary file. */
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type InputFile, openInput } from "../files.js";

export interface Rereadable {
  /** The capture from its beginning, under the name that it was given. */
  open(): InputFile;
  /** Takes away what was put aside. */
  discard(): void;
}

/** Throws the system's error when there is no such file, or no room to put it aside. */
export async function rereadable(path: string): Promise<Rereadable> {
  if (path !== "-" && statSync(path).isFile()) return { open: () => openInput(path), discard() {} };
  const input = openInput(path);
  const folder = mkdtempSync(join(tmpdir(), "ringlane-"));
  const discard = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, "capture");
    await pipeline(input.source as AsyncIterable<Uint8Array>, createWriteStream(copy));
    return { open: () => ({ ...openInput(copy), name: input.name }), discard };
  } catch (error) {
    discard();
    throw error;
  }
}
