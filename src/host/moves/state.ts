/** The state of an attachment's adapter, as a move takes it: one block of all its parts, in pages. */
import type { Engine } from "../../engine.js";
import { ConfigError } from "../../errors.js";
import { CountersPart } from "../../migrate/state/counters-part.js";
import { AdapterFrames } from "../../migrate/state/frames/adapter-frames.js";
import { PLACE_QUEUE } from "../../migrate/state/frames/holder.js";
import { FramesPart } from "../../migrate/state/frames/part.js";
import { MovingBlock } from "../../migrate/state/moving-block.js";
import { joinPages } from "../../migrate/state/pages.js";
import { NATIVE_FORMAT, PartitionState } from "../../migrate/state/partition-state.js";
import { QueuesPart } from "../../migrate/state/queues-part.js";
import type { Attachment } from "../attachment.js";
import type { HostCore } from "../core.js";
import { HeldSent } from "../state/held.js";
import { overlayParts } from "../state/parts.js";
import { type AdapterState, adapterName } from "./adapter.js";

/** Throws ConfigError for an engine that has no memory for states. */
export function adapterStateOf(core: HostCore<Engine>, attachment: Attachment): AdapterState {
  const { migration } = core.engine;
  if (!migration) throw new ConfigError("migration", undefined, "given to createEngine, {} for the defaults");
  const adapter = adapterName(attachment);
  const held = new HeldSent(core.plane, attachment.vnic);
  const frames = new AdapterFrames(migration, attachment.vnic, [held]);
  const {
    identity,
    paths,
    flows,
    fragments,
    held: waiting,
    lag,
    limits,
  } = overlayParts(core, attachment, held, frames);
  const state = new PartitionState(migration, NATIVE_FORMAT, [
    ...[identity, new FramesPart(frames), new QueuesPart(frames), new CountersPart(migration, attachment.vnic)],
    ...[paths, flows, fragments, waiting, lag, limits],
  ]);
  const block = new MovingBlock(adapter, state, migration);
  return {
    read: (round, nowMs) => block.read(round, nowMs),
    insert: (sections, nowMs) => block.insert(sections, nowMs),
    get differing() {
      return block.differing;
    },
    warm(sections, nowMs) {
      // What is not sound is for insert to say.
      if (sections.length > 0) paths.warm(joinPages(adapter, sections), nowMs);
    },
    surrender: () =>
      frames.surrender().map(({ data, originalLength = data.length, timestampNs = 0n, place }) => {
        return { adapter, data, originalLength, timestampNs, isSent: place !== PLACE_QUEUE };
      }),
    clear: () => frames.drop(),
  };
}
