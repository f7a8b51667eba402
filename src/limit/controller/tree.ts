/**
 * What is set aside for whom: owners under partitions under the wall, kept by reservation. For an owner that is the greater of its limit
 * and what it has in use; a partition's sum stays under its ceiling, the sum of all under the wall. Since nobody's use can grow past its
 * limit, mbufs in use never pass the wall, and no frame has to be checked against more than its owner's limit.
 *
 * Shares: everybody is sure of his floor. What the floors leave is shared by weight among partitions with an active owner, and a
 * partition's part of it among its active owners. One that is idle costs the others its floor, and nothing more.
 *
 * Every sum is kept as it changes; nothing here walks over all owners.
 */
import { Heap } from "./heap.js";
import type { Owner, Partition, Waiting } from "./owner.js";

export class Tree {
  readonly wall: number;
  #committed = 0;
  #floors = 0;
  #activeWeight = 0;
  #waitingForWall = 0;
  /** Partitions with more than their floors, those with the most for their weight first. */
  readonly over = new Heap<Partition>();
  /** Owners that have more in use than they may: theirs shrinks as mbufs come back. */
  readonly shrinking = new Set<Owner>();

  constructor(wall: number) {
    this.wall = wall;
  }

  get committed(): number {
    return this.#committed;
  }

  /** The sum of all floors. */
  get floors(): number {
    return this.#floors;
  }

  get wallRoom(): number {
    return this.wall - this.#committed;
  }

  ceilingRoom(partition: Partition): number {
    return partition.policy.ceiling - partition.committed;
  }

  /** Mbufs that can be set aside for a partition's owners now. */
  room(partition: Partition): number {
    return Math.max(0, Math.min(this.wallRoom, this.ceilingRoom(partition)));
  }

  /** Somebody who has less than his share waits for what this partition's owners would take. */
  isAwaited(partition: Partition): boolean {
    return partition.waiting > 0 || this.#waitingForWall > 0;
  }

  /** Makes an owner's floor its own: a new one has it before it has a limit. Negative: an owner that is not to be after all. */
  reserve(partition: Partition, floor: number): void {
    partition.floors += floor;
    this.#floors += floor;
    this.#order(partition);
  }

  /** The owner may have nothing from now on; what it has in use is its own until it comes back. */
  drain(owner: Owner, inUse: number): void {
    this.wait(owner, "not");
    this.reserve(owner.partition, -owner.floor);
    // Before it loses its floor, or having had that would look like having had more.
    this.set(owner, 0, inUse);
    owner.draining = true;
  }

  /** Sets an owner's limit, and what is in use. */
  set(owner: Owner, limit: number, inUse: number): void {
    this.#change(owner, () => {
      owner.partition.limits += limit - owner.limit;
      owner.limit = limit;
    });
    this.#commit(owner, Math.max(limit, inUse));
    const { partition } = owner;
    const aboveFloor = limit - owner.floor;
    if (aboveFloor > 0) partition.over.put(owner, aboveFloor / owner.policy.weight);
    else partition.over.remove(owner);
    this.#order(partition);
  }

  /** An owner waits, or does not any more. */
  wait(owner: Owner, waiting: Waiting): void {
    if (waiting === owner.waiting) return;
    this.#waitingForWall += Number(waiting === "wall") - Number(owner.waiting === "wall");
    owner.partition.waiting += Number(waiting !== "not") - Number(owner.waiting !== "not");
    this.#change(owner, () => {
      owner.waiting = waiting;
    });
  }

  /** Sees what has come back from owners that had more in use than they may. */
  refresh(inUse: (owner: Owner) => number): void {
    for (const owner of this.shrinking) this.#commit(owner, Math.max(owner.limit, inUse(owner)));
  }

  /** A partition's share of the wall. */
  shareOf(partition: Partition): number {
    const spare = this.wall - this.#floors;
    const level = this.#activeWeight > 0 ? spare / this.#activeWeight : 0;
    return Math.floor(Math.min(partition.policy.ceiling, partition.floors + level * partition.policy.weight));
  }

  /** An owner's share of so many mbufs that its partition has. */
  ownerShare(owner: Owner, ofMbufs: number): number {
    const { activeWeight, floors } = owner.partition;
    const spare = Math.max(0, ofMbufs - floors);
    const part = activeWeight > 0 ? Math.floor((spare * owner.policy.weight) / activeWeight) : 0;
    return Math.min(owner.policy.ceiling, owner.floor + part);
  }

  #commit(owner: Owner, committed: number): void {
    const more = committed - owner.committed;
    owner.committed = committed;
    owner.partition.committed += more;
    this.#committed += more;
    if (committed > owner.limit) this.shrinking.add(owner);
    else this.shrinking.delete(owner);
  }

  #order(partition: Partition): void {
    const aboveFloors = partition.limits - partition.floors;
    if (aboveFloors > 0) this.over.put(partition, aboveFloors / partition.policy.weight);
    else this.over.remove(partition);
  }

  /** Makes a change after which an owner, and so its partition, may be active or not any more. */
  #change(owner: Owner, change: () => void): void {
    const { partition } = owner;
    const [wasActive, wasPartitionActive] = [owner.isActive, partition.active > 0];
    change();
    const turned = Number(owner.isActive) - Number(wasActive);
    partition.active += turned;
    partition.activeWeight += turned * owner.policy.weight;
    const turnedPartition = Number(partition.active > 0) - Number(wasPartitionActive);
    this.#activeWeight += turnedPartition * partition.policy.weight;
  }
}
