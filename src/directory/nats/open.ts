/** What both entries share: a directory on a connection of its own. */
import type { ConnectionOptions, NatsConnection } from "@nats-io/nats-core";
import { asking } from "./bucket.js";
import { NatsDirectory, type NatsDirectoryOptions } from "./nats-directory.js";

/** A host tries until its servers are back, and notices within 15 s that one is there and says nothing. */
export const CONNECTION_DEFAULTS = {
  maxReconnectAttempts: -1,
  pingInterval: 5_000,
  maxPingOut: 2,
} satisfies ConnectionOptions;

/** Connects, opens the directory, and closes the connection with it. */
export async function openOwned(
  connect: () => Promise<NatsConnection>,
  options: NatsDirectoryOptions | undefined,
): Promise<NatsDirectory> {
  const connection = await asking("connect", connect);
  try {
    const directory = await NatsDirectory.open(connection, options);
    directory.onClose(() => connection.close());
    return directory;
  } catch (error) {
    await connection.close();
    throw error;
  }
}
