/** Who takes part: networks with their endpoints, and addresses that mean one endpoint in one network and another in the next. */
import { ipText } from "../../overlay/address.js";
import type { Guest } from "../guest.js";
import type { Scenario } from "../parse.js";

export function castOf({ networks }: Scenario, guests: readonly Guest[]) {
  return {
    networks: Object.entries(networks).map(([name, { tenant }]) => ({
      ...{ name, tenant },
      endpoints: guests.filter(({ network }) => network === name).map((guest) => guest.name),
    })),
    sharedAddresses: sharedAddresses(guests),
  };
}

/** IP addresses that endpoints of more than one network have. */
function sharedAddresses(guests: readonly Guest[]): string[] {
  const networksOf = new Map<string, Set<string>>();
  for (const { network, ips } of guests) {
    for (const ip of ips.map(ipText)) networksOf.set(ip, (networksOf.get(ip) ?? new Set()).add(network));
  }
  return [...networksOf].filter(([, { size }]) => size > 1).map(([ip]) => ip);
}
