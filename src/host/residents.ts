/** The partitions of a host: from the moment when the directory agrees until they are gone. */
import type { Port } from "../buffer/port.js";
import type { EndpointRecord, HostRecord, Resolution } from "../directory/records.js";
import { ConfigError } from "../errors.js";
import type { Partition } from "../lag/partition.js";
import { ipText, parseIp, parseMac } from "../overlay/address.js";
import type { Policy } from "../overlay/policy/policy.js";
import { Attachment } from "./attachment.js";
import type { HostContext } from "./context.js";
import { type Knowledge, keyOf } from "./knowledge.js";
import type { PartitionMbufs } from "./mbufs.js";
import type { HostNetwork } from "./network.js";
import type { Networks } from "./networks.js";
import type { AttachOptions } from "./options.js";

export class Residents {
  readonly #context: HostContext;
  readonly #networks: Networks;
  readonly #knowledge: Knowledge;
  readonly #mbufs: PartitionMbufs;
  /** By network and MAC address. */
  readonly #attachments = new Map<string, Attachment>();
  readonly #byPort = new Map<number, Attachment>();

  constructor(context: HostContext, networks: Networks, knowledge: Knowledge, mbufs: PartitionMbufs) {
    this.#context = context;
    this.#networks = networks;
    this.#knowledge = knowledge;
    this.#mbufs = mbufs;
  }

  all(): Attachment[] {
    return [...this.#attachments.values()];
  }

  find(vni: number, mac: string): Attachment | undefined {
    return this.#attachments.get(`${vni} ${mac}`);
  }

  /** The partition whose port has that index. */
  at(port: number): Attachment | undefined {
    return this.#byPort.get(port);
  }

  has(attachment: Attachment): boolean {
    return this.find(attachment.vni, attachment.mac) === attachment;
  }

  /** A partition that is yet to be claimed. Throws ConfigError for what cannot be. */
  add(options: AttachOptions, policy: Policy): Attachment {
    const { vni } = policy.network(options.network);
    const mac = checkStation(options.mac);
    const ips = options.ips.map((ip, i) => ipText(parseIp(`ips[${i}]`, ip)));
    if (this.find(vni, mac))
      throw new ConfigError("mac", options.mac, "one that no partition of this network has here");
    if (this.#byPort.has(options.vnic.index)) {
      throw new ConfigError("vnic", options.vnic.name, "a port that no partition has");
    }
    const isNew = this.#networks.get(vni) === undefined;
    const attachment = new Attachment(options, this.#networks.of(vni, policy), mac, ips);
    if (isNew) this.#knowledge.findWaypoints(attachment.network);
    attachment.lag = this.#joinGroup(attachment, this.#context.now());
    let joined = false;
    try {
      this.#mbufs.join(attachment, this.#context.now());
      joined = true;
      // Its senders may know that it is here before this host does.
      const { endpoints } = this.#context.plane;
      endpoints.setClaimed(endpoints.make(keyOf(attachment.network, mac)), true);
    } catch (error) {
      if (joined) this.#mbufs.leave(attachment);
      attachment.lag?.remove();
      throw error;
    }
    this.#attachments.set(`${vni} ${mac}`, attachment);
    this.#byPort.set(options.vnic.index, attachment);
    return attachment;
  }

  /** Its port is in the data plane, and its endpoint is not here yet. Throws ConfigError when there is no room. */
  place(attachment: Attachment): void {
    if (attachment.plane) return;
    const { network, vnic, mac, lag } = attachment;
    attachment.plane = this.#context.plane.attach(vnic, network.plane, parseMac("mac", mac), lag?.record.ptr);
    this.#networks.entered(network);
  }

  /** Its endpoint is here, by a record that the directory has or is to have; what flows is for whoever has it on the move to say. */
  expect(attachment: Attachment, record: EndpointRecord): void {
    const { plane, ticks, settings } = this.#context;
    attachment.record = record;
    attachment.sendOnEnds = plane.tick + ticks(settings.times.sendOnMs);
    this.#write(attachment);
  }

  /** Its guest has gone on to a host: guests here send there from now on, and what it sends from there is taken. */
  goOn(attachment: Attachment, host: HostRecord): void {
    attachment.goneTo = host;
    this.#runsOn(attachment, host);
  }

  /** It runs on another host by now, and is on the move: what it sends from there is taken. */
  follow(attachment: Attachment, { endpoint, host }: Resolution): void {
    if (!attachment.record || endpoint.generation <= attachment.record.generation) return;
    this.#runsOn(attachment, host);
  }

  /** The directory agrees, for the first time or again: the partition's frames flow. */
  goLive(attachment: Attachment, record: EndpointRecord): void {
    const { plane, ticks, settings, tell } = this.#context;
    const { partition } = attachment;
    attachment.record = record;
    attachment.goneTo = undefined;
    if (attachment.state !== "live") {
      this.place(attachment);
      attachment.sendOnEnds = plane.tick + ticks(settings.times.sendOnMs);
      attachment.enter("live");
      tell({ type: "attached", partition, gqpn: record.gqpn, generation: record.generation });
    }
    this.#write(attachment);
    attachment.parked?.release();
  }

  /** Somebody else has it by a higher generation: this host stops, and sends on what still comes. */
  lose(attachment: Attachment, resolution: Resolution): void {
    const { network, partition, plane } = attachment;
    this.remove(attachment, "moved");
    if (plane) this.#knowledge.write(network, plane.endpoint, resolution, this.#context.settings.sendOnMax);
    const { host, endpoint } = resolution;
    this.#context.tell({ type: "moved", partition, to: host.name, generation: endpoint.generation });
  }

  /** The partition is not here any more; its endpoint's record is the caller's to write. */
  remove(attachment: Attachment, state: "moved" | "detached" | "refused"): void {
    const { network, plane: vnic, mac, vni } = attachment;
    attachment.enter(state);
    this.#attachments.delete(`${vni} ${mac}`);
    this.#byPort.delete(attachment.vnic.index);
    attachment.parked?.drop();
    const { plane } = this.#context;
    if (vnic) {
      plane.detach(vnic);
      plane.endpoints.setClaimed(vnic.endpoint, false);
    }
    attachment.lag?.remove();
    this.#mbufs.leave(attachment);
    if (!vnic) {
      const claimed = this.#knowledge.find(network, mac);
      if (claimed === 0) return;
      plane.endpoints.setClaimed(claimed, false);
      plane.release(claimed);
      return;
    }
    for (const ip of addressesOf(attachment)) {
      const ptr = plane.endpoints.find({ network: network.plane.ptr, ip: parseIp("ip", ip) });
      if (ptr !== 0) plane.endpoints.remove(ptr);
    }
    this.#networks.left(network);
  }

  /** The partition is nowhere that this host knows of. */
  erase(attachment: Attachment, state: "detached" | "refused"): void {
    this.remove(attachment, state);
    if (attachment.plane) this.#context.plane.endpoints.remove(attachment.plane.endpoint);
  }

  /** Classes of the network's partitions are others: its rules are. */
  describe(network: HostNetwork): void {
    for (const attachment of this.#attachments.values()) if (attachment.network === network) this.#write(attachment);
  }

  /** Gives a frame to the guest at the port with that index. */
  give(port: number, frame: Uint8Array): void {
    const vnic = this.#byPort.get(port)?.vnic;
    if (vnic) postBytes(vnic, frame);
  }

  #runsOn(attachment: Attachment, host: HostRecord): void {
    const { plane, ticks, settings } = this.#context;
    attachment.lastHost = host.address;
    attachment.sendOnEnds = plane.tick + ticks(settings.times.sendOnMs);
    this.#write(attachment);
  }

  #write(attachment: Attachment): void {
    const { network, options, plane: vnic, record, ips, lastHost, sendOnEnds, goneTo } = attachment;
    if (!vnic || !record) return;
    const { plane } = this.#context;
    const waypoint = network.policy.waypoints.indexOf(record.partition);
    plane.endpoints.write(vnic.endpoint, {
      ...network.describe({ partition: record.partition, labels: record.labels, ips }),
      ...(lastHost !== undefined && { host: parseIp("address", lastHost), deadline: sendOnEnds }),
      ...{ state: "local", vnic: vnic.ptr, gqpn: record.gqpn, generation: record.generation },
      ...{ forwards: options.forwards ?? false, pinned: waypoint >= 0 },
      ...(goneTo && { route: network.routeTo(goneTo, true) }),
    });
    if (waypoint >= 0) plane.networks.setWaypoint(network.plane, waypoint, vnic.endpoint);
    for (const ip of addressesOf(attachment)) {
      const ptr = plane.endpoints.make({ network: network.plane.ptr, ip: parseIp("ip", ip) });
      const found = network.classOf(ip, ips.includes(ip) ? record : undefined);
      plane.endpoints.write(ptr, { state: "local", vnic: vnic.ptr, class4: found, class6: found, class: found });
      plane.release(ptr);
    }
    plane.release(vnic.endpoint);
  }

  /** In a group, a partition without a set of its own has the first ports as members. */
  #joinGroup({ options, vnic }: Attachment, nowMs: number): Partition | undefined {
    const { group } = this.#context.plane;
    if (!group) return undefined;
    const { members, backup, standalone, minLinks, preemptionDelayMs, preempt } = options;
    const set = { members, backup, standalone, minLinks, preemptionDelayMs, preempt };
    const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
    const usual =
      members === undefined && standalone === undefined ? { members: group.ports.slice(0, MEMBERS_MAX) } : {};
    return group.addPartition({ name: `${options.partition} ${vnic.name}`, vnic, ...usual, ...given }, nowMs);
  }
}

/** Members of an aggregate at most (src/lag/options.ts). */
const MEMBERS_MAX = 8;

/** Posts a frame to a port's outside; one that finds no room is lost. */
export function postBytes(port: Port, bytes: Uint8Array): void {
  const frame = port.reserve(bytes.length);
  if (!frame) return;
  frame.payload.set(bytes);
  if (!port.post(frame)) frame.release();
}

/** A partition's own addresses, the one that its MAC address makes among them. */
export function addressesOf({ ips, mac }: Attachment): Set<string> {
  return new Set([...ips, linkLocalOf(mac)]);
}

/** The IPv6 address that a station makes of its MAC address (RFC 4291 appendix A). */
function linkLocalOf(mac: string): string {
  const [a, b, c, d, e, f] = parseMac("mac", mac) as unknown as [number, number, number, number, number, number];
  return ipText(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f));
}

function checkStation(mac: string): string {
  const bytes = parseMac("mac", mac);
  if (((bytes[0] as number) & 1) !== 0 || bytes.every((byte) => byte === 0)) {
    throw new ConfigError("mac", mac, "one station's address");
  }
  return mac.toLowerCase();
}
