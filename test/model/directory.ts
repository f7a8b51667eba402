/**
 * The directory as its documentation describes it, in the simplest way there is: one list of records, searched from end to end.
 * Made from docs/directory.md, not from the store.
 */
import type { DirectoryChange, EndpointQuery, EndpointRecord, HostRecord } from "../../src/directory/records.js";

interface Lease {
  ttlMs: number;
  endMs: number;
}

export class DirectoryModel {
  endpoints: EndpointRecord[] = [];
  readonly #withdrawn: { vni: number; mac: string; generation: number; atMs: number }[] = [];
  readonly #hosts: HostRecord[] = [];
  readonly #leases = new Map<string, Lease>();
  readonly #withdrawnMs: number;
  #nowMs = 0;

  constructor(withdrawnMs: number) {
    this.#withdrawnMs = withdrawnMs;
  }

  publishHost(host: HostRecord): void {
    const i = this.#hosts.findIndex(({ name }) => name === host.name);
    this.#hosts.splice(i < 0 ? this.#hosts.length : i, 1, host);
  }

  /** The generation that refuses the claim, or undefined when it was accepted. */
  publish(claim: EndpointRecord): number | undefined {
    const held = this.#at(claim);
    if (held !== undefined && JSON.stringify(held) === JSON.stringify(claim)) return undefined;
    const known = held?.generation ?? this.#generationWithdrawn(claim);
    if (known !== undefined && known >= claim.generation) return known;
    const rival = this.endpoints.find(({ gqpn }) => gqpn === claim.gqpn);
    if (rival !== undefined && rival !== held) {
      if (rival.generation >= claim.generation) return rival.generation;
      this.withdraw(rival);
    }
    this.endpoints = this.endpoints.filter((other) => other !== held);
    this.endpoints.push(claim);
    return undefined;
  }

  withdraw({ vni, mac, generation }: Pick<EndpointRecord, "vni" | "mac" | "generation">): number | undefined {
    const held = this.#at({ vni, mac });
    if (held !== undefined && held.generation > generation) return held.generation;
    const highest = Math.max(generation, this.#generationWithdrawn({ vni, mac }) ?? generation);
    this.endpoints = this.endpoints.filter((other) => other !== held);
    this.#withdrawn.push({ vni, mac, generation: held === undefined ? highest : generation, atMs: this.#nowMs });
    return undefined;
  }

  resolve(query: EndpointQuery): { endpoint: EndpointRecord; host: HostRecord; alive: boolean } | undefined {
    const matches = this.endpoints.filter((endpoint) => {
      if ("gqpn" in query) return endpoint.gqpn === query.gqpn;
      if (endpoint.vni !== query.vni) return false;
      if ("mac" in query) return endpoint.mac === query.mac;
      return "ip" in query ? endpoint.ips.includes(query.ip) : endpoint.partition === query.partition;
    });
    matches.sort((a, b) => b.generation - a.generation || (a.mac < b.mac ? -1 : 1));
    const endpoint = matches[0];
    const host = this.#hosts.find(({ name }) => name === endpoint?.host);
    return endpoint && host && { endpoint, host, alive: this.isAlive(host.name) };
  }

  members(vni: number): string[] {
    const names = this.endpoints.filter((endpoint) => endpoint.vni === vni).map(({ host }) => host);
    return this.#hosts
      .map(({ name }) => name)
      .filter((name) => names.includes(name))
      .sort();
  }

  leased(host: string): boolean {
    return (this.#leases.get(host)?.endMs ?? 0) > this.#nowMs;
  }

  lease(host: string, ttlMs: number): void {
    this.#leases.set(host, { ttlMs, endMs: this.#nowMs + ttlMs });
  }

  renew(host: string): boolean {
    const lease = this.#leases.get(host);
    if (lease === undefined || lease.endMs <= this.#nowMs) return false;
    lease.endMs = this.#nowMs + lease.ttlMs;
    return true;
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  isAlive(host: string): boolean {
    const lease = this.#leases.get(host);
    return lease === undefined || lease.endMs > this.#nowMs;
  }

  #at({ vni, mac }: Pick<EndpointRecord, "vni" | "mac">): EndpointRecord | undefined {
    return this.endpoints.find((endpoint) => endpoint.vni === vni && endpoint.mac === mac);
  }

  /** Of the last withdrawal, unless the endpoint was published since, or it is long ago. */
  #generationWithdrawn({ vni, mac }: Pick<EndpointRecord, "vni" | "mac">): number | undefined {
    const last = this.#withdrawn.findLast((one) => one.vni === vni && one.mac === mac);
    return last !== undefined && last.atMs + this.#withdrawnMs > this.#nowMs ? last.generation : undefined;
  }
}

/** What a watcher of everything knows after the changes that it heard. */
export function replay(known: Map<string, EndpointRecord>, changes: readonly DirectoryChange[]): void {
  for (const change of changes) {
    if (change.type === "endpoint") known.set(`${change.endpoint.vni} ${change.endpoint.mac}`, change.endpoint);
    if (change.type === "withdrawn") known.delete(`${change.vni} ${change.mac}`);
  }
}
