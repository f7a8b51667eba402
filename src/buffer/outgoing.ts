/** Frames on their way out, as a driver takes them: spans that the data plane wrote, read as views. */
import { SPAN_ADDR, SPAN_BYTES, SPAN_ID, SPAN_LEN, SPAN_MBUF, SPAN_MORE } from "../../assembly/layout.js";
import type { FrameOwner } from "./frame.js";

/** A frame in a driver's hands, from Port.takeBurst to Port.complete. */
export interface Outgoing {
  /** The descriptors' buffer id. */
  readonly id: number;
  /** The frame's bytes, one view a descriptor, in the engine's memory. */
  readonly spans: readonly Uint8Array[];
  /** Bytes in the spans; originalLength is more where a capture's snaplen had cut the frame. */
  readonly length: number;
  readonly originalLength: number;
  readonly timestampNs: bigint;
}

/** The frames in count spans at an address: a frame's spans stand together, all but the last marked "more". */
export function readOutgoing({ arena, pool }: FrameOwner, spans: number, count: number): Outgoing[] {
  const { u8, u16, u32 } = arena;
  const frames: Outgoing[] = [];
  const end = spans + count * SPAN_BYTES;
  for (let span = spans; span < end; ) {
    const id = u16[(span + SPAN_ID) >> 1] as number;
    const m = u32[(span + SPAN_MBUF) >> 2] as number;
    const bytes: Uint8Array[] = [];
    let more = true;
    for (; more; span += SPAN_BYTES) {
      const addr = u32[(span + SPAN_ADDR) >> 2] as number;
      bytes.push(u8.subarray(addr, addr + (u32[(span + SPAN_LEN) >> 2] as number)));
      more = u16[(span + SPAN_MORE) >> 1] !== 0;
    }
    const [length, originalLength, timestampNs] = [pool.pktLen(m), pool.wireLen(m), pool.timestampNs(m)];
    frames.push({ id, spans: bytes, length, originalLength, timestampNs });
  }
  return frames;
}
