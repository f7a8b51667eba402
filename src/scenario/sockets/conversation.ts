/** One item of a scenario's sockets at work: its streams are opened, all write at the same instants, and what came is compared. */
import type { AggregatorCounters, StreamEnd, StreamHandler } from "../../index.js";
import type { SocketsText } from "../sockets-schema.js";
import type { GuestAgent } from "./guest-agent.js";
import { SocketReader, SocketWriter } from "./socket-ends.js";

export class Conversation {
  readonly text: SocketsText;
  readonly from: GuestAgent;
  readonly to: GuestAgent;
  readonly writers: readonly SocketWriter[];
  readonly readers: SocketReader[] = [];
  readonly #startMs: number;
  /** As they were at the end: an agent forgets a session without streams. */
  #counters: AggregatorCounters | undefined;
  #isOpened = false;
  #isDone = false;
  /** When the first messages are written, and how many of each stream have been. */
  #firstMs: number | undefined;
  #written = 0;

  /** startMs: the scenario's beginning in the fabric's time. */
  constructor(text: SocketsText, from: GuestAgent, to: GuestAgent, seed: number, startMs: number) {
    this.text = text;
    this.from = from;
    this.to = to;
    this.#startMs = startMs;
    this.writers = Array.from({ length: text.streams }, (_, number) => new SocketWriter(number, seed));
  }

  /** When it opens streams or writes next, in the fabric's ms; undefined when it waits for others, or has done. */
  get nextMs(): number | undefined {
    if (this.from.guest.isStopped) return undefined;
    const { atMs, everyMs, messages } = this.text;
    if (!this.#isOpened) return this.#startMs + atMs;
    if (this.#firstMs === undefined || this.#written === messages) return undefined;
    return this.#firstMs + this.#written * everyMs;
  }

  /** Every stream is closed at both ends. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Of the session that carries it; undefined when it has none. */
  get counters(): AggregatorCounters | undefined {
    return this.#counters ?? this.#session?.counters;
  }

  /** What to have its reader's agent call for a stream from its writer. */
  accept(stream: StreamEnd): StreamHandler {
    const reader = new SocketReader(stream);
    this.readers.push(reader);
    return reader;
  }

  /** Opens and writes what is due. */
  act(nowMs: number): void {
    while ((this.nextMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      if (this.#isOpened) this.#write();
      else this.#open();
    }
  }

  /** The agents have worked. */
  look(nowMs: number): void {
    if (!this.#isOpened) return;
    if (this.writers.every(({ isOpen, isClosed }) => isOpen || isClosed)) this.#firstMs ??= nowMs;
    if (!this.writers.every(({ isClosed }) => isClosed)) return;
    this.#counters ??= this.#session?.counters;
    this.#isDone = this.readers.every(({ isClosed }) => isClosed);
  }

  get #session() {
    const { agent } = this.from;
    return agent.sessions.find(({ role, remote }) => role === "opener" && remote === this.to.address);
  }

  #open(): void {
    this.#isOpened = true;
    const to = { address: this.to.address, port: this.text.port };
    for (const writer of this.writers) writer.carry(this.from.agent.connect(to, writer));
  }

  #write(): void {
    const { bytes, messages } = this.text;
    const index = this.#written++;
    for (const writer of this.writers) writer.write(index, bytes, this.#written === messages);
  }
}
