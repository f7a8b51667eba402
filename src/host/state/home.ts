/** What the parts of an adapter's state need of its host. */
import type { OverlayPlane } from "../../overlay/plane/plane.js";
import type { Attachment } from "../attachment.js";
import type { HostTimes } from "../options.js";
import type { Room } from "./room.js";

export interface StateHome {
  readonly attachment: Attachment;
  readonly plane: OverlayPlane;
  readonly times: HostTimes;
  /** Records of endpoints and addresses. */
  readonly room: Room;
  /** HostCore.at. */
  at(nowMs: number): void;
  /** HostCore.warm for the adapter. */
  warm(macs: readonly string[], nowMs: number): void;
}
