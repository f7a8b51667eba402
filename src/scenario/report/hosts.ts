/** Hosts in numbers: what they asked, what they dropped, and which uplinks their partitions used. */
import type { Guest } from "../guest.js";
import type { ScenarioHost } from "../hosts.js";

export function hostsOf(hosts: readonly ScenarioHost[]) {
  return hosts.map(({ name, core }) => ({ host: name, address: core.address, ...core.counters }));
}

/** Of all hosts together, by cause. */
export function dropsOf(hosts: readonly ScenarioHost[]): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { engine } of hosts) {
    for (const { counters } of engine.ports) {
      for (const [cause, count] of Object.entries(counters.drops)) drops[cause] = (drops[cause] ?? 0) + count;
    }
  }
  return drops;
}

/** Those for which their owner might hold no more mbufs. */
export function refusedOf(drops: Readonly<Record<string, number>>): number {
  return drops["mbuf-limit"] ?? 0;
}

export function setsOf(guests: readonly Guest[], hosts: readonly ScenarioHost[]) {
  return guests.flatMap(({ name, attachments }) =>
    attachments.flatMap(({ host, attachment: { lag } }) => {
      const uplinks = hosts.find((other) => other.name === host)?.uplinks ?? [];
      if (!lag) return [];
      const { sentByPort, receivedByPort, outsideAccepted, outsideDropped } = lag.counters;
      const links = lag.roles.map((role, i) => {
        const [sent, received] = [sentByPort[i] as number, receivedByPort[i] as number];
        return { uplink: uplinks[i]?.name, role, sent, received };
      });
      const strayed = links.reduce((sum, { role, sent }) => sum + (role === "none" ? sent : 0), 0);
      return { host, partition: name, links, outside: strayed + outsideAccepted + outsideDropped };
    }),
  );
}
