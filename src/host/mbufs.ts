/** The mbuf limits of a host's partitions: one owner for all vnics of a partition (src/limit). */
import { ConfigError } from "../errors.js";
import type { LimitEvent } from "../limit/event.js";
import type { Limits } from "../limit/limits.js";
import type { Attachment } from "./attachment.js";

export class PartitionMbufs {
  readonly #limits: Limits | undefined;
  /** Vnics that are charged, by partition. */
  readonly #vnics = new Map<string, number>();

  constructor(limits: Limits | undefined) {
    this.#limits = limits;
  }

  get nextMs(): number | undefined {
    return this.#limits?.nextTickMs;
  }

  /** Charges a partition's vnic from now on, if it asks for it; all of its vnics by what the first says. Throws ConfigError. */
  join({ partition, vnic, options }: Attachment, nowMs: number): void {
    if (!options.mbufs) return;
    if (!this.#limits) throw new ConfigError("mbufs", options.mbufs, "absent on a host without limits");
    this.#limits.at(nowMs);
    const count = this.#vnics.get(partition) ?? 0;
    if (count > 0) this.#limits.addPort(partition, vnic);
    else this.#limits.addPartition(partition, [vnic], options.mbufs.policy, options.mbufs.peers);
    this.#vnics.set(partition, count + 1);
  }

  /** What the partition holds stays its own until it is back. */
  leave({ partition, vnic, options }: Attachment): void {
    if (!options.mbufs || !this.#limits) return;
    const left = (this.#vnics.get(partition) ?? 0) - 1;
    if (left > 0) {
      this.#vnics.set(partition, left);
      this.#limits.removePort(vnic);
    } else {
      this.#vnics.delete(partition);
      this.#limits.removePartition(partition);
    }
  }

  tick(nowMs: number): LimitEvent[] {
    return this.#limits?.tick(nowMs) ?? [];
  }
}
