/** The section `frames` as the host reads it (assembly/snapshot/frames.ts draws it). */
import {
  FRAME_RECORD_BYTES,
  FRAME_RECORD_LEN,
  FRAME_RECORD_PLACE,
  FRAME_RECORD_SEGMENTS,
  FRAME_RECORD_TIMESTAMP_NS,
  FRAME_RECORD_WIRE_LEN,
} from "../../../../assembly/layout.js";
import { aligned } from "../block.js";

export const FRAMES_HEADER_BYTES = 16;

/** How large a section's pieces are. */
export interface FramesShape {
  readonly count: number;
  /** Entries among the segments' lengths. */
  readonly lens: number;
  readonly dataBytes: number;
}

export interface FrameRecord {
  readonly timestampNs: bigint;
  readonly lenBytes: number;
  readonly wireBytes: number;
  /** 0 in a portable section. */
  readonly segments: number;
  readonly place: number;
}

/** Offset of a frame's record in the section. */
export function recordOffset(number: number): number {
  return FRAMES_HEADER_BYTES + number * FRAME_RECORD_BYTES;
}

/** Offset of the segments' lengths. */
export function lensOffset({ count }: FramesShape): number {
  return recordOffset(count);
}

/** Offset of the first frame's bytes. */
export function dataOffset(shape: FramesShape): number {
  return aligned(lensOffset(shape) + shape.lens * 4);
}

export function writeShape(section: Uint8Array, { count, lens, dataBytes }: FramesShape): void {
  const view = new DataView(section.buffer, section.byteOffset);
  for (const [i, word] of [count, lens, dataBytes, 0].entries()) view.setUint32(i * 4, word, true);
}

/** The pieces of a section that is as long as they are; undefined for any other, or where it says what nobody writes. */
export function readShape(section: Uint8Array): FramesShape | undefined {
  if (section.length < FRAMES_HEADER_BYTES) return undefined;
  const view = new DataView(section.buffer, section.byteOffset);
  const shape = { count: view.getUint32(0, true), lens: view.getUint32(4, true), dataBytes: view.getUint32(8, true) };
  if (view.getUint32(12, true) !== 0 || dataOffset(shape) + shape.dataBytes !== section.length) return undefined;
  for (let at = lensOffset(shape) + shape.lens * 4; at < dataOffset(shape); at++) {
    if (section[at] !== 0) return undefined;
  }
  return shape;
}

export function readRecord(section: Uint8Array, number: number): FrameRecord {
  const view = new DataView(section.buffer, section.byteOffset + recordOffset(number), FRAME_RECORD_BYTES);
  return {
    timestampNs: view.getBigUint64(FRAME_RECORD_TIMESTAMP_NS, true),
    lenBytes: view.getUint32(FRAME_RECORD_LEN, true),
    wireBytes: view.getUint32(FRAME_RECORD_WIRE_LEN, true),
    segments: view.getUint16(FRAME_RECORD_SEGMENTS, true),
    place: view.getUint8(FRAME_RECORD_PLACE),
  };
}

export function writeRecord(section: Uint8Array, number: number, record: FrameRecord): void {
  const view = new DataView(section.buffer, section.byteOffset + recordOffset(number), FRAME_RECORD_BYTES);
  view.setBigUint64(FRAME_RECORD_TIMESTAMP_NS, record.timestampNs, true);
  view.setUint32(FRAME_RECORD_LEN, record.lenBytes, true);
  view.setUint32(FRAME_RECORD_WIRE_LEN, record.wireBytes, true);
  view.setUint16(FRAME_RECORD_SEGMENTS, record.segments, true);
  view.setUint8(FRAME_RECORD_PLACE, record.place);
}
