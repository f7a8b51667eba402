/** The networks that have, or had, partitions on a host: watched in the directory while they have some. */
import type { Port } from "../buffer/port.js";
import type { HostRecord } from "../directory/records.js";
import type { Policy } from "../overlay/policy/policy.js";
import type { HostContext } from "./context.js";
import { HostNetwork } from "./network.js";

export class Networks {
  readonly #context: HostContext;
  readonly #networks = new Map<number, HostNetwork>();
  readonly #downUplinks = new Set<number>();

  constructor(context: HostContext) {
    this.#context = context;
  }

  get(vni: number): HostNetwork | undefined {
    return this.#networks.get(vni);
  }

  /** The network whose record is at that address. */
  at(ptr: number): HostNetwork | undefined {
    return this.#networks.get(this.#context.plane.networks.at(ptr).vni);
  }

  all(): IterableIterator<HostNetwork> {
    return this.#networks.values();
  }

  /** The network, made if need be. Throws ConfigError when there is no room. */
  of(vni: number, policy: Policy): HostNetwork {
    const known = this.#networks.get(vni);
    if (known) return known;
    const { settings, options, plane } = this.#context;
    const isUp = (uplink: number) => plane.group !== undefined || !this.#downUplinks.has(uplink);
    const network = new HostNetwork(plane, { settings, options, isUp }, policy.network(vni));
    this.#networks.set(vni, network);
    return network;
  }

  /** Whether an uplink, by its place, is up, as its driver has said. */
  isUp(uplink: number): boolean {
    const { group, uplinks } = this.#context.plane;
    return group ? group.isUp(uplinks[uplink] as Port) : !this.#downUplinks.has(uplink);
  }

  /** An uplink is up or down: paths over it are used or not. */
  link(uplink: number, up: boolean): void {
    if (up) this.#downUplinks.delete(uplink);
    else this.#downUplinks.add(uplink);
    for (const network of this.#networks.values()) network.refreshPaths();
  }

  /** Routes that nobody uses go, now and from time to time: a host keeps what it talks to. */
  sweep(): void {
    const { plane, timers, now, settings } = this.#context;
    const inUse = plane.endpoints.routesInUse();
    for (const network of this.#networks.values()) network.sweepRoutes(inUse);
    timers.at(now() + settings.times.idleMs, () => this.sweep());
  }

  /** A host's record has changed, or it is dead, or alive again. */
  hostChanged(host: HostRecord, alive: boolean): void {
    for (const network of this.#networks.values()) {
      network.hostChanged(host, alive);
      if (network.policy.flood) this.askMembers(network);
    }
  }

  /** A partition of this host is in it from now on. */
  entered(network: HostNetwork): void {
    network.attached++;
    if (network.attached === 1) this.#watch(network);
    if (network.policy.flood) this.askMembers(network);
  }

  left(network: HostNetwork): void {
    network.attached--;
    if (network.attached === 0) this.#context.requests.ask("unwatch", { vni: network.vni }, () => undefined);
  }

  /** Asks who gets copies of the network's broadcasts. */
  askMembers(network: HostNetwork): void {
    this.#context.requests.ask("members", { vni: network.vni }, (answer) => {
      if ("value" in answer) network.setMembers(answer.value);
      else this.#later(() => this.askMembers(network));
    });
  }

  /** Somebody came, moved or went: his host of before may have nobody any more. Several changes are one question. */
  askMembersSoon(network: HostNetwork): void {
    if (!network.policy.flood || network.isAskingMembers) return;
    network.isAskingMembers = true;
    const { timers, now, settings } = this.#context;
    timers.at(now() + settings.times.refreshMs, () => {
      network.isAskingMembers = false;
      this.askMembers(network);
    });
  }

  #watch(network: HostNetwork): void {
    this.#context.requests.ask("watch", { vni: network.vni }, (answer) => {
      if ("failure" in answer && network.attached > 0) this.#later(() => this.#watch(network));
    });
  }

  #later(run: () => void): void {
    const { timers, now, settings } = this.#context;
    timers.at(now() + settings.times.missMs, run);
  }
}
