/** The frames of the bonding vectors by name: made ones, and packets of the example captures. */
import { readFileSync } from "node:fs";
import { CaptureReader } from "../../src/capture/index.js";
import { BONDING_FRAMES, CAPTURED_FRAMES } from "../vectors/bonding-frames.js";
import { exampleCapture } from "./files.js";

export async function bondingFrames(): Promise<Map<string, Uint8Array>> {
  const frames = new Map(Object.entries(BONDING_FRAMES));
  for (const [file, numbers] of Object.entries(CAPTURED_FRAMES)) {
    let number = 0;
    for await (const { data } of new CaptureReader(new Uint8Array(readFileSync(exampleCapture(file))))) {
      if (numbers.includes(++number)) frames.set(`${file} ${number}`, data.slice());
    }
  }
  return frames;
}
