/**
 * Where would this flow go, and why; and its inverse: a flow that goes to a given member. Frames of the flow are hashed by whoever
 * chooses, a group or a tool, by its data plane: a prediction is what will happen, not what a second implementation thinks.
 */
import { BURST_MAX } from "../../assembly/layout.js";
import { candidateFlow, type Flow, flowFrame } from "./flow.js";

const CANDIDATES = 65_536;

/** What sends each flow to one of several members: a hash, and a table of who owns which bucket. */
export interface FlowChooser {
  /** What the policy looks at, in one line. */
  readonly inputs: string;
  /** A hash modulo this many is a bucket. */
  readonly buckets: number;
  /** The hash of each frame, unsigned, 32 bits. */
  hashes(frames: readonly Uint8Array[]): readonly number[];
  /** The number of the member that owns a bucket; undefined when nobody does. */
  ownerOf(bucket: number): number | undefined;
  /** What people call a member. */
  nameOf(member: number): string;
}

export interface FlowPrediction {
  readonly flow: Flow;
  /** Number of the member, from 0; undefined when nobody takes the flow. */
  readonly member: number | undefined;
  /** What the policy looks at. */
  readonly inputs: string;
  /** Unsigned, 32 bits. */
  readonly hash: number;
  readonly bucket: number;
  readonly buckets: number;
  /** The same for people. */
  readonly reason: string;
}

/** Where a flow goes. What it leaves out is the first candidate's. Throws ConfigError for what is no flow. */
export function predictFlow(chooser: FlowChooser, flow: Partial<Flow>): FlowPrediction {
  const whole = candidateFlow(flow, 0);
  return prediction(chooser, whole, chooser.hashes([flowFrame(whole)])[0] as number);
}

/**
 * A flow, with everything that `fixed` says, that goes to the member; undefined when 65536 candidates do not. Throws ConfigError for
 * what is no flow.
 */
export function findFlow(chooser: FlowChooser, member: number, fixed: Partial<Flow>): FlowPrediction | undefined {
  for (let first = 0; first < CANDIDATES; first += BURST_MAX) {
    const flows = Array.from({ length: BURST_MAX }, (_, i) => candidateFlow(fixed, first + i));
    const hashes = chooser.hashes(flows.map(flowFrame));
    const found = hashes.findIndex((hash) => chooser.ownerOf(hash % chooser.buckets) === member);
    if (found >= 0) return prediction(chooser, flows[found] as Flow, hashes[found] as number);
  }
  return undefined;
}

function prediction(chooser: FlowChooser, flow: Flow, hash: number): FlowPrediction {
  const { inputs, buckets } = chooser;
  const bucket = hash % buckets;
  const member = chooser.ownerOf(bucket);
  const reason =
    `${inputs}: hash 0x${hash.toString(16).padStart(8, "0")}, mod ${buckets} is bucket ${bucket}, ` +
    (member === undefined ? "which nobody owns" : `which ${chooser.nameOf(member)} owns`);
  return { flow, member, inputs, hash, bucket, buckets, reason };
}
