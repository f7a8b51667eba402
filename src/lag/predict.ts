/**
 * Where would this flow go, and why; and its inverse: a flow that goes to a given port. Frames of the flow are hashed by the data plane
 * itself, so that a prediction is what will happen, not what a second implementation thinks.
 */
import { BURST_MAX } from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import type { Port } from "../buffer/port.js";
import { ConfigError } from "../errors.js";
import type { FlowHasher } from "../hash/hasher.js";
import { NO_PORT } from "./buckets.js";
import { candidateFlow, type Flow, flowFrame } from "./flow.js";
import type { GroupRecord } from "./group-record.js";
import type { Partition } from "./partition.js";

const CANDIDATES = 65_536;

export interface Prediction {
  readonly flow: Flow;
  /** Number of the port in the group, from 0; undefined when no port of the set is usable. */
  readonly member: number | undefined;
  readonly port: Port | undefined;
  /** What the policy looks at. */
  readonly inputs: string;
  /** Unsigned, 32 bits. */
  readonly hash: number;
  readonly bucket: number;
  readonly buckets: number;
  /** The same for people. */
  readonly reason: string;
}

/** A group's oracle. */
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

  /** Where a flow of the partition goes now. What the flow leaves out is the first candidate's. */
  predict(partition: Partition, flow: Partial<Flow>): Prediction {
    const whole = candidateFlow(this.#fixed(partition, flow), 0);
    return this.#prediction(partition, whole, this.#hashes([flowFrame(whole)])[0] as number);
  }

  /** A flow of the partition, with everything that `fixed` says, that goes to the port now; undefined when 65536 candidates do not. */
  flowFor(partition: Partition, port: Port, fixed: Partial<Flow>): Prediction | undefined {
    if (partition.selects === "turn") throw new ConfigError("selection", "turn", "one by which a flow has a port");
    const member = this.#ports.indexOf(port);
    const given = this.#fixed(partition, fixed);
    for (let first = 0; first < CANDIDATES; first += BURST_MAX) {
      const flows = Array.from({ length: BURST_MAX }, (_, i) => candidateFlow(given, first + i));
      const hashes = this.#hashes(flows.map(flowFrame));
      const found = hashes.findIndex((hash) => this.#ownerOf(partition, hash) === member);
      if (found >= 0) return this.#prediction(partition, flows[found] as Flow, hashes[found] as number);
    }
    return undefined;
  }

  /** A partition's own address and VLAN stand in for what is not said of them: the address is where its frames come from, or go to. */
  #fixed({ macs, vlan, vnic }: Partition, flow: Partial<Flow>): Partial<Flow> {
    const [mac] = macs;
    const own = mac === undefined ? {} : vnic ? { sourceMac: mac } : { destinationMac: mac };
    return { ...own, ...(vlan === 0 ? {} : { vlan }), ...flow };
  }

  #prediction(partition: Partition, flow: Flow, hash: number): Prediction {
    const { buckets } = partition.record;
    const bucket = hash % buckets;
    const member = this.#ownerOf(partition, hash);
    const port = this.#ports[member];
    const inputs = this.#hasher.describe();
    const reason =
      `${inputs}: hash 0x${hash.toString(16).padStart(8, "0")}, mod ${buckets} is bucket ${bucket}, ` +
      (port ? `which ${port.name} owns` : "which nobody owns, since no port of the set is usable");
    return { flow, member: port && member, port, inputs, hash, bucket, buckets, reason };
  }

  /** Where the bucket of a hash is, or goes when it moves. */
  #ownerOf({ record }: Partition, hash: number): number {
    const { owner, next } = record.place(hash % record.buckets);
    return next ?? owner ?? NO_PORT;
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
