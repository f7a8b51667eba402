export {
  type BlockFault,
  type BlockFormat,
  type BlockSection,
  type DecodedBlock,
  decodeBlock,
  encodeBlock,
} from "./block.js";
export { CountersPart } from "./counters-part.js";
export { AdapterFrames, type SurrenderedFrame } from "./frames/adapter-frames.js";
export {
  type FrameHolder,
  PLACE_HELD_ARRIVED,
  PLACE_HELD_SENT,
  PLACE_QUEUE,
  PLACE_RING,
} from "./frames/holder.js";
export type { FrameNumbers, IncomingFrames } from "./frames/numbering.js";
export { FramesPart, PortableFramesPart } from "./frames/part.js";
export { type MigrationSizes, StateMemory } from "./memory.js";
export { MovingBlock } from "./moving-block.js";
export { DirtyPages, joinPages, type PageOptions } from "./pages.js";
export type { StatePart, StateRefusal } from "./part.js";
export { NATIVE_FORMAT, PartitionState, PORTABLE_FORMAT } from "./partition-state.js";
export { type PortableBlock, toPortable } from "./portable.js";
export { QueuesPart } from "./queues-part.js";
