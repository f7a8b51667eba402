// Frames that wait for the control plane: why each does (CONTROL_) is in its cause, the number that goes with it in its hash.
import { ringDequeueBurst } from "../dma/ring";
import { OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { free } from "../mbuf/pool";
import { drop } from "../path/port";
import { Overlay } from "./overlay";

/** Takes at most n frames into out (u32 addresses); returns how many. */
export function overlayTakeControl(overlay: usize, out: usize, n: u32): u32 {
  return ringDequeueBurst(changetype<Overlay>(overlay).control as usize, out, n);
}

/** The control plane has dealt with a frame: it is counted as dropped for that cause where it came in, or for OK just gone. */
export function overlayDispose(overlay: usize, m: usize, cause: u32): void {
  const o = changetype<Overlay>(overlay);
  if (cause == OK) free(o.pool as usize, m);
  else drop(load<u32>((o.ports as usize) + ((changetype<Mbuf>(m).port as usize) << 2)) as usize, m, cause);
}
