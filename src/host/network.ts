/** A network that has partitions on a host: its policy in the data plane, and routes to the hosts of its endpoints. */
import type { HostRecord, Resolution } from "../directory/records.js";
import { ConfigError } from "../errors.js";
import { parseIp } from "../overlay/address.js";
import type { EndpointFields } from "../overlay/plane/endpoints.js";
import type { PlaneNetwork } from "../overlay/plane/networks.js";
import type { NetworkPolicy } from "../overlay/policy/policy.js";
import { choiceOf, type PathContext, pathsTo, usablePaths } from "./paths.js";
import type { HostPlane } from "./plane.js";

interface Route {
  readonly ptr: number;
  host: HostRecord;
  alive: boolean;
}

/** What is known of an endpoint, wherever it is. */
export interface Subject {
  readonly partition: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ips: readonly string[];
}

export class HostNetwork {
  readonly plane: PlaneNetwork;
  policy: NetworkPolicy;
  /** Partitions of this host that are in it. */
  attached = 0;
  /** @internal What the paths of a partition that came here said of endpoints, by MAC address: nobody believes it (state/paths.ts). */
  readonly said = new Map<string, Uint8Array>();
  /** Who gets copies of broadcasts is to be asked soon. */
  isAskingMembers = false;
  readonly #context: PathContext;
  readonly #overlay: HostPlane;
  readonly #routes = new Map<string, Route>();
  #loaded = -1;
  #members: readonly string[] = [];

  constructor(overlay: HostPlane, context: PathContext, policy: NetworkPolicy) {
    this.#overlay = overlay;
    this.#context = context;
    this.policy = policy;
    this.plane = overlay.networks.add(policy.vni, this.#flags);
    this.setPolicy(policy);
  }

  get vni(): number {
    return this.plane.vni;
  }

  /** Other rules: what the old ones had let in is forgotten. */
  setPolicy(policy: NetworkPolicy): void {
    const known = new Map(
      this.policy.waypoints.map((name, i) => [name, this.#overlay.networks.waypoint(this.plane, i)]),
    );
    this.policy = policy;
    this.#overlay.networks.loadPolicy(this.plane, policy, true);
    this.#loaded = policy.version;
    this.#overlay.networks.setFlags(this.plane, this.#flags);
    // A waypoint of both is where it was, so that no frame misses it meanwhile.
    for (const [i, name] of policy.waypoints.entries()) {
      this.#overlay.networks.setWaypoint(this.plane, i, known.get(name) ?? 0);
    }
  }

  /** Classes of an endpoint's first addresses of each kind, and of its frames that are not IP. */
  describe(subject: Subject): Pick<EndpointFields, "ip4" | "ip6" | "class4" | "class6" | "class"> {
    const { partition, labels, ips } = subject;
    const ip4 = ips.find((ip) => !ip.includes(":"));
    const ip6 = ips.find((ip) => ip.includes(":"));
    const described = {
      ip4: ip4 === undefined ? undefined : parseIp("ip", ip4),
      ip6: ip6 === undefined ? undefined : parseIp("ip", ip6),
      class: this.policy.classOf({ partition, labels }),
      class4: this.policy.classOf({ partition, labels, ip: ip4 }),
      class6: this.policy.classOf({ partition, labels, ip: ip6 }),
    };
    this.#loadNewClasses();
    return described;
  }

  /** The class of an address, of an endpoint or alone. */
  classOf(ip: string, subject?: Subject): number {
    const found = this.policy.classOf({ partition: subject?.partition, labels: subject?.labels, ip });
    this.#loadNewClasses();
    return found;
  }

  /** What the data plane is to know of an endpoint on another host. */
  remoteFields({ endpoint, host, alive }: Resolution): EndpointFields {
    return {
      ...this.describe(endpoint),
      state: "remote",
      route: this.routeTo(host, alive),
      host: parseIp("address", host.address),
      gqpn: endpoint.gqpn,
      generation: endpoint.generation,
    };
  }

  /** The route to a host, made if need be. Throws ConfigError when there is no room. */
  routeTo(host: HostRecord, alive: boolean): number {
    const known = this.#routes.get(host.name);
    if (known) {
      this.hostChanged(host, alive);
      return known.ptr;
    }
    const route = { ptr: this.#overlay.routes.add(), host, alive };
    this.#routes.set(host.name, route);
    this.#setPaths(route);
    return route.ptr;
  }

  /** Another address, another MTU, dead, or alive again. */
  hostChanged(host: HostRecord, alive: boolean): void {
    const route = this.#routes.get(host.name);
    if (!route || (route.alive === alive && JSON.stringify(route.host) === JSON.stringify(host))) return;
    route.host = host;
    route.alive = alive;
    this.#setPaths(route);
  }

  /** Forgets the routes that nothing goes by any more: neither an endpoint's frames nor broadcasts. */
  sweepRoutes(inUse: ReadonlySet<number>): void {
    for (const [name, { ptr }] of this.#routes) {
      if (inUse.has(ptr) || this.#members.includes(name)) continue;
      this.#overlay.routes.remove(ptr);
      this.#routes.delete(name);
    }
  }

  /** Uplinks came or went. */
  refreshPaths(): void {
    for (const route of this.#routes.values()) this.#setPaths(route);
  }

  /** Who gets copies of broadcasts, besides this host. */
  setMembers(hosts: readonly { readonly host: HostRecord; readonly alive: boolean }[]): void {
    const others = hosts.filter(({ host, alive }) => alive && host.name !== this.#context.settings.record.name);
    this.#members = others.map(({ host }) => host.name);
    this.#overlay.networks.setFloodRoutes(
      this.plane,
      others.map(({ host, alive }) => this.routeTo(host, alive)),
    );
  }

  /** True for a host that gets no copies yet. */
  isNewMember(host: string): boolean {
    return this.policy.flood && host !== this.#context.settings.record.name && !this.#members.includes(host);
  }

  #setPaths(route: Route): void {
    const paths = route.alive ? usablePaths(this.#context, pathsTo(this.#context, this.policy, route.host)) : [];
    const choices = paths.flatMap((path) => {
      try {
        return [choiceOf(this.#context, this.policy, route.host, path)];
      } catch (error) {
        // A path that cannot be is none: its frames are dropped as no-path.
        if (error instanceof ConfigError) return [];
        throw error;
      }
    });
    this.#overlay.routes.set(route.ptr, choices);
  }

  /** The policy's object may serve several hosts: whoever adds a class, each loads it for itself. */
  #loadNewClasses(): void {
    if (this.policy.version === this.#loaded) return;
    this.#overlay.networks.loadPolicy(this.plane, this.policy, false);
    this.#loaded = this.policy.version;
  }

  get #flags() {
    const { options } = this.#context;
    return {
      flood: this.policy.flood,
      stateful: this.policy.rules.some(({ stateful }) => stateful),
      innerVlan: this.policy.innerVlan,
      uniformDscp: options.paths?.dscp === "uniform",
      clampMss: options.clampMss ?? false,
    };
  }
}
