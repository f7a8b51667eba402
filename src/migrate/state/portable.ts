/**
 * From the native format to the portable one, which any engine takes: frames in order, without the queues that they were in, and what else
 * names no queue, path or bucket. It is asked for, not done by itself, and says what it loses.
 */
import type { DigestFunction } from "../move/section.js";
import { type BlockFault, type BlockSection, decodeBlock, encodeBlock } from "./block.js";
import { PLACE_HELD_SENT, PLACE_QUEUE, PLACE_RING } from "./frames/holder.js";
import {
  dataOffset,
  type FrameRecord,
  type FramesShape,
  readRecord,
  readShape,
  recordOffset,
  writeRecord,
  writeShape,
} from "./frames/section.js";
import type { StateRefusal } from "./part.js";
import { NATIVE_FORMAT, PORTABLE_FORMAT } from "./partition-state.js";

export interface PortableBlock {
  readonly block: Uint8Array;
  /** In words, for people; empty when nothing is lost. */
  readonly loses: readonly string[];
}

/** Sections that are taken over as they are. */
const KEPT: ReadonlySet<string> = new Set(["identity", "counters", "flows", "fragments", "limits"]);
/** What goes with a section that is left out. */
const LOST: Readonly<Record<string, string>> = {
  queues: "queue cursors and buffer ids",
  paths: "path cache",
  held: "what held frames waited for",
  lag: "live buckets, learned addresses",
};

interface PlacedFrame extends FrameRecord {
  readonly bytes: Uint8Array;
}

/** The portable block, or why this is no native one. Never throws. */
export function toPortable(native: Uint8Array, digest: DigestFunction): PortableBlock | BlockFault | StateRefusal {
  const decoded = decodeBlock(native, digest);
  if (typeof decoded === "string") return decoded;
  const { name, version } = decoded.format;
  if (name !== NATIVE_FORMAT.name || version !== NATIVE_FORMAT.version) {
    const bound = `${NATIVE_FORMAT.name} ${NATIVE_FORMAT.version}`;
    return { section: "", field: "format", value: `${name} ${version}`, bound };
  }
  const loses: string[] = [];
  const sections: BlockSection[] = [];
  for (const section of decoded.sections) {
    if (KEPT.has(section.name)) {
      sections.push(section);
    } else if (section.name === "frames") {
      const frames = readFrames(section.bytes);
      if ("field" in frames) return frames;
      sections.push({ ...section, bytes: writeFrames(frames) });
      loses.push(...lostOf(frames));
    } else {
      loses.push(LOST[section.name] ?? `section ${section.name}`);
    }
  }
  return { block: encodeBlock(PORTABLE_FORMAT, sections, digest), loses };
}

function readFrames(section: Uint8Array): PlacedFrame[] | StateRefusal {
  const shape = readShape(section);
  if (!shape) return { section: "frames", field: "length", value: section.length, bound: "what its header says" };
  const frames: PlacedFrame[] = [];
  let at = dataOffset(shape);
  for (let i = 0; i < shape.count; i++) {
    const record = readRecord(section, i);
    const bound = section.length - at;
    if (record.lenBytes > bound) {
      return {
        section: "frames",
        field: `[${i}].len`,
        value: record.lenBytes,
        bound: `at most ${bound}, what is left`,
      };
    }
    frames.push({ ...record, bytes: section.subarray(at, at + record.lenBytes) });
    at += record.lenBytes;
  }
  return frames;
}

function writeFrames(frames: readonly PlacedFrame[]): Uint8Array {
  const of = (place: number) => frames.filter((frame) => frame.place === place);
  const sent = [...of(PLACE_HELD_SENT), ...of(PLACE_RING)].map((frame) => ({ ...frame, place: PLACE_RING }));
  const kept = [...sent, ...of(PLACE_QUEUE)];
  const dataBytes = kept.reduce((sum, { lenBytes }) => sum + lenBytes, 0);
  const shape: FramesShape = { count: kept.length, lens: 0, dataBytes };
  let at = recordOffset(kept.length);
  const section = new Uint8Array(at + dataBytes);
  writeShape(section, shape);
  for (const [i, frame] of kept.entries()) {
    writeRecord(section, i, { ...frame, segments: 0 });
    section.set(frame.bytes, at);
    at += frame.lenBytes;
  }
  return section;
}

function lostOf(frames: readonly PlacedFrame[]): string[] {
  const lost: string[] = [];
  if (frames.some(({ segments }) => segments > 1)) lost.push("how frames were cut into buffers");
  const waiting = frames.filter(({ place }) => place > PLACE_HELD_SENT).length;
  if (waiting > 0) lost.push(`frames that came by an uplink and waited: ${waiting}`);
  return lost;
}
