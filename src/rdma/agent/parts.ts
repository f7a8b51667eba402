/** What the two halves of an agent share: the one that opens streams, and the one that takes them. */
import type { AggregatorLimits } from "../aggregator/options.js";
import type { PathMtuBytes } from "../cm/index.js";
import type { ConnectionManager } from "../connect/index.js";
import type { Framing } from "../estimate/wire-cost.js";
import type { ConnectionOwner } from "./connection-owner.js";
import type { Links } from "./link.js";

export interface AgentParts {
  readonly cm: ConnectionManager;
  readonly links: Links;
  /** By the connection manager's ids. */
  readonly owners: Map<number, ConnectionOwner>;
  readonly session: AggregatorLimits;
  readonly tenant: number;
  readonly sessionPort: number;
  readonly pathMtu: PathMtuBytes;
  readonly framing: Framing;
  /** A session's number, 1 to 2^64 - 1. */
  readonly drawSession: () => bigint;
  /** This end's address. */
  readonly address: string;
  readonly onWork: () => void;
  readonly clock: () => number;
}
