/** Runs a scenario's text on captures in memory. */
import { readFileSync } from "node:fs";
import { CaptureReader, type CaptureWriter, createCaptureWriter } from "../../src/index.js";
import { parseScenario } from "../../src/scenario/parse.js";
import { runScenario, type ScenarioReport } from "../../src/scenario/run.js";
import { type Build, wasmBytes } from "./engines.js";

export type Bytes = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface Ran {
  readonly report: ScenarioReport;
  /** Frames in the order of the files. */
  readonly underlay: readonly Uint8Array[];
  readonly delivered: readonly Uint8Array[];
}

/** A capture in memory: its writer, and what was written, once it is closed. */
function memoryCapture(): { writer: CaptureWriter; packets: () => Promise<Uint8Array[]> } {
  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter("pcapng", { sink: (chunk) => void chunks.push(chunk) });
  const packets = async () => {
    await writer.close();
    return packetsOf(chunks);
  };
  return { writer, packets };
}

export async function packetsOf(chunks: Bytes): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const { data } of new CaptureReader(chunks)) all.push(data);
  return all;
}

/** Captures are those of the scenario's replays, in their order. */
export async function runText(text: string, captures: readonly Bytes[], build: Build = "debug"): Promise<Ran> {
  const [underlay, delivered] = [memoryCapture(), memoryCapture()];
  const files = {
    captures: captures.map((capture) => () => capture),
    underlay: underlay.writer,
    delivered: delivered.writer,
    wasm: wasmBytes(build),
  };
  const report = await runScenario(parseScenario("s.yaml", text), files);
  return { report, underlay: await underlay.packets(), delivered: await delivered.packets() };
}

export function fileBytes(file: string): Bytes {
  return [readFileSync(file)];
}
