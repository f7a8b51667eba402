/** What the parts of a host share. */
import type { HostEvent } from "./events.js";
import type { HostOptions, HostSettings } from "./options.js";
import type { HostEngine, HostPlane } from "./plane.js";
import type { Requests } from "./requests.js";
import type { Timers } from "./timers.js";

export interface HostContext {
  /** The host's own name. */
  readonly name: string;
  readonly options: HostOptions<HostEngine>;
  readonly settings: HostSettings;
  readonly plane: HostPlane;
  readonly requests: Requests;
  readonly timers: Timers;
  now(): number;
  /** Ticks that a time takes, rounded up. */
  ticks(ms: number): number;
  tell(event: HostEvent): void;
}
