/** A port's counters by name: the data plane counts by number. */
import * as layout from "../assembly/layout.js";
import { CAUSES } from "./causes.js";
import type { Arena } from "./memory.js";

/** Counts since a port was made. Byte counts are of the bytes present, without FCS. */
export interface PortCounters {
  /** Frames and bytes that arrived from outside. */
  readonly rxFrames: number;
  readonly rxBytes: number;
  /** Frames, bytes, descriptors and doorbells that were posted to the outside. */
  readonly txFrames: number;
  readonly txBytes: number;
  readonly txDescriptors: number;
  readonly txDoorbells: number;
  /** Frames that found the receive ring or the transmit queue full and stayed with the caller. */
  readonly rxRefused: number;
  readonly txRefused: number;
  /** Frames that stayed with the caller because the pool had no buffer. */
  readonly noBuffer: number;
  /** Bytes that the engine copied for this port's frames: on arrival, and when fragments were gathered. */
  readonly copiedBytes: number;
  /** Headers that found no room in front of a frame. */
  readonly prependFailures: number;
  /** Frames of several pieces that were copied into one span, and that went as several descriptors. */
  readonly gatheredFrames: number;
  readonly scatteredFrames: number;
  /** Descriptors over frames; 1 on the single-DMA path, 0 before the first frame. */
  readonly descriptorsPerFrame: number;
  /** Dropped frames by cause; causes that did not occur are left out. */
  readonly drops: Readonly<Record<string, number>>;
}

/** Reads a port's counter block, layout.COUNTERS words of 64 bits at the given address. */
export function readCounters(arena: Arena, block: number): PortCounters {
  const at = (index: number) => Number(arena.u64[block / 8 + index]);
  const txFrames = at(layout.COUNTER_TX_FRAMES);
  const txDescriptors = at(layout.COUNTER_TX_DESCRIPTORS);
  const drops: Record<string, number> = {};
  for (const [code, name] of CAUSES) {
    const count = at(layout.COUNTER_DROP + code);
    if (count > 0) drops[name] = count;
  }
  return {
    rxFrames: at(layout.COUNTER_RX_FRAMES),
    rxBytes: at(layout.COUNTER_RX_BYTES),
    txFrames,
    txBytes: at(layout.COUNTER_TX_BYTES),
    txDescriptors,
    txDoorbells: at(layout.COUNTER_TX_DOORBELLS),
    rxRefused: at(layout.COUNTER_RX_REFUSED),
    txRefused: at(layout.COUNTER_TX_REFUSED),
    noBuffer: at(layout.COUNTER_NO_BUFFER),
    copiedBytes: at(layout.COUNTER_COPIED_BYTES),
    prependFailures: at(layout.COUNTER_PREPEND_FAILURES),
    gatheredFrames: at(layout.COUNTER_GATHERED),
    scatteredFrames: at(layout.COUNTER_SCATTERED),
    descriptorsPerFrame: txFrames === 0 ? 0 : txDescriptors / txFrames,
    drops,
  };
}
