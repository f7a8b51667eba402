/** Opens a stream as a pair. */
import { checkInteger } from "../../../check.js";
import type { StreamAddress, StreamAgent } from "../../agent/stream.js";
import { HIGH_WATER_MARK_BYTES, type StreamPair, StreamPairEnd, type StreamPairOptions } from "./pair.js";

/** A pair whose stream is being opened. Throws ConfigError for a bad address, port or high-water mark. */
export function connectStreams(agent: StreamAgent, to: StreamAddress, options: StreamPairOptions = {}): StreamPair {
  const pair = new StreamPairEnd(to, highWaterMarkOf(options));
  pair.attach(agent.connect(to, pair));
  return pair;
}

export function highWaterMarkOf({ highWaterMarkBytes = HIGH_WATER_MARK_BYTES }: StreamPairOptions): number {
  return checkInteger("highWaterMarkBytes", highWaterMarkBytes, 1, 2 ** 31 - 1);
}
