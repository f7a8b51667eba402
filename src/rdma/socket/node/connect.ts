/** Connects, as net.connect does. */
import type { StreamAddress, StreamAgent } from "../../agent/stream.js";
import { AggregateSocket, type AggregateSocketOptions } from "./socket.js";

/**
 * A socket that is being connected; listener is called on 'connect'. ECONNREFUSED, ETIMEDOUT and ECONNRESET come as 'error'. Throws
 * ConfigError for a bad address, port or timeout.
 */
export function connectSocket(
  agent: StreamAgent,
  to: StreamAddress,
  options: AggregateSocketOptions = {},
  listener?: () => void,
): AggregateSocket {
  const remote = { address: to.address, port: to.port };
  const socket = new AggregateSocket((handler) => agent.connect(remote, handler), true, remote, options);
  if (listener) socket.once("connect", listener);
  return socket;
}
