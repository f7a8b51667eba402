/** Beds on real servers: a bucket of its own for each test, a connection of its own for each view. */
import { setTimeout as sleep } from "node:timers/promises";
import type { NatsDirectoryOptions } from "../../src/directory/nats/nats-directory.js";
import { connectNatsDirectory, type NatsDirectory } from "../../src/directory/nats/node.js";
import { insist } from "../helpers/eventually.js";
import type { NatsServers } from "../helpers/nats.js";
import { type DirectoryBed, SUITE_LEASE_MS, SUITE_QUARANTINE_MS } from "./suite.js";

let buckets = 0;

export interface NatsBed extends DirectoryBed {
  readonly bucket: string;
  open(): Promise<NatsDirectory>;
}

export function natsBed(servers: NatsServers, replicas: number, more: NatsDirectoryOptions = {}): NatsBed {
  const bucket = `suite-${++buckets}`;
  const opened: NatsDirectory[] = [];
  let skippedMs = 0;
  const options = {
    bucket,
    replicas,
    leaseMs: SUITE_LEASE_MS,
    quarantineMs: SUITE_QUARANTINE_MS,
    now: () => Date.now() + skippedMs,
    ...more,
  };
  return {
    bucket,
    open: async () => {
      // Each view begins with another server; a frozen one is noticed within 3 s.
      const urls = servers.urls.map((_, i) => servers.urls[(i + opened.length) % servers.urls.length] as string);
      const connection = { servers: urls, noRandomize: true, pingInterval: 1000, reconnectTimeWait: 100 };
      const directory = await insist(() => connectNatsDirectory(connection, options));
      opened.push(directory);
      return directory;
    },
    pass: () => sleep(20),
    skip: (ms) => {
      skippedMs += ms;
    },
    close: async () => {
      for (const directory of opened) await directory.close();
    },
  };
}
