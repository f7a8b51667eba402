/** What a host knows of endpoints on other hosts: asked when the data plane meets somebody unknown, and corrected when the directory speaks. */
import type { EndpointRecord, Resolution } from "../directory/records.js";
import { ipText, parseIp, parseMac } from "../overlay/address.js";
import type { EndpointKey } from "../overlay/plane/endpoints.js";
import type { HostContext } from "./context.js";
import type { HostNetwork } from "./network.js";
import type { Networks } from "./networks.js";
import type { RequestAnswer } from "./requests.js";
import type { Whereabouts } from "./stale.js";
import { Warming } from "./warming.js";

/** A waypoint says so among its labels, so that every host knows that it sends on what others have sent. */
export const FORWARDS_LABEL = "ringlane/forwards";
/** Labels that hosts themselves give an endpoint begin with it. */
export const OWN_LABELS = "ringlane/";

export class Knowledge {
  readonly #context: HostContext;
  readonly #networks: Networks;
  readonly #warming: Warming;
  readonly #resolved: (resolution: Resolution) => void;

  /** resolved hears the directory's word about a partition that is here. */
  constructor(context: HostContext, networks: Networks, resolved: (resolution: Resolution) => void) {
    this.#context = context;
    this.#networks = networks;
    this.#warming = new Warming(context.plane.endpoints, (ptr, done) => this.ask(ptr, done));
    this.#resolved = resolved;
  }

  /** The record of an endpoint, or 0. */
  find(network: HostNetwork, mac: string): number {
    return this.#context.plane.endpoints.find(keyOf(network, mac));
  }

  /** Writes where an endpoint is, if this host talks to it and knew nothing newer, and sends on what waited for it. */
  install(network: HostNetwork, resolution: Resolution): void {
    const { endpoint } = resolution;
    const { endpoints } = this.#context.plane;
    const waypoint = network.policy.waypoints.indexOf(endpoint.partition);
    const key = keyOf(network, endpoint.mac);
    const ptr = waypoint < 0 ? endpoints.find(key) : endpoints.make(key);
    if (ptr !== 0 && endpoints.generation(ptr) <= endpoint.generation) this.write(network, ptr, resolution);
    for (const ip of endpoint.ips) {
      const address = endpoints.find({ network: network.plane.ptr, ip: parseIp("ip", ip) });
      if (address !== 0 && endpoints.state(address) !== "local") this.#writeAddress(network, address, ip, endpoint);
    }
  }

  /** Writes where an endpoint is; frames that still come for one that was here are sent on, so many at most. */
  write(network: HostNetwork, ptr: number, resolution: Resolution, sendOn = 0): void {
    const { plane } = this.#context;
    const { endpoint } = resolution;
    const waypoint = network.policy.waypoints.indexOf(endpoint.partition);
    const forwards = endpoint.labels[FORWARDS_LABEL] === "true";
    const fields = { ...network.remoteFields(resolution), forwards, pinned: waypoint >= 0 };
    // Who has gone on from where this host sends what still comes: what may be sent on is no less by it.
    plane.endpoints.write(ptr, { ...fields, sendOn: Math.max(sendOn, plane.endpoints.sendOn(ptr)) });
    if (waypoint >= 0) plane.networks.setWaypoint(network.plane, waypoint, ptr);
    plane.release(ptr);
  }

  /** The directory knows nobody of that address; of an IP address, that it is nobody's, and so of the class of its prefixes. */
  writeAbsent(network: HostNetwork, ptr: number): void {
    const { plane, settings, ticks } = this.#context;
    const { endpoints } = plane;
    if (endpoints.isAddress(ptr)) {
      this.#writeAddress(network, ptr, ipText(endpoints.ip(ptr)));
      return;
    }
    const deadline = plane.tick + ticks(settings.times.absentMs);
    endpoints.write(ptr, { state: "absent", class4: 0, class6: 0, class: 0, deadline });
    plane.release(ptr);
  }

  /** An endpoint was withdrawn from the directory. */
  forget(network: HostNetwork, mac: string, generation: number): void {
    const { endpoints } = this.#context.plane;
    const ptr = this.find(network, mac);
    if (ptr !== 0 && endpoints.state(ptr) === "remote" && endpoints.generation(ptr) <= generation) {
      this.writeAbsent(network, ptr);
    }
  }

  /** What is known of somebody for whom a frame came: his number, generation, and the address of the host where he is. */
  whereabouts(vni: number, mac: string, isIpv6: boolean): Whereabouts | undefined {
    const network = this.#networks.get(vni);
    const ptr = network ? this.find(network, mac) : 0;
    if (ptr === 0) return undefined;
    const { endpoints } = this.#context.plane;
    const hint = endpoints.state(ptr) === "remote" ? endpoints.hostOf(ptr, isIpv6) : undefined;
    return { gqpn: endpoints.gqpn(ptr), generation: endpoints.generation(ptr), hint };
  }

  /** Asks the directory about endpoints that are not known yet, so many at a time, so that no frame to them will have to wait. */
  warm(network: HostNetwork, macs: Iterable<string>): void {
    this.#warming.add(network, macs);
  }

  /** Asks the directory about the record that the data plane wants to know of; done is called when it has answered, or could not. */
  ask(ptr: number, done?: () => void): void {
    const { endpoints } = this.#context.plane;
    const network = endpoints.state(ptr) === "free" ? undefined : this.#networks.at(endpoints.network(ptr));
    if (!network) {
      done?.();
      return;
    }
    const { vni } = network;
    const key: EndpointKey = endpoints.isAddress(ptr)
      ? { network: network.plane.ptr, ip: endpoints.ip(ptr) }
      : keyOf(network, endpoints.mac(ptr));
    const query = "ip" in key ? { vni, ip: ipText(key.ip) } : { vni, mac: endpoints.mac(ptr) };
    this.#context.requests.ask("resolve", { query }, (answer) => {
      try {
        this.#answered(network, key, answer);
      } finally {
        // Though what was learned found no room.
        done?.();
      }
    });
  }

  /** True when the directory has agreed that somebody is here, and this host is about to hear it. */
  isComing(ptr: number, resolution: Resolution | undefined): boolean {
    return resolution?.host.name === this.#context.name && this.#context.plane.endpoints.isClaimed(ptr);
  }

  /** Partitions that the network's rules send traffic through, wherever they are. */
  findWaypoints(network: HostNetwork): void {
    const { requests, timers, now, settings, name } = this.#context;
    for (const partition of network.policy.waypoints) {
      requests.ask("resolve", { query: { vni: network.vni, partition } }, (answer) => {
        if (!("value" in answer)) timers.at(now() + settings.times.missMs, () => this.findWaypoints(network));
        else if (answer.value && answer.value.host.name !== name) this.install(network, answer.value);
      });
    }
  }

  /** The network's rules are others: all that is known is asked anew, since classes may be others, too. */
  doubtAll(network: HostNetwork): void {
    const { endpoints } = this.#context.plane;
    for (const ptr of endpoints.all()) {
      if (endpoints.network(ptr) !== network.plane.ptr) continue;
      if (endpoints.state(ptr) === "local" || endpoints.state(ptr) === "pending") continue;
      this.doubt(ptr);
      this.ask(ptr);
    }
  }

  /** Frames for it wait until it is known again. */
  doubt(ptr: number): void {
    const { plane, ticks, settings } = this.#context;
    plane.endpoints.doubt(ptr, plane.tick + ticks(settings.times.missMs));
  }

  #answered(network: HostNetwork, key: EndpointKey, answer: RequestAnswer<"resolve">): void {
    const { plane } = this.#context;
    // By its key, since the record may be another's by now.
    const ptr = plane.endpoints.find(key);
    if (ptr === 0) return;
    plane.endpoints.answered(ptr);
    if ("value" in answer) this.#learn(network, ptr, answer.value);
    // Of one that is here it was asked because of somebody who sends in its name: what is known counts.
    else if (plane.endpoints.state(ptr) === "local") plane.release(ptr);
    else this.#askAgain(key);
  }

  #learn(network: HostNetwork, ptr: number, resolution: Resolution | undefined): void {
    const { plane, name } = this.#context;
    const { endpoints } = plane;
    const isOld = resolution !== undefined && resolution.endpoint.generation < endpoints.generation(ptr);
    if (resolution && endpoints.state(ptr) === "local" && !endpoints.isAddress(ptr)) this.#resolved(resolution);
    // It has come here meanwhile: what is known of it is its own. Or a change that is newer than the answer has come before it.
    if (endpoints.state(ptr) === "local" || (isOld && !endpoints.isAddress(ptr))) plane.release(ptr);
    else if (endpoints.isAddress(ptr)) {
      if (resolution) this.#writeAddress(network, ptr, ipText(endpoints.ip(ptr)), resolution.endpoint);
      else this.writeAbsent(network, ptr);
    } else if (resolution && resolution.host.name !== name) this.install(network, resolution);
    else if (!this.isComing(ptr, resolution)) this.writeAbsent(network, ptr);
  }

  #askAgain(key: EndpointKey): void {
    const { timers, now, settings, plane } = this.#context;
    timers.at(now() + settings.times.refreshMs, () => {
      const again = plane.endpoints.find(key);
      if (again !== 0) plane.endpoints.askAgain(again);
    });
  }

  #writeAddress(network: HostNetwork, ptr: number, ip: string, subject?: EndpointRecord): void {
    const found = network.classOf(ip, subject);
    this.#context.plane.endpoints.write(ptr, { state: "remote", class4: found, class6: found, class: found });
    this.#context.plane.release(ptr);
  }
}

/** The key of an endpoint's record. */
export function keyOf(network: HostNetwork, mac: string): EndpointKey {
  return { network: network.plane.ptr, mac: parseMac("mac", mac) };
}
