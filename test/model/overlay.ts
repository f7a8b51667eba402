/**
 * Who must get a frame that a guest sends, the slow way: no tables, no classes, no compiled policy, every list searched from its start.
 * Written from the rules of the overlay; policy.ts has those of a policy alone.
 *
 * Every host judges for itself: the sender's when a frame is sent, and the receiver's, if that is another, when it comes; so flows
 * and fragments are known where a frame of theirs was judged. Endpoints without a host share one. Not here: bounds of tables, VLAN
 * tags, sizes, tunnels inside tunnels.
 */
import * as layout from "../../assembly/layout.js";
import { macFrom } from "../helpers/bytes.js";
import { macAt } from "./lag-frame.js";
import { addressesOf, type Conversation, conversationOf, fragmentOf } from "./overlay-frame.js";
import { parse } from "./parse.js";
import { bitsOf, decide, type End, type ModelNetwork } from "./policy.js";

export interface ModelEndpoint {
  readonly name: string;
  /** The network's name. */
  readonly network: string;
  readonly mac: string;
  readonly ips: readonly string[];
  readonly partition: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly host?: string;
  /** A waypoint: what it sends may be from anybody. */
  readonly forwards?: boolean;
}

export interface ModelFabric {
  readonly networks: Readonly<Record<string, ModelNetwork>>;
  readonly endpoints: readonly ModelEndpoint[];
  /** A flow or fragment that was not seen for more ticks than these is forgotten. */
  readonly flowTicks: number;
  readonly fragmentTicks: number;
  /** Whether hosts answer ARP, neighbour solicitations and advertisements, which then reach nobody; else they are as other frames. */
  readonly answersNeighbours?: boolean;
}

export interface Outcome {
  readonly deliveries: readonly { readonly to: string; readonly bytes: Uint8Array }[];
  /** One of DROP_ when nobody gets the frame; OK otherwise, and when the sender's host takes it for itself. */
  readonly cause: number;
}

type Action = { readonly action: "allow" } | { readonly action: "via"; readonly via: string };
type Verdict = Action | { readonly action: "deny"; readonly cause: number };

interface Memory {
  readonly flows: Map<string, { verdict: Action; seen: number }>;
  readonly fragments: Map<string, { verdict: Action; seen: number }>;
}

export class OverlayModel {
  readonly #fabric: ModelFabric;
  readonly #endpoints: ModelEndpoint[];
  readonly #hosts = new Map<string, Memory>();

  constructor(fabric: ModelFabric) {
    this.#fabric = fabric;
    this.#endpoints = [...fabric.endpoints];
  }

  /** An endpoint is on another host from now on; what hosts remember stays where it is. */
  move(name: string, host: string): void {
    const at = this.#endpoints.findIndex((endpoint) => endpoint.name === name);
    this.#endpoints[at] = { ...(this.#endpoints[at] as ModelEndpoint), host };
  }

  /** An endpoint sends a frame; ticks never go back. */
  send(name: string, bytes: Uint8Array, tick: number): Outcome {
    const sender = this.#endpoints.find((endpoint) => endpoint.name === name) as ModelEndpoint;
    const cause = parse(bytes).cause || spoofing(sender, bytes);
    if (cause !== layout.OK) return nobody(cause);
    const frame = conversationOf(bytes);
    if (this.#fabric.answersNeighbours && isNeighbourTalk(bytes, frame)) return nobody(layout.OK);
    if (isToMany(bytes)) return this.#flood(sender, bytes, frame);
    const receiver = this.#inNetwork(sender).find(({ mac }) => mac === macAt(bytes, 0));
    if (!receiver) return nobody(layout.DROP_NO_ENDPOINT);
    // Policy does not apply to ARP.
    if (isArp(bytes)) return { deliveries: [{ to: receiver.name, bytes }], cause: layout.OK };
    const verdict = this.#judge(hostOf(sender), sender, receiver, bytes, frame, tick);
    if (verdict.action === "deny") return nobody(verdict.cause);
    if (verdict.action === "allow") return this.#arrive(sender, receiver, bytes, frame, tick);
    const waypoint = this.#waypoint(sender, verdict.via);
    if (!waypoint) return nobody(layout.DROP_NO_ENDPOINT);
    if (waypoint === sender) return this.#arrive(sender, receiver, bytes, frame, tick);
    const redirected = bytes.slice();
    redirected.set(macFrom(waypoint.mac));
    return this.#arrive(sender, waypoint, redirected, frame, tick);
  }

  /** The receiver's host asks again, unless the frame never left the sender's. */
  #arrive(
    sender: ModelEndpoint,
    receiver: ModelEndpoint,
    bytes: Uint8Array,
    frame: Conversation,
    tick: number,
  ): Outcome {
    if (hostOf(sender) !== hostOf(receiver)) {
      const verdict = this.#judge(hostOf(receiver), sender, receiver, bytes, frame, tick);
      if (verdict.action === "deny") return nobody(verdict.cause);
      if (verdict.action === "via") {
        const waypoint = this.#waypoint(sender, verdict.via);
        if (waypoint !== sender && waypoint !== receiver) return nobody(layout.DROP_POLICY_BYPASS);
      }
    }
    return { deliveries: [{ to: receiver.name, bytes }], cause: layout.OK };
  }

  /** To all others of the network, by the rules alone: what returns of a flow is never for many. */
  #flood(sender: ModelEndpoint, bytes: Uint8Array, frame: Conversation): Outcome {
    const network = this.#network(sender);
    if (!network.flood) return nobody(layout.DROP_NO_FLOOD);
    const others = this.#inNetwork(sender).filter((endpoint) => endpoint !== sender);
    const source = this.#end(sender, addressesOf(bytes)?.source);
    const { protocol, destinationPort } = frame;
    const allowed = others.filter((other) => {
      if (isArp(bytes)) return true;
      return decide(network, source, this.#end(other, undefined), protocol, destinationPort).action === "allow";
    });
    const deliveries = allowed.map(({ name }) => ({ to: name, bytes }));
    return { deliveries, cause: allowed.length > 0 ? layout.OK : layout.DROP_POLICY };
  }

  #judge(
    host: string,
    sender: ModelEndpoint,
    receiver: ModelEndpoint,
    bytes: Uint8Array,
    frame: Conversation,
    tick: number,
  ): Verdict {
    const memory = this.#memory(host);
    const { flowTicks, fragmentTicks } = this.#fabric;
    const fragment = fragmentOf(bytes);
    const key = `${sender.network} ${fragment?.key}`;
    if (fragment?.isLater) {
      const first = recall(memory.fragments, key, tick, fragmentTicks);
      return first ?? { action: "deny", cause: layout.DROP_FRAGMENT_ORPHAN };
    }
    const addresses = addressesOf(bytes);
    const source = this.#end(sender, addresses?.source);
    const destination = this.#end(receiver, addresses?.destination);
    const verdict = this.#byRules(memory, sender.network, source, destination, frame, tick, flowTicks);
    if (fragment && verdict.action === "deny") memory.fragments.delete(key);
    else if (fragment) memory.fragments.set(key, { verdict: verdict as Action, seen: tick });
    return verdict;
  }

  #byRules(
    { flows }: Memory,
    name: string,
    source: End,
    destination: End,
    frame: Conversation,
    tick: number,
    flowTicks: number,
  ): Verdict {
    const network = this.#fabric.networks[name] as ModelNetwork;
    const decision = decide(network, source, destination, frame.protocol, frame.destinationPort);
    const { flow, reverse } = frame;
    if (decision.action === "deny") {
      const returning = reverse === undefined ? undefined : recall(flows, `${name} ${reverse}`, tick, flowTicks);
      return returning ?? { action: "deny", cause: layout.DROP_POLICY };
    }
    const verdict: Action =
      decision.action === "via" ? { action: "via", via: decision.via as string } : { action: "allow" };
    if (decision.stateful && flow !== undefined) flows.set(`${name} ${flow}`, { verdict, seen: tick });
    return verdict;
  }

  /** What is known of an end with that address; undefined: not an IP frame, or one for many. */
  #end(endpoint: ModelEndpoint, ip: string | undefined): End {
    const { partition, labels } = endpoint;
    if (ip === undefined || hasIp(endpoint, ip)) return { partition, labels, ip };
    const owner = this.#inNetwork(endpoint).find((other) => hasIp(other, ip));
    return owner ? { partition: owner.partition, labels: owner.labels, ip } : { ip };
  }

  #waypoint(sender: ModelEndpoint, partition: string): ModelEndpoint | undefined {
    return this.#inNetwork(sender).find((endpoint) => endpoint.partition === partition);
  }

  #inNetwork({ network }: ModelEndpoint): ModelEndpoint[] {
    return this.#endpoints.filter((endpoint) => endpoint.network === network);
  }

  #network({ network }: ModelEndpoint): ModelNetwork {
    return this.#fabric.networks[network] as ModelNetwork;
  }

  #memory(host: string): Memory {
    const memory = this.#hosts.get(host) ?? { flows: new Map(), fragments: new Map() };
    this.#hosts.set(host, memory);
    return memory;
  }
}

/** What is remembered under a key and was seen lately enough; it has been seen now. */
function recall(entries: Memory["flows"], key: string, tick: number, most: number): Action | undefined {
  const entry = entries.get(key);
  if (!entry || tick - entry.seen > most) return undefined;
  entry.seen = tick;
  return entry.verdict;
}

/** A partition sends from its own addresses, unless it is a waypoint; DHCP and neighbour discovery begin without one. */
function spoofing(sender: ModelEndpoint, bytes: Uint8Array): number {
  if (macAt(bytes, 6) !== sender.mac) return layout.DROP_SPOOFED_MAC;
  const addresses = addressesOf(bytes);
  if (!addresses || sender.forwards || hasIp(sender, addresses.source)) return layout.OK;
  const { protocol, sourcePort, destinationPort, icmpType } = conversationOf(bytes);
  const isDhcp = protocol === 17 && sourcePort === 68 && destinationPort === 67;
  if (addresses.source === "0.0.0.0" && isDhcp) return layout.OK;
  // RFC 4861 section 4: the five messages of neighbour discovery.
  const isDiscovery = protocol === 58 && icmpType !== undefined && icmpType >= 133 && icmpType <= 137;
  if (/^[0:]+$/.test(addresses.source) && isDiscovery) return layout.OK;
  return layout.DROP_SPOOFED_IP;
}

function isNeighbourTalk(bytes: Uint8Array, { protocol, icmpType }: Conversation): boolean {
  return isArp(bytes) || (protocol === 58 && (icmpType === 135 || icmpType === 136));
}

function isArp(bytes: Uint8Array): boolean {
  return (parse(bytes).flags & layout.FLAG_ARP) !== 0;
}

function isToMany(bytes: Uint8Array): boolean {
  return ((bytes[0] as number) & 1) === 1;
}

function hasIp({ ips }: ModelEndpoint, ip: string): boolean {
  return ips.some((own) => bitsOf(own) === bitsOf(ip));
}

function hostOf({ host }: ModelEndpoint): string {
  return host ?? "";
}

function nobody(cause: number): Outcome {
  return { deliveries: [], cause };
}
