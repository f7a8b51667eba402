/** Owners of mbufs, on hosts where endpoints have limits: those that there are at the end. */
import type { LimitReport } from "../../index.js";
import { ipText } from "../../overlay/address.js";
import type { Guest } from "../guest.js";
import type { ScenarioHost } from "../hosts.js";

export function limitsOf(hosts: readonly ScenarioHost[], guests: readonly Guest[]) {
  return hosts.flatMap(({ name, core, engine }) => {
    const changes = changesOf(core);
    return (engine.limits?.reports() ?? []).map((report) => {
      const { partition, peer, limit, inUse, frames, refused } = report;
      const owner = { host: name, partition, peer, endpoint: endpointOf(report, guests) };
      return { ...owner, limit, inUse, frames, refused, changes: changes.get(keyOf(report)) ?? 0 };
    });
  });
}

/** How often each limit has changed. The host's events are nobody else's in a scenario, so that they may be taken. */
function changesOf(core: ScenarioHost["core"]): Map<string, number> {
  const changes = new Map<string, number>();
  for (const told of core.takeEvents()) {
    if (told.type !== "limit") continue;
    const key = keyOf(told.event);
    changes.set(key, (changes.get(key) ?? 0) + 1);
  }
  return changes;
}

/** Who has the peer's address in a network of the partition's; undefined of a partition's own record. */
function endpointOf({ partition, peer }: LimitReport, guests: readonly Guest[]): string | undefined {
  const networks = guests.filter((guest) => guest.partition === partition).map(({ network }) => network);
  return guests.find(({ network, ips }) => networks.includes(network) && ips.some((ip) => ipText(ip) === peer))?.name;
}

function keyOf({ partition, peer = "" }: { readonly partition: string; readonly peer?: string }): string {
  return `${partition} ${peer}`;
}
