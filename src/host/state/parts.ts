/**
 * The sections of an adapter's state that its host knows and its port does not: whose it is, whom it talks to, what its rules have let in,
 * what waits, its uplinks, its mbufs. The block and the frames in it are src/migrate/state's.
 */
import type { Engine } from "../../engine.js";
import type { StatePart } from "../../migrate/state/part.js";
import type { Attachment } from "../attachment.js";
import type { HostCore } from "../core.js";
import { FlowsPart } from "./flows.js";
import { type HeldIncoming, HeldPart, type HeldSent } from "./held.js";
import type { StateHome } from "./home.js";
import { IdentityPart } from "./identity.js";
import { LagPart } from "./lag.js";
import { LimitsPart } from "./limits.js";
import { PathsPart } from "./paths.js";
import { Room } from "./room.js";

export interface OverlayParts {
  readonly identity: StatePart;
  readonly paths: PathsPart;
  readonly flows: StatePart;
  readonly fragments: StatePart;
  /** Behind the block's frames: it says for whom some of them wait. */
  readonly held: StatePart;
  readonly lag: StatePart;
  readonly limits: StatePart;
}

/**
 * The parts of an attachment's adapter, in the order of a block. sent holds its frames that wait, of which frames are those of the block that
 * is taken in.
 */
export function overlayParts(
  core: HostCore<Engine>,
  attachment: Attachment,
  sent: HeldSent,
  frames: HeldIncoming,
): OverlayParts {
  const { plane, times } = core;
  const room = new Room(() => plane.endpoints.room);
  const flowRoom = { 4: new Room(() => plane.flows.room(4)), 6: new Room(() => plane.flows.room(6)) };
  const home: StateHome = {
    ...{ attachment, plane, times, room },
    at: (nowMs) => core.at(nowMs),
    warm: (macs, nowMs) => core.warm(attachment, macs, nowMs),
  };
  return {
    identity: new IdentityPart(attachment, room),
    paths: new PathsPart(home),
    flows: new FlowsPart("flows", home, flowRoom),
    fragments: new FlowsPart("fragments", home, flowRoom),
    held: new HeldPart(home, sent, frames),
    lag: new LagPart(home),
    limits: new LimitsPart(attachment, core.engine.limits),
  };
}
