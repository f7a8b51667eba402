/** What source and target say to each other. Messages are values: whoever carries them neither changes nor keeps them. */
import type { Ownership } from "./ownership.js";
import type { Chunk, Manifest } from "./section.js";

/** A frame, and who sent it to this VM: order holds for each sender. */
export interface Arrival<F> {
  readonly frame: F;
  readonly sender: string;
}

export type MoveMessage<F> =
  /** Source: room for these adapters, please, all or none. */
  | {
      readonly type: "reserve";
      readonly host: string;
      readonly generation: number;
      readonly adapters: readonly string[];
      readonly stateBytes: number;
    }
  /** Target: the room is kept so long after the last word. */
  | { readonly type: "reserved" }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "chunk"; readonly chunk: Chunk }
  /** Source: it has stopped, and that was all. From now on the target may commit. */
  | { readonly type: "complete"; readonly manifest: Manifest }
  /** Target: the state cannot be used; it will not commit with it. */
  | { readonly type: "failed"; readonly reason: string }
  /** Target: it runs, by this record, which the directory has accepted. */
  | { readonly type: "live"; readonly owner: Ownership }
  /** Target: it runs, and the directory has all its endpoints. */
  | { readonly type: "done" }
  /** Source: it has the VM again, by this record. */
  | { readonly type: "kept"; readonly owner: Ownership }
  /** Source: it has let go, and claims the VM no more. */
  | { readonly type: "released" }
  /** A frame that has come to the host that is not the VM's any more. */
  | ({ readonly type: "frame" } & Arrival<F>)
  /** Whoever forwards: what it had kept is all sent. */
  | { readonly type: "flushed" }
  /** Is anybody there? The acknowledgement says so. */
  | { readonly type: "probe" }
  /** In the place of a frame that was taken back. */
  | { readonly type: "void" };

/** What goes over the link: a message with its number, and up to which number everything has come. Either may be alone. */
export interface MovePacket<F> {
  /** The move that it belongs to; packets of others are nothing. */
  readonly move: string;
  /** The last number up to which all has come. */
  readonly ack: number;
  readonly message?: { readonly number: number; readonly body: MoveMessage<F> };
  /** Whoever says this knows of no such move: it has lost its memory, and with it the VM. */
  readonly isUnknown?: true;
}

/** What a host answers to a packet of a move that it does not know, unless that asks it to reserve. */
export function unknownMove<F>({ move }: MovePacket<F>): MovePacket<F> {
  return { move, ack: 0, isUnknown: true };
}
