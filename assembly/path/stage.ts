// The stage: where frames lie packed on their way between engines. Each engine has its memory to itself, so a frame that
// changes engines is copied; packed, a burst is one run of bytes, which the host copies with one call.
//
//   stage │ room │ end │ at │ stop │ segmentBytes │ frameBytesMax │ … 64 │ packed frame │ packed frame │ …
//
//   0      4         8              16
//   ┌──────┬─────────┬──────────────┬───────────────┬──────┐     A packed frame: its two lengths, its time, its bytes,
//   │ len  │ wireLen │ timestampNs  │ len bytes     │ pad  │     padded to whole vectors so that both sides copy those
//   └──────┴─────────┴──────────────┴───────────────┴──────┘     only. What the padding holds means nothing.
//
// The sending side fills data[0, end); the receiving side empties data[at, end).
import {
  PACKED_BYTES,
  PACKED_LEN,
  PACKED_TIMESTAMP_NS,
  PACKED_WIRE_LEN,
  STAGE_AT,
  STAGE_BYTES,
  STAGE_END,
  STAGE_FRAME_BYTES_MAX,
  STAGE_ROOM,
  STAGE_SEGMENT_BYTES,
  STAGE_STOP,
} from "../layout";

@unmanaged
export class Stage {
  /** Most bytes that packing may fill. */
  room: u32;
  end: u32;
  at: u32;
  stop: u32;
  /** Bytes that unpacking puts into one buffer; a longer frame becomes a chain. */
  segmentBytes: u32;
  /** Longest frame that this engine's pool can hold. */
  frameBytesMax: u32;
  unused0: u64;
  unused1: v128;
  unused2: v128;
}

if (offsetof<Stage>() != STAGE_BYTES) ERROR("Stage: size");
if (offsetof<Stage>("room") != STAGE_ROOM) ERROR("Stage: room");
if (offsetof<Stage>("end") != STAGE_END) ERROR("Stage: end");
if (offsetof<Stage>("at") != STAGE_AT) ERROR("Stage: at");
if (offsetof<Stage>("stop") != STAGE_STOP) ERROR("Stage: stop");
if (offsetof<Stage>("segmentBytes") != STAGE_SEGMENT_BYTES) ERROR("Stage: segmentBytes");
if (offsetof<Stage>("frameBytesMax") != STAGE_FRAME_BYTES_MAX) ERROR("Stage: frameBytesMax");

@unmanaged
export class Packed {
  len: u32;
  wireLen: u32;
  timestampNs: u64;
}

if (offsetof<Packed>() != PACKED_BYTES) ERROR("Packed: size");
if (offsetof<Packed>("len") != PACKED_LEN) ERROR("Packed: len");
if (offsetof<Packed>("wireLen") != PACKED_WIRE_LEN) ERROR("Packed: wireLen");
if (offsetof<Packed>("timestampNs") != PACKED_TIMESTAMP_NS) ERROR("Packed: timestampNs");

/** Bytes that a frame of len bytes takes when packed. */
export function packedBytes(len: u32): u32 {
  return PACKED_BYTES + ((len + 15) & ~15);
}

/** Copies len bytes as whole vectors: up to 15 bytes beyond are read and written. */
export function copyVectors(to: usize, from: usize, len: u32): void {
  const end = from + len;
  // A 64-byte frame, and what is longer, four vectors at a time.
  while (from + 64 <= end) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
    from += 64;
    to += 64;
  }
  while (from < end) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
}
