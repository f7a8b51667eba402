/** Ledgers of a trace: one that writes down what another answers, and one that answers from what was written. */
import { ConfigError, RinglaneError } from "../../errors.js";
import type { Due, Ledger } from "../ledger.js";
import type { LedgerWindow, TraceCall, TraceEntry } from "./trace.js";

/** In the place of a number that the ledger did not have. */
const NONE = -1;

/** Answers as another ledger does, and keeps the answers with the call that they were for. */
export class TapeLedger implements Ledger {
  readonly entries: TraceEntry[] = [];
  readonly #ledger: Ledger;
  #entry: TraceEntry | undefined;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** What is answered from now on is for this call. */
  enter(call: TraceCall): void {
    this.#entry = { ...call, opened: [], due: [], windows: [], inUse: [] };
    this.entries.push(this.#entry);
  }

  open(limit: number, mark: number, windowDescriptors: number): number {
    // Unless it is there to give, there was none.
    const at = (this.#entry?.opened.push(NONE) ?? 0) - 1;
    const owner = this.#ledger.open(limit, mark, windowDescriptors);
    this.#entry?.opened.splice(at, 1, owner);
    return owner;
  }

  shut(owner: number): void {
    this.#ledger.shut(owner);
  }

  set(owner: number, limit: number, mark: number): void {
    this.#ledger.set(owner, limit, mark);
  }

  inUse(owner: number): number {
    const mbufs = this.#ledger.inUse(owner);
    this.#entry?.inUse.push(mbufs);
    return mbufs;
  }

  due(): Due[] {
    const due = this.#ledger.due();
    this.#entry?.due.push(...due);
    return due;
  }

  close(owner: number): LedgerWindow {
    const window = this.#ledger.close(owner);
    this.#entry?.windows.push({ owner, window });
    return window;
  }
}

/** Answers from a trace. Another question than the trace's is a trace of another version, or a damaged one. */
export class PlayedLedger implements Ledger {
  #entry: TraceEntry | undefined;
  #opened = 0;
  #windows = 0;
  #inUse = 0;

  /** What is asked from now on is for this call. */
  play(entry: TraceEntry): void {
    this.#entry = entry;
    this.#opened = 0;
    this.#windows = 0;
    this.#inUse = 0;
  }

  open(): number {
    const owner = known(this.#entry?.opened[this.#opened++], "a new owner's number");
    if (owner === NONE) throw new ConfigError("owner", undefined, "one that the ledger has a number for");
    return owner;
  }

  shut(): void {}

  set(): void {}

  inUse(owner: number): number {
    return known(this.#entry?.inUse[this.#inUse++], `what owner ${owner} has in use`);
  }

  due(): Due[] {
    return [...(this.#entry?.due ?? [])];
  }

  close(owner: number): LedgerWindow {
    const { owner: of, window } = known(this.#entry?.windows[this.#windows++], `the window of owner ${owner}`);
    if (of === owner) return window;
    throw new RinglaneError("TRACE", `the trace goes on with owner ${of}, the controller with ${owner}`);
  }
}

function known<T>(answer: T | undefined, question: string): T {
  if (answer !== undefined) return answer;
  throw new RinglaneError("TRACE", `the trace does not say ${question}`);
}
