/** What one end of a session goes by, and the bounds of it. */
import { STREAM_UNACKED_MAX, SUB_HEADER_BYTES, SUB_LENGTH_MAX } from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";

export interface AggregatorOptions {
  /** An aggregate at most, sub-headers included, 64 to 65536 bytes; 2048 by default, or transferBytes. */
  readonly aggregateBytes?: number | undefined;
  /** Messages of an aggregate at most, 2 to 4096; 256 by default. */
  readonly messagesMax?: number | undefined;
  /** How long a message waits for others while transfers are under way, 0 to 1000 ms; 0.1 by default. */
  readonly ageMs?: number | undefined;
  /** Longer messages go alone, 1 to 4095 bytes and to what fits into an aggregate; half of one by default. */
  readonly bypassBytes?: number | undefined;
  /** A transfer at most, either way, 256 bytes to 1 MiB; 16384 by default. */
  readonly transferBytes?: number | undefined;
  /** Transfers that may be without an acknowledgement, 1 to 1024; 64 by default. */
  readonly transfersMax?: number | undefined;
  /** Bytes of a stream that are here and that its user has not used yet, at most, 1024 bytes to 1 GiB; 262144 by default. */
  readonly windowBytes?: number | undefined;
  /** Bytes of a stream that were written and are not sent yet, at most, 1024 bytes to 1 GiB; 65536 by default. */
  readonly sendBufferBytes?: number | undefined;
  /** Streams at a time, 1 to 65535; 4096 by default. */
  readonly streamsMax?: number | undefined;
  /** How long a lost connection may take to come back before its streams end, 0 to 3600000 ms; 10000 by default. */
  readonly resumeMs?: number | undefined;
  /** How long nothing is sent before the peer is asked whether it is still there, 1 to 3600000 ms; by an opener only while there are streams; 5000 by default. */
  readonly keepAliveMs?: number | undefined;
}

export type AggregatorLimits = { readonly [K in keyof AggregatorOptions]-?: number };

/** Throws ConfigError. */
export function aggregatorLimits(options: AggregatorOptions): AggregatorLimits {
  const transferBytes = checkInteger("transferBytes", options.transferBytes ?? 16_384, 256, 2 ** 20);
  const aggregateBytes = checkInteger(
    "aggregateBytes",
    options.aggregateBytes ?? Math.min(2048, transferBytes),
    64,
    Math.min(65_536, transferBytes),
  );
  const messagesMax = checkInteger("messagesMax", options.messagesMax ?? 256, 2, 4096);
  const transfersMax = checkInteger("transfersMax", options.transfersMax ?? 64, 1, 1024);
  // Each sub-frame is six bytes or more, so this is what bounds a stream's unacknowledged messages (RFC 1982).
  const messages = Math.min(messagesMax, Math.floor(aggregateBytes / SUB_HEADER_BYTES));
  checkInteger("transfersMax x messagesMax", transfersMax * messages, 1, STREAM_UNACKED_MAX);
  const largest = Math.min(SUB_LENGTH_MAX, aggregateBytes - SUB_HEADER_BYTES);
  const ageMs = options.ageMs ?? 0.1;
  if (!(ageMs >= 0 && ageMs <= 1000)) throw new ConfigError("ageMs", ageMs, "from 0 to 1000");
  return {
    aggregateBytes,
    messagesMax,
    ageMs,
    bypassBytes: checkInteger("bypassBytes", options.bypassBytes ?? Math.min(largest, aggregateBytes >> 1), 1, largest),
    transferBytes,
    transfersMax,
    windowBytes: checkInteger("windowBytes", options.windowBytes ?? 262_144, 1024, 2 ** 30),
    sendBufferBytes: checkInteger("sendBufferBytes", options.sendBufferBytes ?? 65_536, 1024, 2 ** 30),
    streamsMax: checkInteger("streamsMax", options.streamsMax ?? 4096, 1, 0xffff),
    resumeMs: checkInteger("resumeMs", options.resumeMs ?? 10_000, 0, 3_600_000),
    keepAliveMs: checkInteger("keepAliveMs", options.keepAliveMs ?? 5000, 1, 3_600_000),
  };
}
