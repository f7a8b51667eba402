/** What sends frames at times of its own: a replayed capture, or a flow that is made up. */
import type { Delivered } from "../guest.js";
import type { Stream } from "./stream.js";

export interface Source {
  readonly streams: readonly Stream[];
  /** Reads ahead, if need be. */
  load(): Promise<void>;
  /** When the next frame is due, in ms from the beginning; undefined when there is none, or it is not loaded yet. */
  readonly nextMs: number | undefined;
  /** The next frame, and whose it is; it stays the next until taken. */
  readonly next: { readonly frame: Delivered; readonly stream: Stream } | undefined;
  taken(): void;
}
