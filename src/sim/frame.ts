/** A frame on the underlay: bytes of its own, copied when it left its port and not written again. */
import type { Outgoing } from "../buffer/outgoing.js";
import { finish, mixWord } from "./digest.js";

export interface UnderlayFrame {
  readonly data: Uint8Array;
  /** Bytes on the wire: more than data's where a capture had cut the frame. */
  readonly originalLength: number;
  /** The frame's own, kept from host to host; not the fabric's time. */
  readonly timestampNs: bigint;
  /** Name of the host that sent it. */
  readonly from: string;
  /** MurmurHash3_x86_32 of the data, padded with zeros to whole words, seed 0. */
  readonly hash: number;
}

export function copyFrame({ spans, length, originalLength, timestampNs }: Outgoing, from: string): UnderlayFrame {
  const data = paddedBytes(length);
  let at = 0;
  for (const span of spans) {
    data.set(span, at);
    at += span.length;
  }
  return { data, originalLength, timestampNs, from, hash: hashOf(data) };
}

/** The frame with one bit flipped; bits are counted from the first byte's lowest. */
export function flipped(frame: UnderlayFrame, bit: number): UnderlayFrame {
  const data = paddedBytes(frame.data.length);
  data.set(frame.data);
  data[bit >> 3] = (data[bit >> 3] as number) ^ (1 << (bit & 7));
  return { ...frame, data, hash: hashOf(data) };
}

/** Bytes in a buffer of whole words. */
function paddedBytes(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer((length + 3) & ~3), 0, length);
}

function hashOf(data: Uint8Array): number {
  let state = 0;
  for (const word of new Int32Array(data.buffer)) state = mixWord(state, word);
  return finish(state, data.length);
}
