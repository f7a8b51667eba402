/**
 * A member fails and comes back under traffic: how many flows move, how many frames are lost, how many overtake. A host with links of
 * different delays, a frame of every flow in each round; what is in flight on the link when it fails is lost with it.
 */
import type { Outgoing } from "../../src/buffer/outgoing.js";
import type { Port } from "../../src/buffer/port.js";
import { createEngine } from "../../src/engine.js";
import type { Order } from "../../src/lag/moves.js";
import { failures } from "../../src/lag/spread.js";
import { WASM } from "../bed.js";
import { flowFrames, macOf, PARTITIONS, PORTS } from "./traffic.js";

const FLOWS = 1000;
const ROUNDS = 90;
/** Rounds in which nothing is sent and what is under way arrives. */
const LAST_ROUNDS = 20;
const FAILS_AT = 30;
const RETURNS_AT = 60;
const FAILING = 1;
const SEQUENCE_AT = 42;

export interface Failover {
  readonly order: Order;
  readonly flows: number;
  /** Flows that went by another link after the failure, and those of them whose link had not failed. */
  readonly moved: number;
  readonly needlesslyMoved: number;
  /** The same by hash mod n. */
  readonly movedByModulo: number;
  /** Frames that were lost with the link, and frames that came after a later one of their flow. */
  readonly lost: number;
  readonly reordered: number;
}

export async function failover(order: Order): Promise<Failover> {
  const engine = await createEngine({
    wasm: WASM,
    headers: [],
    mbufs: 16_384,
    ports: PORTS + 1,
    queueSize: 4096,
    // Links are slow: what is held for one round trip is not little.
    lag: { partitions: 1, heldFrames: 4096 },
  });
  const ports = Array.from({ length: PORTS }, (_, i) => engine.addPort(`link ${i}`));
  const group = engine.addLagGroup({ ports, order });
  const partition = PARTITIONS[0];
  const vnic = engine.addPort("vnic");
  const sender = group.addPartition({ name: "sender", vnic, macs: [macOf(partition.mac)], members: ports });
  const frames = flowFrames(partition, FLOWS).map((frame) => Uint8Array.of(...frame, 0, 0));
  const hashes = frames.map((frame) => {
    const ip = (at: number) => [...frame.subarray(at, at + 4)].join(".");
    const view = new DataView(frame.buffer, frame.byteOffset);
    const [sourcePort, destinationPort] = [view.getUint16(34), view.getUint16(36)];
    return group.predict(sender, { source: ip(26), destination: ip(30), sourcePort, destinationPort }).hash;
  });
  const failure = failures(hashes, PORTS, { kind: "buckets", buckets: 256 })[FAILING];
  const byModulo = failures(hashes, PORTS, { kind: "modulo" })[FAILING];
  const lines = ports.map((port, i) => new Line(port, 2 * i + 1));
  const latest = new Map<string, number>();
  let [received, reordered] = [0, 0];
  for (let round = 0; round < ROUNDS + LAST_ROUNDS; round++) {
    if (round === FAILS_AT) {
      group.link(ports[FAILING] as Port, false, round);
      lines[FAILING]?.cut();
    }
    if (round === RETURNS_AT) group.link(ports[FAILING] as Port, true, round);
    if (round < ROUNDS) {
      for (const frame of frames) frame.set([round >> 8, round & 0xff], SEQUENCE_AT);
      vnic.receiveBurst(frames.map((data) => ({ data })));
    }
    while (engine.poll() > 0);
    for (const line of lines) {
      for (const bytes of line.pass(round)) {
        const flow = String(bytes.subarray(26, 38));
        const sequence = ((bytes[SEQUENCE_AT] as number) << 8) | (bytes[SEQUENCE_AT + 1] as number);
        if (sequence < (latest.get(flow) ?? 0)) reordered++;
        latest.set(flow, Math.max(sequence, latest.get(flow) ?? 0));
        received++;
      }
    }
  }
  engine.close();
  return {
    order,
    flows: FLOWS,
    moved: failure?.moved ?? 0,
    needlesslyMoved: failure?.needlesslyMoved ?? 0,
    movedByModulo: byModulo?.moved ?? 0,
    lost: ROUNDS * FLOWS - received,
    reordered,
  };
}

/** A link: what leaves on a port arrives so many rounds later, and is completed then. */
class Line {
  readonly #from: Port;
  readonly #delay: number;
  #flying: { readonly frame: Outgoing; readonly due: number }[] = [];

  constructor(from: Port, delay: number) {
    this.#from = from;
    this.#delay = delay;
  }

  /** Copies of the frames that arrive in this round. */
  pass(round: number): Uint8Array[] {
    for (let taken = this.#from.takeBurst(); taken.length > 0; taken = this.#from.takeBurst()) {
      this.#flying.push(...taken.map((frame) => ({ frame, due: round + this.#delay })));
    }
    const arrived = this.#flying.filter(({ due }) => due <= round).map(({ frame }) => frame);
    this.#flying = this.#flying.filter(({ due }) => due > round);
    const bytes = arrived.map(({ spans }) => (spans[0] as Uint8Array).slice());
    this.#from.complete(arrived);
    return bytes;
  }

  /** The link fails: what is on it, and in the adapter's queue, is gone. */
  cut(): void {
    const queued = this.#from.takeBurst();
    this.#from.complete([...this.#flying.map(({ frame }) => frame), ...queued]);
    this.#flying = [];
  }
}
