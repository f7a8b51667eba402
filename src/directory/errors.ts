/** What a directory refuses, or cannot do just now. Messages name records and hosts, never servers or credentials. */
import { RinglaneError } from "../errors.js";
import type { Block } from "./directory.js";
import type { EndpointRecord } from "./records.js";

/** The directory did not answer. What was asked may have been done or not: say it again, everything is idempotent. */
export class DirectoryUnavailable extends RinglaneError {
  readonly operation: string;

  /** reason: the kind of failure, without text from elsewhere, since that might quote a secret. */
  constructor(operation: string, reason: string) {
    super("DIRECTORY_UNAVAILABLE", `the directory did not answer ${operation} (${reason})`);
    this.operation = operation;
  }
}

/** The directory was closed. */
export class DirectoryClosed extends RinglaneError {
  constructor() {
    super("DIRECTORY_CLOSED", "the directory is closed");
  }
}

/** Somebody claimed the endpoint, or its global queue-pair number, with a higher generation, or the same one before. */
export class StaleGeneration extends RinglaneError {
  /** The generation that has to be exceeded. */
  readonly generation: number;
  /** Who has it now; undefined when it was withdrawn. */
  readonly winner: EndpointRecord | undefined;

  constructor(claim: Pick<EndpointRecord, "vni" | "mac" | "generation">, generation: number, winner?: EndpointRecord) {
    const holder = winner === undefined ? "withdrawn" : `${winner.vni}/${winner.mac} on host ${winner.host}`;
    super(
      "STALE_GENERATION",
      `generation ${claim.generation} of ${claim.vni}/${claim.mac} is no longer true: generation ${generation} is ${holder}`,
    );
    this.generation = generation;
    this.winner = winner;
  }
}

/** The host has no lease, or it ended: others take it for dead. It takes a new one and publishes its endpoints again. */
export class LeaseExpired extends RinglaneError {
  constructor(host: string) {
    super("LEASE_EXPIRED", `host ${host} has no lease`);
  }
}

/** No run of that many global queue-pair numbers is free. */
export class BlocksExhausted extends RinglaneError {
  constructor(size: number) {
    super("BLOCKS_EXHAUSTED", `no ${size} global queue-pair numbers in a row are free`);
  }
}

/** The block is not that host's, or numbers of it are published. Nothing has been changed. */
export class BlockInUse extends RinglaneError {
  constructor(host: string, block: Block, reason: string) {
    super("BLOCK_IN_USE", `host ${host} cannot release ${block.size} numbers from ${block.first}: ${reason}`);
  }
}
