/**
 * A selective LAG, the slow way: for one frame at a time, where it goes or why it is dropped, and what is counted. Written from the
 * descriptions of LagGroupOptions and PartitionOptions, IEEE 802.1Q (tags, reserved addresses, bridges that learn) and 802.1AX.
 *
 * Ports, vnics and the port to the network are names. Queues are endless here, every frame lies in one buffer, and no bucket moves:
 * `owners` says by bucket which port is its own, `live` which ports of the set carry traffic.
 */
import * as layout from "../../assembly/layout.js";
import { receive } from "./decapsulation.js";
import { encapsulate, type Outer } from "./encapsulation.js";
import { isFlood, isReserved, isSlowProtocol, macAt, soundness, vlanOf } from "./lag-frame.js";

export interface ModelPartition {
  readonly name: string;
  readonly vnic?: string | undefined;
  readonly macs: readonly string[];
  /** 0 for none. */
  readonly vlan: number;
  readonly tunnel?: Outer | undefined;
  /** Ports by number. */
  readonly set: readonly number[];
  readonly live: readonly number[];
  readonly owners: readonly (number | undefined)[];
  readonly floods: "selected" | "any";
  readonly outside: "drop" | "accept";
  readonly learn: number;
}

export interface ModelGroup {
  readonly role: "host" | "switch";
  readonly ports: readonly string[];
  readonly network?: string | undefined;
  readonly turn: boolean;
  /** What comes through these is taken out of them, whoever it is for. */
  readonly tunnels: readonly Outer[];
  readonly partitions: readonly ModelPartition[];
  hash(frame: Uint8Array): number;
}

export interface ModelFrame {
  readonly data: Uint8Array;
  /** Bytes that it had on the wire. */
  readonly wire: number;
}

export interface Delivery {
  readonly to: string;
  readonly bytes: Uint8Array;
}

export class LagModel {
  readonly #group: ModelGroup;
  readonly #stations = new Map<string, { owner: ModelPartition; learned: boolean }>();
  readonly #turns = new Map<ModelPartition, number>();
  readonly #counts = new Map<ModelPartition, ReturnType<typeof noCounts>>();
  /** Drops by the name of the port where they are counted, and by cause. */
  readonly drops = new Map<string, Map<number, number>>();
  /** What waits for the control plane. */
  control = 0;

  constructor(group: ModelGroup) {
    this.#group = group;
    for (const owner of group.partitions) {
      for (const mac of owner.macs) this.#stations.set(`${netOf(owner)} ${mac}`, { owner, learned: false });
      this.#counts.set(owner, noCounts(group.ports.length));
    }
  }

  counts(name: string) {
    return this.#of(this.#group.partitions.find((partition) => partition.name === name) as ModelPartition);
  }

  /** A host's partition sends. */
  sendFromVnic(vnic: string, frame: ModelFrame): Delivery[] {
    const cause = soundness(frame);
    const partition = this.#group.partitions.find((candidate) => candidate.vnic === vnic);
    if (!partition) return this.#drop(vnic, layout.DROP_UNKNOWN_PARTITION);
    if (cause !== layout.OK) return this.#drop(vnic, cause);
    if (isReserved(frame.data)) return this.#drop(vnic, layout.DROP_RESERVED_ADDRESS);
    this.#learn(partition, frame.data);
    // The peer's end expects a broadcast where the live ports say; through a tunnel it is one station's frame.
    if (!isFlood(frame.data) || partition.tunnel) return this.#leave(partition, frame, vnic);
    const port = this.#floodPort(partition, frame.data);
    if (port === undefined) return this.#drop(vnic, layout.DROP_NO_LIVE_PORT);
    this.#countSent(partition, port, frame);
    return [{ to: this.#group.ports[port] as string, bytes: frame.data }];
  }

  /** A switch has a frame from the network. */
  sendFromNetwork(frame: ModelFrame): Delivery[] {
    const network = this.#group.network as string;
    const cause = soundness(frame);
    if (cause !== layout.OK) return this.#drop(network, cause);
    if (isReserved(frame.data)) return this.#drop(network, layout.DROP_RESERVED_ADDRESS);
    if (isFlood(frame.data)) return this.#floodToPorts(undefined, frame, network, false);
    const station = this.#station(`vlan ${vlanOf(frame.data)}`, macAt(frame.data, 0));
    return station ? this.#leave(station.owner, frame, network) : this.#drop(network, layout.DROP_UNKNOWN_PARTITION);
  }

  /** A frame arrives on the i-th port. */
  receive(i: number, frame: ModelFrame): Delivery[] {
    const port = this.#group.ports[i] as string;
    const cause = soundness(frame);
    if (cause !== layout.OK) return this.#drop(port, cause);
    if (isReserved(frame.data)) {
      if (!isSlowProtocol(frame.data)) return this.#drop(port, layout.DROP_RESERVED_ADDRESS);
      if (this.control === 64) return this.#drop(port, layout.DROP_CONTROL_BACKLOG);
      this.control++;
      return [];
    }
    return this.#group.role === "host" ? this.#toPartitions(i, frame) : this.#fromPartitions(i, frame);
  }

  #toPartitions(i: number, outer: ModelFrame): Delivery[] {
    const port = this.#group.ports[i] as string;
    const opened = this.#open(outer);
    if (typeof opened === "number") return this.#drop(port, opened);
    const { frame, net, nobodys } = opened;
    const own = this.#station(net, macAt(frame.data, 6))?.owner;
    if (!isFlood(frame.data)) {
      const owner = this.#station(net, macAt(frame.data, 0))?.owner;
      if (!owner) return this.#drop(port, nobodys);
      if (!this.#mayCome(owner, i)) return this.#drop(port, layout.DROP_OUTSIDE_PORT_SET);
      return this.#deliver(owner, i, frame);
    }
    const causes = [layout.DROP_UNKNOWN_PARTITION];
    const copies: Delivery[] = [];
    for (const partition of this.#inNet(net)) {
      const comesOnce = partition.tunnel !== undefined || partition.floods === "any";
      const isChosen = comesOnce || this.#floodPort(partition, frame.data) === i;
      if (partition === own || !isChosen) causes.push(layout.DROP_FLOOD_ELSEWHERE);
      else if (!this.#mayCome(partition, i)) causes.push(layout.DROP_OUTSIDE_PORT_SET);
      else {
        copies.push(...this.#deliver(partition, i, frame));
        this.#of(partition).flooded++;
      }
    }
    return copies.length > 0 ? copies : this.#drop(port, Math.max(...causes));
  }

  /** The frame itself, or what is in it when it came through a tunnel of the group's; a number is why it is dropped. */
  #open(frame: ModelFrame): { frame: ModelFrame; net: string; nobodys: number } | number {
    const plain = { frame, net: `vlan ${vlanOf(frame.data)}`, nobodys: layout.DROP_UNKNOWN_PARTITION };
    const { tunnels } = this.#group;
    if (tunnels.length === 0) return plain;
    const { cause: refusal, tunnel, bytes, wire } = receive(frame.data, tunnels, { wire: frame.wire });
    if (refusal === layout.DROP_NOT_ENCAPSULATED) return plain;
    if (!tunnel) return { ...plain, nobodys: refusal };
    const inside = { data: bytes, wire };
    const cause = refusal === layout.OK ? soundness(inside) : refusal;
    if (cause !== layout.OK) return cause;
    return { frame: inside, net: tunnelNet(tunnel), nobodys: layout.DROP_UNKNOWN_PARTITION };
  }

  #fromPartitions(i: number, frame: ModelFrame): Delivery[] {
    const { network, ports } = this.#group;
    const port = ports[i] as string;
    const net = `vlan ${vlanOf(frame.data)}`;
    const sender = this.#senderOf(net, macAt(frame.data, 6), i);
    if (!sender) return this.#drop(port, layout.DROP_UNKNOWN_PARTITION);
    if (!this.#mayCome(sender, i)) return this.#drop(port, layout.DROP_OUTSIDE_PORT_SET);
    this.#learn(sender, frame.data);
    if (isFlood(frame.data)) {
      this.#countReceived(sender, i, frame);
      const outwards = network ? [{ to: network, bytes: frame.data }] : [];
      return [...outwards, ...this.#floodToPorts(sender, frame, port, network !== undefined)];
    }
    const to = this.#station(net, macAt(frame.data, 0))?.owner;
    if (!to && !network) return this.#drop(port, layout.DROP_UNKNOWN_PARTITION);
    const sent = to ? this.#leave(to, frame, port) : [{ to: network as string, bytes: frame.data }];
    if (sent.length > 0) this.#countReceived(sender, i, frame);
    return sent;
  }

  /** Who has sent it: by the address, or since nobody else can have. */
  #senderOf(net: string, mac: string, i: number): ModelPartition | undefined {
    const known = this.#station(net, mac);
    if (known && (!known.learned || known.owner.set.includes(i))) return known.owner;
    const [only, ...others] = this.#inNet(net).filter(({ set, learn }) => learn > 0 && set.includes(i));
    return others.length === 0 && only ? only : known?.owner;
  }

  #floodToPorts(sender: ModelPartition | undefined, frame: ModelFrame, from: string, isTaken: boolean): Delivery[] {
    const others = this.#inNet(`vlan ${vlanOf(frame.data)}`).filter((partition) => partition !== sender);
    const chosen = new Set<number>();
    for (const partition of others) {
      const port = this.#floodPort(partition, frame.data);
      if (port === undefined) continue;
      chosen.add(port);
      this.#countSent(partition, port, frame);
      this.#of(partition).flooded++;
    }
    if (chosen.size === 0 && !isTaken) {
      this.#drop(from, others.length > 0 ? layout.DROP_NO_LIVE_PORT : layout.DROP_UNKNOWN_PARTITION);
    }
    return [...chosen].map((port) => ({ to: this.#group.ports[port] as string, bytes: frame.data }));
  }

  /** One of the live ports, in the order of their numbers. */
  #floodPort({ live }: ModelPartition, frame: Uint8Array): number | undefined {
    return [...live].sort((a, b) => a - b)[this.#group.hash(frame) % Math.max(1, live.length)];
  }

  #leave(partition: ModelPartition, frame: ModelFrame, from: string): Delivery[] {
    const turn = this.#turns.get(partition) ?? 0;
    if (this.#group.turn) this.#turns.set(partition, turn + 1);
    const choice = this.#group.turn ? turn : this.#group.hash(frame.data);
    const port = partition.owners[choice % partition.owners.length];
    if (port === undefined) return this.#drop(from, layout.DROP_NO_LIVE_PORT);
    const { cause, bytes } = partition.tunnel
      ? encapsulate(frame.data, partition.tunnel, frame.wire)
      : { cause: layout.OK, bytes: frame.data };
    if (cause !== layout.OK) return this.#drop(from, cause);
    this.#countSent(partition, port, frame);
    return [{ to: this.#group.ports[port] as string, bytes }];
  }

  #deliver(partition: ModelPartition, i: number, frame: ModelFrame): Delivery[] {
    this.#countReceived(partition, i, frame);
    return [{ to: partition.vnic as string, bytes: frame.data }];
  }

  #mayCome(partition: ModelPartition, i: number): boolean {
    if (partition.set.includes(i) || partition.outside === "accept") return true;
    this.#of(partition).outsideDropped++;
    return false;
  }

  /** A source becomes the partition's own, unless it is configured for another, or there are too many. */
  #learn(partition: ModelPartition, frame: Uint8Array): void {
    if (partition.learn === 0 || isFlood(frame.subarray(6))) return;
    if (!partition.tunnel && vlanOf(frame) !== partition.vlan) return;
    const key = `${netOf(partition)} ${macAt(frame, 6)}`;
    const known = this.#stations.get(key);
    if (known?.owner === partition) return;
    const learned = [...this.#stations.values()].filter((station) => station.learned && station.owner === partition);
    const isRefused = (known !== undefined && !known.learned) || learned.length >= partition.learn;
    if (isRefused) this.#of(partition).learnRefused++;
    else this.#stations.set(key, { owner: partition, learned: true });
  }

  #station(net: string, mac: string) {
    return this.#stations.get(`${net} ${mac}`);
  }

  #inNet(net: string): ModelPartition[] {
    return this.#group.partitions.filter((partition) => netOf(partition) === net);
  }

  #of(partition: ModelPartition) {
    return this.#counts.get(partition) as ReturnType<typeof noCounts>;
  }

  #countSent(partition: ModelPartition, port: number, { data }: ModelFrame): void {
    const counts = this.#of(partition);
    counts.sentFrames++;
    counts.sentBytes += data.length;
    counts.sentByPort[port] = (counts.sentByPort[port] as number) + 1;
  }

  #countReceived(partition: ModelPartition, i: number, { data }: ModelFrame): void {
    const counts = this.#of(partition);
    counts.receivedFrames++;
    counts.receivedBytes += data.length;
    counts.receivedByPort[i] = (counts.receivedByPort[i] as number) + 1;
    if (!partition.set.includes(i)) counts.outsideAccepted++;
  }

  #drop(at: string, cause: number): [] {
    const causes = this.drops.get(at) ?? new Map<number, number>();
    this.drops.set(at, causes.set(cause, (causes.get(cause) ?? 0) + 1));
    return [];
  }
}

function noCounts(ports: number) {
  const zeroes = () => new Array<number>(ports).fill(0);
  return {
    ...{ sentFrames: 0, sentBytes: 0, receivedFrames: 0, receivedBytes: 0 },
    ...{ sentByPort: zeroes(), receivedByPort: zeroes() },
    ...{ outsideAccepted: 0, outsideDropped: 0, held: 0, flooded: 0, learnRefused: 0 },
  };
}

function netOf({ tunnel, vlan }: ModelPartition): string {
  return tunnel ? tunnelNet(tunnel) : `vlan ${vlan}`;
}

function tunnelNet({ vni, local, remote }: Outer): string {
  return `tunnel ${vni} ${local} ${remote}`;
}
