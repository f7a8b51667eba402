/** Who is there: partitions by name, peers by name in theirs, and owners by their number in the ledger. */
import { ConfigError } from "../../errors.js";
import type { Owner, Partition } from "./owner.js";

export class Roster {
  readonly #partitions = new Map<string, Partition>();
  readonly #owners = new Map<number, Owner>();
  #turns = 0;

  get partitions(): readonly Partition[] {
    return [...this.#partitions.values()];
  }

  /** All owners, those that are draining, too, in the order in which they came. */
  get owners(): readonly Owner[] {
    return [...this.#owners.values()].sort((a, b) => a.turn - b.turn);
  }

  /** A number greater than all before. */
  nextTurn(): number {
    return this.#turns++;
  }

  checkNewPartition(name: string): void {
    if (this.#partitions.has(name)) throw new ConfigError("partition", name, "the name of no other partition");
  }

  checkNewPeer(partition: Partition, name: string): void {
    if (!partition.peers.has(name)) return;
    throw new ConfigError("peer", name, `the name of no other peer of ${partition.name}`);
  }

  has(partition: string): boolean {
    return this.#partitions.has(partition);
  }

  partition(name: string): Partition {
    const partition = this.#partitions.get(name);
    if (!partition) throw new ConfigError("partition", name, "the name of a partition");
    return partition;
  }

  /** A partition's own record, or a peer's. */
  owner(partitionName: string, peer: string | undefined): Owner {
    const partition = this.partition(partitionName);
    const owner = peer === undefined ? partition.own : partition.peers.get(peer);
    if (!owner) throw new ConfigError("peer", peer, `the name of a peer of ${partitionName}`);
    return owner;
  }

  byId(id: number): Owner | undefined {
    return this.#owners.get(id);
  }

  enter(owner: Owner): void {
    const { partition, peer } = owner;
    this.#owners.set(owner.id, owner);
    if (peer !== undefined) partition.peers.set(peer, owner);
    else {
      partition.own = owner;
      this.#partitions.set(partition.name, partition);
    }
  }

  /** Takes names away, a partition's with those of its peers; returns the owners that had them, who keep their numbers. */
  strike(partitionName: string, peer: string | undefined): Owner[] {
    const owner = this.owner(partitionName, peer);
    const { partition } = owner;
    if (peer !== undefined) {
      partition.peers.delete(peer);
      return [owner];
    }
    this.#partitions.delete(partitionName);
    return [owner, ...partition.peers.values()];
  }

  /** Forgets an owner whose name was struck. */
  forget(owner: Owner): void {
    this.#owners.delete(owner.id);
  }
}
