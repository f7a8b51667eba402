/**
 * Who may give out which global queue-pair numbers. The 24-bit space is cut into blocks of one size; a host asks for a block, gives its
 * numbers to endpoints by itself (host-numbers.ts), and releases the block when it needs it no more. A number that endpoints
 * elsewhere may still be addressed by must not come back soon: a released block waits in quarantine, and before that until
 * the last endpoint that keeps one of its numbers (it may have moved to another host) has ended.
 *
 *           allocate                release                  last number back            quarantine over
 *   never used ───▶ held by a host ───▶ draining, if any lives ───▶ quarantined until … ───▶ used before, may be allocated
 *
 * Blocks that were never used go first, then those that have rested longest. No clock, no I/O: times come as arguments, in milliseconds of
 * whatever clock; the state is plain JSON, for a directory to keep. Calls that throw change nothing.
 */
import { checkInteger, checkPowerOfTwo } from "../check.js";
import { ConfigError, RinglaneError } from "../errors.js";
import { GQPN_FIRST, GQPN_LAST, GQPN_MAX, type GqpnBlock } from "./numbers.js";

/** Plain JSON. Blocks are named by their place: number >> log2(blockSize). */
export interface AllocatorState {
  readonly blockSize: number;
  readonly quarantineMs: number;
  /** Blocks from here on were never used. */
  readonly fresh: number;
  /** Blocks that a host has. */
  readonly held: readonly (readonly [block: number, host: string])[];
  /** Released blocks, and which of their numbers still live. */
  readonly draining: readonly (readonly [block: number, numbers: readonly number[]])[];
  /** Blocks at rest and until when, in the order in which they came. */
  readonly resting: readonly (readonly [block: number, untilMs: number])[];
}

export interface AllocatorOptions {
  /** Numbers of a block: a power of two from 4 to 65536; 256 by default. */
  readonly blockSize?: number | undefined;
  /** How long a block rests after its last number: 0 or more milliseconds. */
  readonly quarantineMs: number;
}

/** All numbers are held or at rest. */
export class GqpnExhausted extends RinglaneError {
  /** When a block's quarantine ends; undefined when none rests. */
  readonly freeAtMs: number | undefined;

  constructor(freeAtMs: number | undefined) {
    const when = freeAtMs === undefined ? "no block is at rest" : `the next block's quarantine ends at ${freeAtMs} ms`;
    super("GQPN_EXHAUSTED", `no global queue-pair numbers are left: ${when}`);
    this.freeAtMs = freeAtMs;
  }
}

export class GqpnAllocator {
  readonly #blockSize: number;
  readonly #quarantineMs: number;
  readonly #held: Map<number, string>;
  readonly #draining: Map<number, Set<number>>;
  #resting: (readonly [block: number, untilMs: number])[];
  #fresh: number;

  /** Throws ConfigError for an option out of its bound. */
  constructor(options: AllocatorOptions) {
    this.#blockSize = checkPowerOfTwo("blockSize", options.blockSize ?? 256, 4, 65_536);
    this.#quarantineMs = checkInteger("quarantineMs", options.quarantineMs, 0, Number.MAX_SAFE_INTEGER);
    this.#held = new Map();
    this.#draining = new Map();
    this.#resting = [];
    this.#fresh = 0;
  }

  /** An allocator that goes on where the one whose state this was stopped. */
  static from(state: AllocatorState): GqpnAllocator {
    const allocator = new GqpnAllocator(state);
    allocator.#fresh = checkInteger("fresh", state.fresh, 0, allocator.#blocks);
    for (const [block, host] of state.held) allocator.#held.set(block, host);
    for (const [block, numbers] of state.draining) allocator.#draining.set(block, new Set(numbers));
    allocator.#resting = [...state.resting];
    return allocator;
  }

  get state(): AllocatorState {
    return {
      blockSize: this.#blockSize,
      quarantineMs: this.#quarantineMs,
      fresh: this.#fresh,
      held: [...this.#held],
      draining: [...this.#draining].map(([block, numbers]) => [block, [...numbers]] as const),
      resting: [...this.#resting],
    };
  }

  /** A block for the host, which nobody else has. Throws GqpnExhausted. */
  allocate(host: string, nowMs: number): GqpnBlock {
    if (host === "") throw new ConfigError("host", host, "a name");
    const block = this.#next(nowMs);
    this.#held.set(block, host);
    return this.#describe(block);
  }

  /**
   * Takes back a host's block. stillUsed: its numbers that endpoints still have, wherever they run; each must come back by
   * returnNumber before the block rests. Throws ConfigError when the block is not the host's.
   */
  release(host: string, first: number, nowMs: number, stillUsed: readonly number[] = []): void {
    const block = this.#blockOf("first", first);
    const holder = this.#held.get(block);
    if (holder !== host) throw new ConfigError("first", first, `in a block of ${host}; ${holder ?? "nobody"} has it`);
    for (const number of stillUsed) {
      if (this.#blockOf("stillUsed", number) !== block) throw new ConfigError("stillUsed", number, "in the block");
    }
    this.#held.delete(block);
    if (stillUsed.length > 0) this.#draining.set(block, new Set(stillUsed));
    else this.#rest(block, nowMs);
  }

  /**
   * The endpoint that had this number has ended. Of a block that was released, the number is taken off what still lives: the last one
   * starts the quarantine, and undefined comes back. Of a block that a host has, its name: the number is that host's to take back.
   */
  returnNumber(gqpn: number, nowMs: number): string | undefined {
    const block = this.#blockOf("gqpn", gqpn);
    const left = this.#draining.get(block);
    if (left === undefined) return this.#held.get(block);
    left.delete(gqpn);
    if (left.size === 0) {
      this.#draining.delete(block);
      this.#rest(block, nowMs);
    }
    return undefined;
  }

  /** Which host's block a number is of; undefined when nobody's. */
  holderOf(gqpn: number): string | undefined {
    return this.#held.get(this.#blockOf("gqpn", gqpn));
  }

  /** The blocks of a host, in the order in which it got them. */
  blocksOf(host: string): GqpnBlock[] {
    return [...this.#held].filter(([, holder]) => holder === host).map(([block]) => this.#describe(block));
  }

  get #blocks(): number {
    return (GQPN_MAX + 1) / this.#blockSize;
  }

  #next(nowMs: number): number {
    if (this.#fresh < this.#blocks) return this.#fresh++;
    const earliest = this.#resting.reduce((least, [, untilMs]) => Math.min(least, untilMs), Number.POSITIVE_INFINITY);
    if (earliest > nowMs) throw new GqpnExhausted(Number.isFinite(earliest) ? earliest : undefined);
    // Rested longest: the clock may have been set back in between, so it need not be the first.
    const at = this.#resting.findIndex(([, untilMs]) => untilMs === earliest);
    const [taken] = this.#resting.splice(at, 1) as [readonly [block: number, untilMs: number]];
    return taken[0];
  }

  #rest(block: number, nowMs: number): void {
    this.#resting.push([block, nowMs + this.#quarantineMs]);
  }

  #blockOf(argument: string, number: number): number {
    return Math.floor(checkInteger(argument, number, GQPN_FIRST, GQPN_LAST) / this.#blockSize);
  }

  /** Without the reserved numbers, which the first and the last block have two of. */
  #describe(block: number): GqpnBlock {
    const first = Math.max(block * this.#blockSize, GQPN_FIRST);
    const last = Math.min((block + 1) * this.#blockSize - 1, GQPN_LAST);
    return { first, count: last - first + 1 };
  }
}
