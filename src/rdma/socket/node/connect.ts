/** Connects, as net.connect does. */
import type { StreamAddress, StreamAgent } from "../../agent/stream.js";
import { AggregateSocket, type AggregateSocketOptions } from "./socket.js";

export interface ConnectSocketOptions extends AggregateSocketOptions {
  /** What the socket shows as its own address: a stream does not know it. */
  readonly localAddress?: string;
}

/**
 * A socket that is being connected; listener is called on 'connect'. ECONNREFUSED, ETIMEDOUT and ECONNRESET come as 'error'. Throws
 * ConfigError for a bad address, port or timeout.
 */
export function connectSocket(
  agent: StreamAgent,
  to: StreamAddress,
  options: ConnectSocketOptions = {},
  listener?: () => void,
): AggregateSocket {
  const { localAddress, ...socketOptions } = options;
  const places = {
    remote: { address: to.address, port: to.port },
    local: localAddress ? { address: localAddress } : {},
  };
  const socket = new AggregateSocket((handler) => agent.connect(places.remote, handler), true, places, socketOptions);
  if (listener) socket.once("connect", listener);
  return socket;
}
