/** What went over a session's connection, and what of it paid. */
import { SUB_HEADER_BYTES } from "../../../assembly/layout.js";
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import { Delays } from "../estimate/delays.js";
import { ESTIMATE_OPERATIONS, type Framing, PATH_MTUS, wireCost } from "../estimate/wire-cost.js";
import type { Transfer } from "./transfer.js";

/** Of what this end sent, but for the last five. */
export interface AggregatorCounters {
  /** Transfers by kind; those sent again count again under replayed, and only there. */
  readonly aggregates: number;
  readonly wholes: number;
  readonly controls: number;
  readonly replayed: number;
  /** Writes whose last byte went. */
  readonly messages: number;
  readonly payloadBytes: number;
  /** Transfers with their headers and ICRCs as packets, without FCS and acknowledgements. */
  readonly wireBytes: number;
  /** payloadBytes / wireBytes; 0 before the first. */
  readonly utilization: number;
  /** Aggregates by how many sub-frames, and by how many streams: index i counts those with 2^i to 2^(i+1) - 1. */
  readonly messagesPerAggregate: readonly number[];
  readonly streamsPerAggregate: readonly number[];
  /** What messages waited from write to transfer. */
  readonly delayNs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Arrived: aggregates that were damaged or unsound, immediates or records without a meaning. */
  readonly badAggregates: number;
  readonly badControls: number;
  /** Messages that were here before, and of streams that are no more. */
  readonly duplicates: number;
  readonly late: number;
  /** Streams broken off because messages were missing, or more came than was allowed. */
  readonly violations: number;
}

/** Of aggregates by size: those of 4096 messages are in the last one. */
const BUCKETS = 13;
const SENT = ["aggregates", "wholes", "controls", "replayed", "messages", "payloadBytes", "wireBytes"] as const;
const ARRIVED = ["badAggregates", "badControls", "duplicates", "late", "violations"] as const;

export class Tally {
  #framing: Framing;
  readonly #delays = new Delays();
  #messagesPer: number[] = [];
  #streamsPer: number[] = [];
  readonly sent = { aggregates: 0, wholes: 0, controls: 0, replayed: 0, messages: 0, payloadBytes: 0, wireBytes: 0 };
  readonly arrived = { badAggregates: 0, badControls: 0, duplicates: 0, late: 0, violations: 0 };

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** Of the connection there is now. */
  set framing(framing: Framing) {
    this.#framing = framing;
  }

  /** So many that went with their last byte, and waited for at most so long. */
  addMessages(messages: number, ms: number): void {
    this.sent.messages += messages;
    // Delays are below 2^32 ns: a message that waited longer has waited 4.3 s.
    const ns = Math.min(Math.max(0, Math.round(ms * 1e6)), 2 ** 32 - 1);
    for (let i = 0; i < messages; i++) this.#delays.add(ns);
  }

  addTransfer(transfer: Transfer): void {
    const { sent } = this;
    sent.wireBytes += wireCost(transferBytes(transfer), this.#framing).wireBytes;
    // An immediate is four bytes in the last packet.
    if (transfer.kind !== "aggregate") sent.wireBytes += 4;
    if (transfer.kind === "control") {
      sent.controls++;
    } else if (transfer.kind === "whole") {
      sent.wholes++;
      sent.payloadBytes += transfer.bytes.length;
    } else {
      sent.aggregates++;
      sent.payloadBytes += transfer.messages.reduce((sum, { data }) => sum + data.length, 0);
      count(this.#messagesPer, transfer.messages.length);
      count(this.#streamsPer, new Set(transfer.messages.map(({ stream }) => stream)).size);
    }
  }

  /** Into a snapshot: the framing (mtu 16, IP version 8, operation 8), the counters, 64 each as doubles, both lists, the delays. */
  write(out: SectionWriter): void {
    const { mtuBytes, ipVersion, operation } = this.#framing;
    out.u16(mtuBytes);
    out.u8(ipVersion);
    out.u8(ESTIMATE_OPERATIONS.indexOf(operation));
    for (const name of SENT) out.f64(this.sent[name]);
    for (const name of ARRIVED) out.f64(this.arrived[name]);
    for (const list of [this.#messagesPer, this.#streamsPer]) {
      out.u8(list.length);
      for (const value of list) out.f64(value);
    }
    this.#delays.write(out);
  }

  /** From a snapshot, into one that has counted nothing. */
  restore(from: SectionReader): void {
    const mtuBytes = from.u16("mtu");
    const ipVersion = from.u8("ipVersion");
    const operation = ESTIMATE_OPERATIONS[from.u8("operation", ESTIMATE_OPERATIONS.length - 1)];
    from.check(
      PATH_MTUS.some((mtu) => mtu === mtuBytes),
      "mtu",
      mtuBytes,
      `one of ${PATH_MTUS.join(", ")}`,
    );
    if (ipVersion !== 4 && ipVersion !== 6) from.refuse("ipVersion", ipVersion, "4 or 6");
    if (operation) this.#framing = { mtuBytes, ipVersion, operation };
    for (const name of SENT) this.sent[name] = from.count(name);
    for (const name of ARRIVED) this.arrived[name] = from.count(name);
    this.#messagesPer = histogram(from, "messagesPerAggregate");
    this.#streamsPer = histogram(from, "streamsPerAggregate");
    this.#delays.read(from);
  }

  read(): AggregatorCounters {
    const { payloadBytes, wireBytes } = this.sent;
    return {
      ...this.sent,
      ...this.arrived,
      utilization: wireBytes === 0 ? 0 : payloadBytes / wireBytes,
      messagesPerAggregate: [...this.#messagesPer],
      streamsPerAggregate: [...this.#streamsPer],
      delayNs: {
        p50: this.#delays.percentileNs(0.5),
        p99: this.#delays.percentileNs(0.99),
        max: this.#delays.mostNs,
      },
    };
  }
}

/** Payload of a transfer for the transport, sub-headers included. */
export function transferBytes(transfer: Transfer): number {
  if (transfer.kind !== "aggregate") return transfer.bytes.length;
  return transfer.messages.reduce((sum, { data }) => sum + SUB_HEADER_BYTES + data.length, 0);
}

function count(histogram: number[], value: number): void {
  const bucket = 31 - Math.clz32(value);
  while (histogram.length <= bucket) histogram.push(0);
  histogram[bucket] = (histogram[bucket] as number) + 1;
}

function histogram(from: SectionReader, field: string): number[] {
  return Array.from({ length: from.u8(field, BUCKETS) }, () => from.count(field));
}
