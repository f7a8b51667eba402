/**
 * Streams that come to a port, as a stream of pairs, in the manner of TCPServerSocket (WICG, Direct Sockets API). Those that nobody has taken
 * yet wait, up to a bound; what comes beyond it is broken off.
 */
import { checkInteger } from "../../../check.js";
import type { StreamAddress, StreamAgent, StreamEnd, StreamHandler } from "../../agent/stream.js";
import { highWaterMarkOf } from "./connect.js";
import { type StreamPair, StreamPairEnd, type StreamPairOptions } from "./pair.js";

export interface ListenStreamsOptions extends StreamPairOptions {
  /** How many pairs wait to be taken; 128 by default. */
  readonly backlog?: number;
}

const BACKLOG_MAX = 65_536;

/**
 * Listens until the stream of pairs is cancelled, which breaks off those that wait and leaves those that were taken. Throws ConfigError for a bad
 * port or option, and for a port that is taken.
 */
export function listenStreams(
  agent: StreamAgent,
  port: number,
  options: ListenStreamsOptions = {},
): ReadableStream<StreamPair> {
  const highWaterMarkBytes = highWaterMarkOf(options);
  const backlog = checkInteger("backlog", options.backlog ?? 128, 1, BACKLOG_MAX);
  const waiting: StreamPairEnd[] = [];
  let wanted: ReadableStreamDefaultController<StreamPair> | undefined;

  function accept(stream: StreamEnd, from: StreamAddress): StreamHandler {
    const pair = new StreamPairEnd(from, highWaterMarkBytes);
    pair.attach(stream);
    pair.onOpen();
    if (wanted) hand(wanted, pair);
    else if (waiting.length < backlog) waiting.push(pair);
    else pair.breakOff(undefined);
    return pair;
  }

  function hand(controller: ReadableStreamDefaultController<StreamPair>, pair: StreamPairEnd): void {
    wanted = undefined;
    controller.enqueue(pair);
  }

  agent.listen(port, accept);
  return new ReadableStream<StreamPair>(
    {
      pull(controller) {
        const pair = waiting.shift();
        if (pair) hand(controller, pair);
        else wanted = controller;
      },
      cancel(reason) {
        agent.unlisten(port);
        for (const pair of waiting.splice(0)) pair.breakOff(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
