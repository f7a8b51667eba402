/**
 * What arrived, given to its streams. Each message is held to its stream's sequence and window; what is wrong with one breaks off its
 * own stream, and no other. An aggregate that is damaged gives nothing, and its streams find out by what is missing.
 */
import type { AggregateMessage } from "../aggregate/codec.js";
import { serialAdd, serialDistance } from "../aggregate/serial.js";
import { type Control, decodeControls } from "./control.js";
import type { Tally } from "./counters.js";
import type { StreamEvent } from "./event.js";
import type { StreamState } from "./stream-state.js";
import type { SessionRole, Streams } from "./streams.js";
import { SEQUENCE_MASK, type Whole } from "./transfer.js";

export class Inbound {
  readonly #role: SessionRole;
  readonly #streams: Streams;
  readonly #tally: Tally;
  readonly #event: (event: StreamEvent) => void;

  constructor(role: SessionRole, streams: Streams, tally: Tally, event: (event: StreamEvent) => void) {
    this.#role = role;
    this.#streams = streams;
    this.#tally = tally;
    this.#event = event;
  }

  /** A sub-frame; its bytes are copied. */
  message({ stream, sequence, data, fin, rst }: AggregateMessage): void {
    const state = this.#inOrder(stream, sequence);
    if (!state) return;
    if (rst) this.#streams.broken(state);
    else this.#deliver(state, data, fin === true);
  }

  /** Bytes of one stream, which stand for its next message; the sequence is the lower bits of that one's. */
  whole({ stream, sequence, bytes }: Whole): void {
    const expected = this.#streams.find(stream)?.receiveSequence ?? 0;
    const ahead = (sequence - expected) & SEQUENCE_MASK;
    const state = this.#inOrder(stream, serialAdd(expected, ahead));
    if (state) this.#deliver(state, bytes, false);
  }

  controls(bytes: Uint8Array): void {
    const { controls, bad } = decodeControls(bytes);
    this.#tally.arrived.badControls += bad;
    for (const control of controls) {
      if (!this.#control(control)) this.#tally.arrived.badControls++;
    }
  }

  /** The stream whose next message it is. */
  #inOrder(stream: number, sequence: number): StreamState | undefined {
    const { arrived } = this.#tally;
    const state = this.#streams.find(stream);
    if (!state || (state.isClosed && state.isRemoteEnded)) {
      arrived.late++;
      return undefined;
    }
    const ahead = serialDistance(state.receiveSequence, sequence);
    if (ahead < 0) {
      arrived.duplicates++;
      return undefined;
    }
    if (ahead > 0 || !state.isOpen) return this.#violated(state);
    state.receiveSequence = serialAdd(state.receiveSequence, 1);
    return state;
  }

  #deliver(state: StreamState, data: Uint8Array, isLast: boolean): void {
    if (data.length > state.windowLeft || state.isRemoteEnded) {
      this.#violated(state);
      return;
    }
    state.windowLeft -= data.length;
    if (data.length > 0 && state.isClosed) this.#tally.arrived.late++;
    else if (data.length > 0) this.#event({ type: "data", stream: state.id, bytes: data.slice() });
    if (!isLast) return;
    state.isRemoteEnded = true;
    if (!state.isClosed) this.#event({ type: "end", stream: state.id });
    this.#streams.settle(state);
  }

  #violated(state: StreamState): undefined {
    this.#tally.arrived.violations++;
    if (!state.isClosed) this.#streams.reset(state, "ECONNRESET");
  }

  /** False: nobody in the peer's place sends that. */
  #control(control: Control): boolean {
    const { type, stream, value } = control;
    if (type === "open") return this.#role === "taker" && this.#open(stream, value);
    const state = this.#streams.find(stream);
    if (type === "credit") {
      // A stream that ended here may still be given credit.
      if (state) this.#streams.credit(state, value);
      return true;
    }
    if (this.#role === "taker" || !state) return false;
    if (type === "closed") this.#streams.released(state, "ECONNRESET");
    else if (state.isOpen) return false;
    else if (type === "accept") this.#streams.accepted(state);
    else this.#streams.released(state, "ECONNREFUSED");
    return true;
  }

  #open(stream: number, ports: number): boolean {
    const used = this.#streams.find(stream);
    if (used) {
      this.#violated(used);
      return false;
    }
    this.#streams.incoming(stream, ports);
    return true;
  }
}
