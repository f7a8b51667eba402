/**
 * A trace: all that a controller was asked and all that its ledger answered, in their order. Replayed, it gives the same decisions on any
 * host, without mbufs. It is plain data, so it can be stored as JSON.
 */
import { ConfigError } from "../../errors.js";
import type { LimitEvent } from "../event.js";
import type { Due, Ledger } from "../ledger.js";
import type { LimitPolicy } from "../policy.js";
import type { LimitWindow } from "../window.js";
import { Limiter, type LimiterOptions } from "./limiter.js";
import { PlayedLedger, TapeLedger } from "./tape.js";

/** What an owner did, as the ledger told it. */
export type LedgerWindow = Omit<LimitWindow, "closedBy" | "ms">;

export type TraceCall =
  | { readonly call: "addPartition"; readonly name: string; readonly policy: LimitPolicy; readonly peers?: LimitPolicy }
  | { readonly call: "addPeer"; readonly partition: string; readonly name: string }
  | { readonly call: "remove"; readonly partition: string; readonly peer?: string }
  | { readonly call: "tick"; readonly nowMs: number };

/** A call, and what the ledger answered meanwhile, by question. */
export type TraceEntry = TraceCall & {
  readonly opened: number[];
  readonly due: Due[];
  readonly windows: { readonly owner: number; readonly window: LedgerWindow }[];
  readonly inUse: number[];
};

export interface LimitTrace {
  readonly options: LimiterOptions;
  readonly entries: TraceEntry[];
}

/** A controller that writes down what it is asked. */
export class TracedLimiter extends Limiter {
  readonly trace: LimitTrace;
  readonly #tape: TapeLedger;

  constructor(ledger: Ledger, options: LimiterOptions) {
    const tape = new TapeLedger(ledger);
    super(tape, options);
    this.#tape = tape;
    this.trace = { options, entries: tape.entries };
  }

  override addPartition(name: string, policy: LimitPolicy = {}, peers?: LimitPolicy): number {
    this.#tape.enter({ call: "addPartition", name, policy, ...(peers && { peers }) });
    return super.addPartition(name, policy, peers);
  }

  override addPeer(partition: string, name: string): number | undefined {
    this.#tape.enter({ call: "addPeer", partition, name });
    return super.addPeer(partition, name);
  }

  override remove(partition: string, peer?: string): void {
    this.#tape.enter({ call: "remove", partition, ...(peer !== undefined && { peer }) });
    super.remove(partition, peer);
  }

  override tick(nowMs: number): LimitEvent[] {
    this.#tape.enter({ call: "tick", nowMs });
    return super.tick(nowMs);
  }
}

/** A controller on a ledger whose every answer goes into limiter.trace. */
export function recordTrace(ledger: Ledger, options: LimiterOptions): TracedLimiter {
  return new TracedLimiter(ledger, options);
}

/** The decisions of a trace. Calls that were refused are refused again, and change as little. */
export function replayTrace(trace: LimitTrace): LimitEvent[] {
  const ledger = new PlayedLedger();
  const limiter = new Limiter(ledger, trace.options);
  return trace.entries.flatMap((entry) => {
    ledger.play(entry);
    try {
      return call(limiter, entry);
    } catch (error) {
      if (error instanceof ConfigError) return [];
      throw error;
    }
  });
}

function call(limiter: Limiter, entry: TraceEntry): LimitEvent[] {
  if (entry.call === "tick") return limiter.tick(entry.nowMs);
  if (entry.call === "addPartition") limiter.addPartition(entry.name, entry.policy, entry.peers);
  else if (entry.call === "addPeer") limiter.addPeer(entry.partition, entry.name);
  else limiter.remove(entry.partition, entry.peer);
  return [];
}
