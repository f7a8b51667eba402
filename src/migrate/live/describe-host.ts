/**
 * A live host as an inventory has it, so that where a VM can go is asked of what is there, and of nothing that somebody wrote:
 *
 *   const hosts = { alpha: describeHost(alpha), beta: describeHost(beta) };
 *   const vms = { web1: describeVm(alpha, "web1") };
 *   discoverTargets(defineInventory({ hosts, vms, formats: RINGLANE_FORMATS }), "web1");
 *
 * It is true of the moment: describe again before the state is inserted (Reservations.recheck).
 */

import { PACKAGE_VERSION } from "../../package-version.js";
import type { LagMode } from "../inventory/inventory.js";
import type { HostDefinition } from "../inventory/schema.js";
import { ADAPTER_NAME, PARTITION_FORMAT, PORTABLE_FORMAT, SOFTWARE_ADAPTER, STATE_VERSION } from "./adapter.js";
import type { LiveHost } from "./live-host.js";
import { carriedBy, mbufsNeededBy, offloadsOf } from "./needs.js";

/** One adapter, named "ringlane": the host's engine. Functions and queue pairs are its ports for guests. */
export function describeHost(host: LiveHost): HostDefinition {
  const { engine, uplinks, attachments } = host;
  const isRead = new Set([...uplinks, ...engine.tunnels.flatMap(({ vnic, uplink }) => [vnic, uplink])]);
  const others = engine.ports.filter((port) => isRead.has(port)).length;
  const total = engine.portsMax - others;
  const ports = { total, free: total - attachments.length };
  // What partitions were promised is not free, though they may not have it yet.
  const promised = attachments.reduce((sum, attachment) => sum + mbufsNeededBy(attachment), 0);
  const { ipMtuBytes } = carriedBy(host);
  return {
    adapters: {
      [ADAPTER_NAME]: {
        ...SOFTWARE_ADAPTER,
        firmware: PACKAGE_VERSION,
        state: Object.fromEntries([PARTITION_FORMAT, PORTABLE_FORMAT].map((format) => [format, BOTH_WAYS])),
        queuePairs: ports,
        mbufs: { total: engine.mbufs, free: Math.max(0, Math.min(engine.freeMbufs, engine.mbufs - promised)) },
        functions: ports,
        mtuBytes: ipMtuBytes,
        uplinks: uplinks.length,
        lag: modesOf(host),
        offloads: offloadsOf(host),
        headroomBytes: engine.headroomBytes,
      },
    },
  };
}

const BOTH_WAYS = { reads: STATE_VERSION, writes: STATE_VERSION } as const;

function modesOf({ group }: LiveHost): LagMode[] {
  if (!group) return [];
  const speaksLacp = group.ports.some((port) => group.lacp(port) !== undefined);
  return ["active-backup", "static", ...(speaksLacp ? (["lacp"] as const) : []), "selective"];
}
