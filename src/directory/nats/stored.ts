/** What is in the bucket under an endpoint's and a host's key, checked before it is believed. */
import { checkEndpoint, checkGeneration, checkHost, checkMac, checkVni } from "../check.js";
import type { EndpointRecord, HostRecord } from "../records.js";
import type { Entry } from "./bucket.js";
import { endpointKey, hostKey, type Identity } from "./keys.js";

/** The endpoint, or the generation with which it was withdrawn. */
export type StoredEndpoint =
  | { readonly endpoint: EndpointRecord; readonly withdrawn?: undefined }
  | { readonly endpoint?: undefined; readonly withdrawn: Identity & { readonly generation: number } };

/** The host, once it has said who it is, and whether it once took a lease. */
export interface StoredHost {
  readonly host?: HostRecord;
  readonly leased: boolean;
}

/** What the entry says; undefined when it is nothing of ours, or stands under another's key. */
export function storedEndpoint(entry: Entry | undefined): StoredEndpoint | undefined {
  return believed(entry, (value: StoredEndpoint) => {
    if (value.endpoint !== undefined) {
      return endpointKey(value.endpoint) === entry?.key ? { endpoint: checkEndpoint(value.endpoint) } : undefined;
    }
    const { vni, mac, generation } = value.withdrawn;
    checkGeneration("generation", generation);
    const identity = { vni: checkVni("vni", vni), mac: checkMac("mac", mac) };
    return endpointKey(identity) === entry?.key ? { withdrawn: { ...identity, generation } } : undefined;
  });
}

export function storedHost(entry: Entry | undefined): StoredHost | undefined {
  return believed(entry, ({ host, leased }: StoredHost) => {
    if (host === undefined) return { leased: leased === true };
    return hostKey(host.name) === entry?.key ? { host: checkHost(host), leased: leased === true } : undefined;
  });
}

export function generationOf(stored: StoredEndpoint | undefined): number {
  return (stored?.endpoint ?? stored?.withdrawn)?.generation ?? -1;
}

function believed<V, T>(entry: Entry | undefined, check: (value: V) => T | undefined): T | undefined {
  try {
    return entry && check(entry.value as V);
  } catch {
    return undefined;
  }
}
