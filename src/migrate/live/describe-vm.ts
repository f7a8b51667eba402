/** A VM on a live host as an inventory has it: what its vnics need of the adapter that they go to. */

import { ConfigError } from "../../errors.js";
import type { VmDefinition } from "../inventory/schema.js";
import { ADAPTER_NAME, PARTITION_FORMAT, STATE_VERSION } from "./adapter.js";
import type { LiveHost } from "./live-host.js";
import { needsOf } from "./needs.js";

/** All vnics of a partition, net0, net1 and so on in the order of their attachment. Throws ConfigError for one that is not live here. */
export function describeVm(host: LiveHost, partition: string): VmDefinition {
  const all = host.attachments.filter(({ state }) => state === "live");
  const own = all.filter((attachment) => attachment.partition === partition);
  if (own.length === 0) {
    const names = [...new Set(all.map((attachment) => attachment.partition))].join(", ") || "none";
    throw new ConfigError("partition", partition, `live on ${host.name}, which has ${names}`);
  }
  const vnics = own.map((attachment, i) => {
    const state = { format: PARTITION_FORMAT, version: STATE_VERSION };
    return [`net${i}`, { adapter: ADAPTER_NAME, state, needs: needsOf(host, attachment) }];
  });
  return { host: host.name, vnics: Object.fromEntries(vnics) };
}
