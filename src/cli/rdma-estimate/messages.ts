/** A capture as messages of sockets: what a segment or a datagram carries is one. */
import type { RdmaEstimate } from "../../index.js";
import type { TimedFrame } from "../timed-frames.js";
import { type NoSegment, type Segment, segmentOf } from "./segment.js";
import { newBytes, Sockets } from "./sockets.js";

/** Frames that are no message, and why: each is one of these or a message. */
export interface LeftOut {
  /** Acknowledgements, beginnings and ends of connections, empty datagrams. */
  withoutData: number;
  /** Their bytes were seen before, or came behind later ones. */
  retransmitted: number;
  fragments: number;
  rocev2: number;
  /** Headers that are cut or contradict themselves. */
  unreadable: number;
  notTcpOrUdp: number;
  /** Of sockets that came when as many as can be were known. */
  beyond: number;
}

const COUNTED_AS = {
  fragment: "fragments",
  rocev2: "rocev2",
  unreadable: "unreadable",
  notTcpOrUdp: "notTcpOrUdp",
} as const satisfies Record<NoSegment, keyof LeftOut>;

export class Messages {
  readonly leftOut: LeftOut = {
    withoutData: 0,
    retransmitted: 0,
    fragments: 0,
    rocev2: 0,
    unreadable: 0,
    notTcpOrUdp: 0,
    beyond: 0,
  };
  readonly #sockets: Sockets;
  readonly #estimate: RdmaEstimate;

  constructor(estimate: RdmaEstimate, sockets = new Sockets()) {
    this.#estimate = estimate;
    this.#sockets = sockets;
  }

  destinationNames(): string[] {
    return this.#sockets.destinationNames();
  }

  take(frame: TimedFrame): void {
    const segment = segmentOf(frame);
    if (typeof segment === "string") this.leftOut[COUNTED_AS[segment]]++;
    else this.#takeSegment(segment, frame.atNs);
  }

  #takeSegment(segment: Segment, atNs: number): void {
    const socket = this.#sockets.of(segment);
    if (!socket) {
      this.leftOut.beyond++;
      return;
    }
    const { destination, stream } = socket;
    const lengthBytes = newBytes(socket, segment);
    if (lengthBytes > 0) this.#estimate.send({ destination, ipVersion: segment.ipVersion, stream, atNs, lengthBytes });
    else if (segment.payloadBytes > 0) this.leftOut.retransmitted++;
    else this.leftOut.withoutData++;
    if (segment.tcp?.isLast) this.#estimate.close(destination, stream, atNs);
  }
}
