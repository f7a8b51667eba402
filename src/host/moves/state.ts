/** The state of an attachment's adapter, as a move takes it: one block of all its parts, in pages. */
import type { Engine } from "../../engine.js";
import { ConfigError } from "../../errors.js";
import { decodeBlock } from "../../migrate/state/block.js";
import { CountersPart } from "../../migrate/state/counters-part.js";
import { AdapterFrames } from "../../migrate/state/frames/adapter-frames.js";
import { PLACE_HELD_SENT, PLACE_QUEUE, PLACE_RING } from "../../migrate/state/frames/holder.js";
import { FramesPart, PortableFramesPart } from "../../migrate/state/frames/part.js";
import { MovingBlock } from "../../migrate/state/moving-block.js";
import { joinPages } from "../../migrate/state/pages.js";
import { NATIVE_FORMAT, PartitionState, PORTABLE_FORMAT } from "../../migrate/state/partition-state.js";
import { QueuesPart } from "../../migrate/state/queues-part.js";
import type { Attachment } from "../attachment.js";
import type { HostCore } from "../core.js";
import { HeldSent } from "../state/held.js";
import { overlayParts } from "../state/parts.js";
import { type AdapterState, adapterName } from "./adapter.js";

/** How a state is written: as this engine has it, or without what names its queues, paths and buckets. */
export type StateForm = "native" | "portable";

/** It is read in one form, and takes in either. Throws ConfigError for an engine that has no memory for states. */
export function adapterStateOf(core: HostCore<Engine>, attachment: Attachment, form: StateForm): AdapterState {
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
  const counters = new CountersPart(migration, attachment.vnic);
  const native = [identity, new FramesPart(frames), new QueuesPart(frames), counters, paths, flows, fragments, waiting];
  const portable = [identity, new PortableFramesPart(frames), counters, flows, fragments, limits];
  const blocks = {
    native: new MovingBlock(adapter, new PartitionState(migration, NATIVE_FORMAT, [...native, lag, limits]), migration),
    portable: new MovingBlock(adapter, new PartitionState(migration, PORTABLE_FORMAT, portable), migration),
  };
  let inserted = blocks[form];
  return {
    read: (round, nowMs) => blocks[form].read(round, nowMs),
    insert(sections, nowMs) {
      const decoded = decodeBlock(joinPages(adapter, sections), migration.digest);
      const isPortable = typeof decoded === "object" && decoded.format.name === PORTABLE_FORMAT.name;
      inserted = blocks[isPortable ? "portable" : "native"];
      return inserted.insert(sections, nowMs);
    },
    get differing() {
      return inserted.differing;
    },
    warm(sections, nowMs) {
      // What is not sound is for insert to say.
      if (sections.length > 0) paths.warm(joinPages(adapter, sections), nowMs);
    },
    surrender() {
      // What a driver has taken, the guest has got; what waited was sent before what is in the ring.
      let given = attachment.vnic.inFlight.length;
      const left = frames.surrender().filter(({ place }) => place !== PLACE_QUEUE || given-- <= 0);
      const inOrder = [PLACE_HELD_SENT, PLACE_RING, PLACE_QUEUE].flatMap((at) =>
        left.filter(({ place }) => place === at),
      );
      return inOrder.map(({ data, originalLength = data.length, timestampNs = 0n, place }) => {
        return { adapter, data, originalLength, timestampNs, isSent: place !== PLACE_QUEUE };
      });
    },
    clear: () => frames.drop(),
  };
}
