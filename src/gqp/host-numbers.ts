/**
 * A host's own use of its blocks: a number for each new endpoint, and back when the endpoint ends, wherever that was. A number rests
 * before another endpoint gets it, as blocks do (number-allocator.ts). When few numbers are left another block is due; asking for it is
 * the caller's work. Pure: times come as arguments, in milliseconds.
 */
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import type { GqpnBlock } from "./numbers.js";

export interface HostNumbersOptions {
  /** Another block is due when fewer numbers than this can be taken; 32 by default. */
  readonly lowWater?: number | undefined;
  /** How long a number rests after its endpoint's end. */
  readonly quarantineMs: number;
}

interface Block extends GqpnBlock {
  /** Numbers from here on were never taken. */
  fresh: number;
}

export class HostNumbers {
  readonly #lowWater: number;
  readonly #quarantineMs: number;
  readonly #blocks: Block[] = [];
  readonly #used = new Set<number>();
  /** Numbers at rest and until when, oldest first. */
  readonly #resting: { readonly gqpn: number; readonly untilMs: number }[] = [];
  #isAsking = false;

  constructor(options: HostNumbersOptions) {
    this.#lowWater = checkInteger("lowWater", options.lowWater ?? 32, 1, 65_536);
    this.#quarantineMs = checkInteger("quarantineMs", options.quarantineMs, 0, Number.MAX_SAFE_INTEGER);
  }

  /** A block that the allocator gave. Throws ConfigError when the host has it. */
  add({ first, count }: GqpnBlock): void {
    if (this.#blockOf(first)) throw new ConfigError("block.first", first, "of a block that this host has not got yet");
    this.#blocks.push({ first, count, fresh: first });
    this.#isAsking = false;
  }

  /** The allocator could not be asked, or had none: a block is due again. */
  refused(): void {
    this.#isAsking = false;
  }

  /** A number for a new endpoint; undefined when there is none now. Never-used ones go first, then what has rested longest. */
  take(nowMs: number): number | undefined {
    const gqpn = this.#takeFresh() ?? this.#takeRested(nowMs);
    if (gqpn !== undefined) this.#used.add(gqpn);
    return gqpn;
  }

  /** An endpoint with this number has ended. False when the number is not in use here: it is another host's, or the allocator's. */
  put(gqpn: number, nowMs: number): boolean {
    if (!this.#used.delete(gqpn)) return false;
    this.#resting.push({ gqpn, untilMs: nowMs + this.#quarantineMs });
    return true;
  }

  /** True once when another block is due, until it was added or refused. */
  wantsBlock(nowMs: number): boolean {
    if (this.#isAsking || this.available(nowMs) >= this.#lowWater) return false;
    this.#isAsking = true;
    return true;
  }

  /** How many numbers can be taken now. */
  available(nowMs: number): number {
    const fresh = this.#blocks.reduce((sum, { first, count, fresh }) => sum + first + count - fresh, 0);
    return fresh + this.#resting.filter(({ untilMs }) => untilMs <= nowMs).length;
  }

  /**
   * Gives up all blocks, for the allocator to take back: each with those of its numbers that endpoints still have. What rested here
   * rests on there, since a released block does.
   */
  retire(): { readonly first: number; readonly stillUsed: readonly number[] }[] {
    const blocks = this.#blocks.splice(0);
    const used = [...this.#used];
    this.#used.clear();
    this.#resting.length = 0;
    return blocks.map(({ first, count }) => ({
      first,
      stillUsed: used.filter((gqpn) => gqpn >= first && gqpn < first + count),
    }));
  }

  #takeFresh(): number | undefined {
    const block = this.#blocks.find(({ first, count, fresh }) => fresh < first + count);
    return block && block.fresh++;
  }

  #takeRested(nowMs: number): number | undefined {
    const at = this.#resting.findIndex(({ untilMs }) => untilMs <= nowMs);
    return at < 0 ? undefined : this.#resting.splice(at, 1)[0]?.gqpn;
  }

  #blockOf(gqpn: number): Block | undefined {
    return this.#blocks.find(({ first, count }) => gqpn >= first && gqpn < first + count);
  }
}
