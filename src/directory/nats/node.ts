/** `ringlane/nats` in Node: TCP and TLS. */
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";
import type { NatsDirectory, NatsDirectoryOptions } from "./nats-directory.js";
import { CONNECTION_DEFAULTS, openOwned } from "./open.js";

export { NatsDirectory, type NatsDirectoryOptions, type Repeat } from "./nats-directory.js";

/**
 * Connects to servers and opens the directory there. The connection's options (servers, user and pass, token, authenticator, tls, …) go to
 * NATS as they are, and are neither kept nor logged. DirectoryUnavailable when no server answers or takes the credentials.
 */
export function connectNatsDirectory(
  connection: NodeConnectionOptions,
  options?: NatsDirectoryOptions,
): Promise<NatsDirectory> {
  return openOwned(() => connect({ ...CONNECTION_DEFAULTS, ...connection }), options);
}
