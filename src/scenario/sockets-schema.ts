/** Sockets of a scenario: streams from one endpoint to another, whose messages the RDMA agents inside the two aggregate. */
import * as v from "valibot";
import { Name, Word } from "../document/words.js";
import { PATH_MTUS } from "../rdma/estimate/wire-cost.js";

const DAY_MS = 86_400_000;
const PORT_MAX = 65535;
/** What a session has numbers for by default (rdma/aggregator/options.ts). */
const STREAMS_MAX = 4096;
const MESSAGES_MAX = 1_000_000;
/** A message begins with its stream's number and its own, 4 bytes each. */
const MESSAGE_BYTES_MIN = 8;
const MESSAGE_BYTES_MAX = 60_000;

const Ms = v.pipe(v.number(), v.minValue(0), v.maxValue(DAY_MS));
const whole = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

export const SocketsSchema = v.strictObject({
  name: v.optional(Word),
  /** Opens the streams, and writes. */
  from: Name,
  /** Listens, and reads. */
  to: Name,
  streams: v.optional(whole(1, STREAMS_MAX), 16),
  /** Of each stream. */
  messages: v.optional(whole(1, MESSAGES_MAX), 100),
  bytes: v.optional(whole(MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX), 64),
  port: v.optional(whole(1, PORT_MAX), 7000),
  /** When the streams are opened; the first messages are written as soon as all of them are. */
  atMs: v.optional(Ms, 0),
  /** All streams write at the same instants, so many ms apart. */
  everyMs: v.optional(Ms, 0.5),
  /** Path MTU: bytes of a packet's payload. */
  mtu: v.optional(v.picklist(PATH_MTUS), 1024),
});

export type SocketsText = v.InferOutput<typeof SocketsSchema>;
