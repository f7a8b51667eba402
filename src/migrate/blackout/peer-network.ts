/** A network that carries senders' frames to the VM: what the runner needs of it. */
import type { Outcome } from "./outcome.js";

export interface PeerNetwork {
  /** When something is due next by which frames may have another fate; undefined: never again. Asked between two frames. */
  readonly nextMs: number | undefined;
  /** What becomes of a frame that a sender sends now. Calls come in order of time. */
  send(sender: number, nowMs: number): Outcome;
}
