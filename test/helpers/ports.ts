/** What stands outside a port in tests: frames that arrive, frames that leave. */

import type { Outgoing } from "../../src/buffer/outgoing.js";
import type { Arrival } from "../../src/buffer/pool.js";
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import { concat } from "./bytes.js";

export function arrivals(frames: readonly Uint8Array[]): Arrival[] {
  return frames.map((data) => ({ data }));
}

/** A copy of a frame's bytes, its spans put together. */
export function bytesOf(frame: { readonly spans: readonly Uint8Array[] }): Uint8Array {
  return concat(...frame.spans);
}

/** Takes and completes everything that is posted; returns copies. */
export function drain(
  port: Port,
): { bytes: Uint8Array; spans: number[]; originalLength: number; timestampNs: bigint }[] {
  const all: { bytes: Uint8Array; spans: number[]; originalLength: number; timestampNs: bigint }[] = [];
  for (let frames = port.takeBurst(); frames.length > 0; frames = port.takeBurst()) {
    for (const frame of frames) all.push({ ...copied(frame) });
    port.complete(frames);
  }
  return all;
}

function copied(frame: Outgoing) {
  const { originalLength, timestampNs } = frame;
  return { bytes: bytesOf(frame), spans: frame.spans.map((span) => span.length), originalLength, timestampNs };
}

/** Polls until nothing moves. */
export function settle(...engines: Engine[]): void {
  while (engines.reduce((moved, engine) => moved + engine.poll(), 0) > 0);
}

export function total(drops: Readonly<Record<string, number>>): number {
  return Object.values(drops).reduce((sum, count) => sum + count, 0);
}
