/**
 * The directory as hosts see it, whoever keeps it: embedded.ts in memory, nats/ on servers. docs/directory.md has the guarantees.
 *
 * Everything may be said again: after DirectoryUnavailable nobody knows whether it was done, and the second time changes nothing.
 */
import type {
  DirectoryChange,
  EndpointQuery,
  EndpointRecord,
  HostRecord,
  HostState,
  Resolution,
  WatchFilter,
} from "./records.js";

/** A run of global queue-pair numbers, a host's own: first to first + size - 1. */
export interface Block {
  readonly first: number;
  readonly size: number;
}

/** A watch that goes on until it is stopped. */
export interface Watch {
  /** Reads everything again and delivers what the watch missed. Never an older generation after a newer one. */
  resync(): Promise<void>;
  /** Nothing is delivered after this. */
  stop(): void;
}

export type ChangeListener = (change: DirectoryChange) => void;

/** Every method rejects with DirectoryUnavailable, DirectoryClosed, or ConfigError for arguments outside their bounds. */
export interface Directory {
  /** How a host is reached; the last word counts. Before its endpoints: without it they resolve to nothing. */
  publishHost(host: HostRecord): Promise<void>;
  resolveHost(name: string): Promise<HostState | undefined>;

  /**
   * Claims an endpoint, and its global queue-pair number, by generation: the highest wins, of equals the first, and the same record may
   * be published again. Another endpoint that has the number with a lower generation is withdrawn. Returns the change's sequence
   * number; StaleGeneration says who won.
   */
  publish(record: EndpointRecord): Promise<number>;
  /** The endpoint is gone. Nothing happens when it is already; StaleGeneration when it has a higher generation. */
  withdraw(vni: number, mac: string, generation: number): Promise<void>;
  /** Undefined when there is none, or its host is unknown. */
  resolve(query: EndpointQuery): Promise<Resolution | undefined>;
  /** The hosts that have endpoints of a network, dead ones too, by name: whom a broadcast goes to. */
  members(vni: number): Promise<readonly HostState[]>;

  /** Calls listener with every endpoint that is there, then, when it has returned, with every change, one at a time. */
  watch(filter: WatchFilter, listener: ChangeListener): Promise<Watch>;

  /** size numbers that no other host has; BlocksExhausted. */
  allocateBlock(host: string, size: number): Promise<Block>;
  /** Gives a block back; it rests before anybody gets it again. BlockInUse while a number of it is published. */
  releaseBlock(host: string, block: Block): Promise<void>;

  /**
   * The host is alive for ttlMs from now, and dead once that has passed without renew: its endpoints stay, and resolve with
   * alive = false. Returns the time that the directory grants, ttlMs or more.
   */
  lease(host: string, ttlMs: number): Promise<number>;
  /** Another ttlMs; LeaseExpired when it is too late. */
  renew(host: string): Promise<void>;
  /**
   * Whether the host has a lease that has not ended. A host that asks for the lease itself, and finds one that it does not know of, lets it
   * end first: whoever waits for that would else wait for somebody who has lost his memory.
   */
  leased(host: string): Promise<boolean>;

  /** Stops every watch. What was published stays. */
  close(): Promise<void>;
}
