/** A run that is over: what the reports are made of. */
import type { Fabric, SimDirectory } from "../../index.js";
import type { Guest } from "../guest.js";
import type { ScenarioHost } from "../hosts.js";
import type { Deliveries } from "../judge/deliveries.js";
import type { Moves } from "../moves.js";
import type { Scenario } from "../parse.js";
import type { Rails } from "../rails.js";
import type { Conversation } from "../sockets/conversation.js";
import type { ReplaySource } from "../traffic/replay.js";
import type { Stream } from "../traffic/stream.js";
import type { Wire } from "../wire.js";

export interface Run {
  readonly scenario: Scenario;
  readonly fabric: Fabric;
  readonly directory: SimDirectory;
  readonly hosts: readonly ScenarioHost[];
  readonly guests: readonly Guest[];
  readonly streams: readonly Stream[];
  readonly conversations: readonly Conversation[];
  readonly replays: readonly ReplaySource[];
  readonly deliveries: Deliveries;
  readonly moves: Moves;
  readonly rails: Rails;
  readonly wire: Wire;
  /** The fabric's time when everybody was attached. */
  readonly startMs: number;
}

export function sumOf<T>(items: readonly T[], pick: (item: T) => number): number {
  return items.reduce((sum, item) => sum + pick(item), 0);
}
