/**
 * `ringlane/nats` in a page or its worker: WebSocket. NATS keeps one transport for all connections of a realm, so a program that has a TCP
 * connection too (in Node, by ringlane/nats there) opens this one in a worker.
 */
import { type ConnectionOptions, wsconnect } from "@nats-io/nats-core";
import type { NatsDirectory, NatsDirectoryOptions } from "./nats-directory.js";
import { CONNECTION_DEFAULTS, openOwned } from "./open.js";

export { NatsDirectory, type NatsDirectoryOptions, type Repeat } from "./nats-directory.js";

/** Connects to servers ("ws://…" or "wss://…") and opens the directory there; otherwise as in Node. */
export function connectNatsDirectory(
  connection: ConnectionOptions,
  options?: NatsDirectoryOptions,
): Promise<NatsDirectory> {
  return openOwned(() => wsconnect({ ...CONNECTION_DEFAULTS, ...connection }), options);
}
