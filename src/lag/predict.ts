/** A group's predictions: its hash, and the buckets of the partition that is asked about, as they are now. */
import type { FrameOwner } from "../buffer/frame.js";
import type { Port } from "../buffer/port.js";
import { ConfigError } from "../errors.js";
import type { FlowHasher } from "../hash/hasher.js";
import { NO_PORT } from "./buckets.js";
import { type FlowChooser, type FlowPrediction, findFlow, predictFlow } from "./chooser.js";
import type { Flow } from "./flow.js";
import type { GroupRecord } from "./group-record.js";
import type { Partition } from "./partition.js";

/** Its member is the number of the port in the group; undefined when no port of the set is usable. */
export interface Prediction extends FlowPrediction {
  readonly port: Port | undefined;
}

export class Oracle {
  readonly #owner: FrameOwner;
  readonly #record: GroupRecord;
  readonly #hasher: FlowHasher;
  readonly #ports: readonly Port[];

  constructor(owner: FrameOwner, record: GroupRecord, hasher: FlowHasher, ports: readonly Port[]) {
    this.#owner = owner;
    this.#record = record;
    this.#hasher = hasher;
    this.#ports = ports;
  }

  /** Where a flow of the partition goes now. Throws ConfigError for what is no flow, and for ports taken in turn. */
  predict(partition: Partition, flow: Partial<Flow>): Prediction {
    return this.#withPort(predictFlow(this.#chooser(partition), fixed(partition, flow)));
  }

  /** A flow of the partition, with everything that is given, that goes to the port now. Throws as predict does. */
  flowFor(partition: Partition, port: Port, given: Partial<Flow>): Prediction | undefined {
    const found = findFlow(this.#chooser(partition), this.#ports.indexOf(port), fixed(partition, given));
    return found && this.#withPort(found);
  }

  #withPort(prediction: FlowPrediction): Prediction {
    const { member } = prediction;
    return { ...prediction, port: member === undefined ? undefined : this.#ports[member] };
  }

  #chooser({ record, selects }: Partition): FlowChooser {
    if (selects === "turn") throw new ConfigError("selection", selects, "one by which a flow has a port");
    return {
      inputs: this.#hasher.describe(),
      buckets: record.buckets,
      hashes: (frames) => this.#hashes(frames),
      ownerOf: (bucket) => {
        // A bucket that moves is already where it goes: frames that are held for it will leave there.
        const { owner, next } = record.place(bucket);
        const port = next ?? owner;
        return port === NO_PORT ? undefined : port;
      },
      nameOf: (member) => (this.#ports[member] as Port).name,
    };
  }

  #hashes(frames: readonly Uint8Array[]): number[] {
    const { kernels, pool, arena } = this.#owner;
    const { scratch, hashes } = this.#record;
    const arrivals = frames.map((data) => ({ data }));
    const found: number[] = [];
    while (found.length < frames.length) {
      const n = pool.fillBurst(arrivals, found.length, scratch);
      if (n === 0) throw new ConfigError("mbufs", pool.free, "at least one that is free, for a frame of the flow");
      kernels.parseBurst(scratch, n);
      kernels.hashBurst(this.#hasher.ptr, scratch, hashes, n);
      found.push(...arena.u32.subarray(hashes >> 2, (hashes >> 2) + n));
      kernels.freeBurst(pool.ptr, scratch, n);
    }
    return found;
  }
}

/** A partition's own address and VLAN stand in for what is not said of them: the address is where its frames come from, or go to. */
function fixed({ macs, vlan, vnic }: Partition, flow: Partial<Flow>): Partial<Flow> {
  const [mac] = macs;
  const own = mac === undefined ? {} : vnic ? { sourceMac: mac } : { destinationMac: mac };
  return { ...own, ...(vlan === 0 ? {} : { vlan }), ...flow };
}
