/** A host of an overlay: systems 3 and 4 behind one call. */
export type { Attachment, AttachmentState } from "./attachment.js";
export { HostCore } from "./core.js";
export type { HostEvent } from "./events.js";
export { AttachRefused, type CreateHostOptions, createHost, Host, type MoveEnd } from "./host.js";
export type { HostMove, HostMoveOptions, IncomingAdapter, IncomingVm, MoveRequest } from "./moves/options.js";
export type { AttachOptions, HostOptions, HostTimes, PathHint, PathOptions } from "./options.js";
