/**
 * Aggregates for tools and tests that have bytes: no queue pair, no engine. Drawn in assembly/path/stream.ts.
 *
 *   const codec = await createAggregateCodec();
 *   const { bytes } = codec.packAggregate([{ stream: 7, sequence: 0, data }], 2048);
 *   codec.unpackAggregate(bytes).messages[0].data;
 */
import {
  AGGREGATE_BYTES,
  AGGREGATE_END,
  AGGREGATE_FAULT,
  MESSAGE_BYTES,
  MESSAGE_FLAGS,
  MESSAGE_LEN,
  MESSAGE_PTR,
  MESSAGE_SEQUENCE,
  MESSAGE_STREAM,
  STREAM_F_FIN,
  STREAM_F_MORE,
  STREAM_F_RST,
  STREAM_F_URGENT,
  SUB_HEADER_BYTES,
} from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { type Arena, MemoryPlan } from "../../memory.js";
import { checkHost, defaultSource, type Instance, instantiate, type WasmSource } from "../../wasm.js";
import { type AggregateFault, faultName, faultText } from "./faults.js";

export interface AggregateCodecOptions {
  /** The compiled data plane, as in EngineOptions. */
  readonly wasm?: WasmSource;
  readonly debug?: boolean;
}

/** A sub-frame: a message of a stream, or a part of one. */
export interface AggregateMessage {
  /** 16 bits each. */
  readonly stream: number;
  readonly sequence: number;
  /** None with rst; none only with rst or fin; over 4095 bytes only without fin, and behind it nothing fits into the transfer. */
  readonly data: Uint8Array;
  /** The message goes on in the stream's next sub-frame; of more, fin and rst one at most. */
  readonly more?: boolean | undefined;
  readonly fin?: boolean | undefined;
  readonly rst?: boolean | undefined;
  readonly urgent?: boolean | undefined;
}

/** What was packed: the first so many messages. */
export interface PackedAggregate {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** What an aggregate holds; with a fault, no messages. */
export interface UnpackedAggregate {
  readonly fault: AggregateFault | undefined;
  readonly messages: readonly AggregateMessage[];
}

/** The longest transfer here. RDMA has longer ones; they hold one message. */
const TRANSFER_BYTES_MAX = 2 ** 16;
const MESSAGES_MAX = Math.ceil(TRANSFER_BYTES_MAX / SUB_HEADER_BYTES);

/** Makes a codec. Rejects with EngineUnsupported where SIMD is missing. */
export async function createAggregateCodec(options: AggregateCodecOptions = {}): Promise<AggregateCodec> {
  checkHost();
  const plan = new MemoryPlan().add(AGGREGATE_BYTES).add(MESSAGES_MAX * MESSAGE_BYTES);
  plan.add(TRANSFER_BYTES_MAX).add(TRANSFER_BYTES_MAX);
  const memory = plan.createMemory();
  const instance = await instantiate(options.wasm ?? defaultSource(options.debug ?? false), memory);
  instance.kernels.heapInit();
  return new AggregateCodec(instance, plan.createArena(memory));
}

export class AggregateCodec {
  readonly #instance: Instance;
  readonly #arena: Arena;
  readonly #aggregate: number;
  readonly #records: number;
  readonly #transfer: number;
  readonly #data: number;

  /** @internal Made by createAggregateCodec. */
  constructor(instance: Instance, arena: Arena) {
    this.#instance = instance;
    this.#arena = arena;
    this.#aggregate = arena.take(AGGREGATE_BYTES);
    this.#records = arena.take(MESSAGES_MAX * MESSAGE_BYTES);
    this.#transfer = arena.take(TRANSFER_BYTES_MAX);
    this.#data = arena.take(TRANSFER_BYTES_MAX);
  }

  /**
   * Packs messages from the front, as many as fit into a transfer of roomBytes, 0 to 65536. Throws ConfigError, naming the message,
   * when one that would be next has no form.
   */
  packAggregate(messages: readonly AggregateMessage[], roomBytes: number): PackedAggregate {
    checkInteger("roomBytes", roomBytes, 0, TRANSFER_BYTES_MAX);
    const { kernels } = this.#instance;
    const loaded = this.#load(messages, roomBytes);
    kernels.streamOpen(this.#aggregate, this.#transfer, roomBytes);
    const count = kernels.streamPackBurst(this.#aggregate, this.#records, loaded);
    const fault = faultName(this.#word(this.#aggregate + AGGREGATE_FAULT));
    if (fault !== undefined) throw new ConfigError(`messages[${count}]`, fault, `packable, not: ${faultText(fault)}`);
    const end = this.#word(this.#aggregate + AGGREGATE_END);
    return { bytes: this.#arena.u8.slice(this.#transfer, this.#transfer + end), count };
  }

  /** Takes an aggregate of at most 65536 bytes apart; maxMessages is what was agreed on with its sender. */
  unpackAggregate(bytes: Uint8Array, maxMessages = MESSAGES_MAX): UnpackedAggregate {
    checkInteger("bytes.length", bytes.length, 0, TRANSFER_BYTES_MAX);
    checkInteger("maxMessages", maxMessages, 0, MESSAGES_MAX);
    const { kernels } = this.#instance;
    this.#instance.checkOpen();
    this.#arena.u8.set(bytes, this.#transfer);
    const count = kernels.streamUnpackBurst(this.#transfer, bytes.length, this.#records, maxMessages);
    if (count < 0) return { fault: faultName(-count), messages: [] };
    const messages = Array.from({ length: count }, (_, i) => this.#message(this.#records + i * MESSAGE_BYTES));
    return { fault: undefined, messages };
  }

  /** Releases everything: later calls throw EngineClosed. */
  close(): void {
    this.#instance.close();
    this.#arena.release();
  }

  /** Writes the records of the messages that could fit, and of the one after them, which then does not. Returns how many. */
  #load(messages: readonly AggregateMessage[], roomBytes: number): number {
    this.#instance.checkOpen();
    const { u8 } = this.#arena;
    const view = new DataView(u8.buffer);
    let used = 0;
    for (const [i, message] of messages.entries()) {
      const { stream, sequence, data } = message;
      const record = this.#records + i * MESSAGE_BYTES;
      const copied = data.subarray(0, TRANSFER_BYTES_MAX - used);
      u8.set(copied, this.#data + used);
      view.setUint32(record + MESSAGE_PTR, this.#data + used, true);
      view.setUint32(record + MESSAGE_LEN, data.length, true);
      view.setUint16(record + MESSAGE_STREAM, checkInteger(`messages[${i}].stream`, stream, 0, 0xffff), true);
      view.setUint16(record + MESSAGE_SEQUENCE, checkInteger(`messages[${i}].sequence`, sequence, 0, 0xffff), true);
      view.setUint32(record + MESSAGE_FLAGS, flagsOf(message), true);
      used += SUB_HEADER_BYTES + data.length;
      if (used > roomBytes) return i + 1;
    }
    return messages.length;
  }

  #message(record: number): AggregateMessage {
    const view = new DataView(this.#arena.u8.buffer, record, MESSAGE_BYTES);
    const start = view.getUint32(MESSAGE_PTR, true);
    return messageOf({
      stream: view.getUint16(MESSAGE_STREAM, true),
      sequence: view.getUint16(MESSAGE_SEQUENCE, true),
      flags: view.getUint32(MESSAGE_FLAGS, true),
      bytes: this.#arena.u8.slice(start, start + view.getUint32(MESSAGE_LEN, true)),
    });
  }

  #word(at: number): number {
    return this.#arena.u32[at >> 2] as number;
  }
}

/** A message as its record has it, with the record's flags, STREAM_F_. */
interface RecordFields {
  readonly stream: number;
  readonly sequence: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
}

export function messageOf({ stream, sequence, flags, bytes }: RecordFields): AggregateMessage {
  return {
    stream,
    sequence,
    data: bytes,
    more: (flags & STREAM_F_MORE) !== 0,
    fin: (flags & STREAM_F_FIN) !== 0,
    rst: (flags & STREAM_F_RST) !== 0,
    urgent: (flags & STREAM_F_URGENT) !== 0,
  };
}

/** STREAM_F_ of a message. */
export function flagsOf({ more, fin, rst, urgent }: AggregateMessage): number {
  return (
    (more ? STREAM_F_MORE : 0) | (fin ? STREAM_F_FIN : 0) | (rst ? STREAM_F_RST : 0) | (urgent ? STREAM_F_URGENT : 0)
  );
}
