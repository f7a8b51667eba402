/** Frames that the data plane hands to the control plane, and what becomes of them. */
import {
  BURST_MAX,
  CONTROL_DIVERTED,
  CONTROL_ELSEWHERE,
  CONTROL_NEIGHBOUR,
  CONTROL_QUEUE_PAIR,
  CONTROL_TOO_BIG,
  MBUF_CAUSE,
  MBUF_HASH,
  MBUF_PAYLOAD,
  MBUF_PORT,
  MBUF_VNI,
  OK,
} from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { OverlayRecord } from "./record.js";

export type ControlReason = "neighbour" | "too-big" | "elsewhere" | "queue-pair" | "diverted";

const REASONS: Readonly<Record<number, ControlReason>> = {
  [CONTROL_NEIGHBOUR]: "neighbour",
  [CONTROL_TOO_BIG]: "too-big",
  [CONTROL_ELSEWHERE]: "elsewhere",
  [CONTROL_QUEUE_PAIR]: "queue-pair",
  [CONTROL_DIVERTED]: "diverted",
};

export interface ControlFrame {
  readonly reason: ControlReason;
  /** The whole frame, a copy. */
  readonly bytes: Uint8Array;
  /** Its length on the wire in bytes; more than bytes where a capture's snaplen cut it. */
  readonly originalLength: number;
  readonly timestampNs: bigint;
  /** Index of the port on which it came in. */
  readonly port: number;
  /**
   * The MTU of the path for "too-big"; for "elsewhere" 1 if the frame itself was sent on, else 0; for "diverted" the index of the port that
   * it is for.
   */
  readonly detail: number;
  /** The network, of frames from the underlay. */
  readonly vni: number;
  /** Where in bytes what the outer headers carry begins, of frames from the underlay. */
  readonly payload: number;
  /** Ends the frame: counted as dropped for that cause where it came in, or done. */
  readonly dispose: (cause?: number) => void;
}

export class ControlFrames {
  readonly #owner: FrameOwner;
  readonly #record: OverlayRecord;

  constructor(owner: FrameOwner, record: OverlayRecord) {
    this.#owner = owner;
    this.#record = record;
  }

  /** At most a burst of those that wait. Each is the caller's to dispose of, before the engine is polled again. */
  take(): ControlFrame[] {
    const { kernels, arena } = this.#owner;
    const { ptr, list } = this.#record;
    const n = kernels.overlayTakeControl(ptr, list, BURST_MAX);
    return Array.from(arena.u32.subarray(list >> 2, (list >> 2) + n), (m) => this.#frame(m));
  }

  #frame(m: number): ControlFrame {
    const { arena, pool, kernels } = this.#owner;
    const spans = pool.spans(m);
    const bytes = new Uint8Array(spans.reduce((sum, span) => sum + span.length, 0));
    let off = 0;
    for (const span of spans) {
      bytes.set(span, off);
      off += span.length;
    }
    const reason = REASONS[arena.u16[(m + MBUF_CAUSE) >> 1] as number];
    if (!reason) throw new Error("a frame for the control plane without a reason");
    return {
      reason,
      bytes,
      originalLength: pool.wireLen(m),
      timestampNs: pool.timestampNs(m),
      port: arena.u16[(m + MBUF_PORT) >> 1] as number,
      detail: arena.u32[(m + MBUF_HASH) >> 2] as number,
      vni: arena.u32[(m + MBUF_VNI) >> 2] as number,
      payload: arena.u16[(m + MBUF_PAYLOAD) >> 1] as number,
      dispose: (cause = OK) => kernels.overlayDispose(this.#record.ptr, m, cause),
    };
  }
}
