/** Packed frames by hand: what assembly/path/stage.ts draws, written and read with a DataView. The oracle for pack and unpack. */

export interface PackedFrame {
  readonly bytes: Uint8Array;
  readonly wireLen: number;
  readonly timestampNs: bigint;
}

/** Bytes that a frame takes: two lengths, a time, the bytes padded to 16. */
export function packedSize(frame: PackedFrame): number {
  return 16 + Math.ceil(frame.bytes.length / 16) * 16;
}

/** The frames one behind the other; padding is zero here and anything there. */
export function packFrames(frames: readonly PackedFrame[]): Uint8Array {
  const out = new Uint8Array(frames.reduce((sum, frame) => sum + packedSize(frame), 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.bytes.length, true);
    view.setUint32(at + 4, frame.wireLen, true);
    view.setBigUint64(at + 8, frame.timestampNs, true);
    out.set(frame.bytes, at + 16);
    at += packedSize(frame);
  }
  return out;
}

/** The frames that were packed into these bytes, which hold nothing else. */
export function unpackFrames(bytes: Uint8Array): PackedFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: PackedFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at, true);
    const frame = {
      bytes: bytes.slice(at + 16, at + 16 + length),
      wireLen: view.getUint32(at + 4, true),
      timestampNs: view.getBigUint64(at + 8, true),
    };
    frames.push(frame);
    at += packedSize(frame);
  }
  return frames;
}
