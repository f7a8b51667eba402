/** What a side of a move wants done, in order, and what it is told. Frames are whatever the driver calls one. */
import type { Arrival, MovePacket } from "./message.js";
import type { DirectoryAnswer, DirectoryRequest, Start } from "./ownership.js";
import type { Section } from "./section.js";
import type { MoveState } from "./states.js";

/** How a move ended for a side. */
export type MoveOutcome =
  /** Source: the target has it, and this side has let go. Target: it has it for good. */
  | "moved"
  /** Source: it runs here as before. Target: nothing came of it. */
  | "stayed"
  /** The target had it, and lost it: it is the source's again. */
  | "returned"
  /** The directory gave the VM to a third host. */
  | "taken";

export type MoveAction<F> =
  | { readonly type: "state"; readonly from: MoveState; readonly to: MoveState }
  | { readonly type: "send"; readonly packet: MovePacket<F> }
  | { readonly type: "ask"; readonly question: DirectoryRequest }
  /** Source: give the sections, with `dirty` for each, and begin this round; answer `sections`. The VM runs on. */
  | { readonly type: "read"; readonly round: number }
  /** Source: stop all adapters, so that nothing changes any more; answer `quiesced`. New arrivals go to this machine. */
  | { readonly type: "quiesce" }
  /** Source: give all sections of the stopped adapters; answer `sections`. */
  | { readonly type: "extract"; readonly round: number }
  /** Either: stop now, without an answer; the lease has ended. */
  | { readonly type: "freeze" }
  /** Either: run. Blank: as after a reset; state: with what was inserted; kept: with what the adapters have. */
  | { readonly type: "resume"; readonly start: Start }
  /** Either: take all frames out of the adapters, in order; answer `surrendered`. They are the other side's. */
  | { readonly type: "surrender" }
  /** Target: keep room for all adapters, or for none; answer `room` or `no-room`. */
  | { readonly type: "reserve"; readonly adapters: readonly string[]; readonly stateBytes: number }
  /** Target: check firmware and room again, and write an adapter's state; answer `inserted` or `insert-failed`. */
  | { readonly type: "insert"; readonly adapter: string; readonly sections: readonly Section[] }
  /** Target: the room, and what was inserted or is being inserted, is free again. */
  | { readonly type: "discard" }
  /** Whoever has got it: tell the directory of all endpoints, with this generation; answer `published`. */
  | { readonly type: "publish"; readonly generation: number }
  /** Whoever has got it: announce the endpoints on flat networks (Announcer). */
  | { readonly type: "announce" }
  /** Source: the adapters are free. */
  | { readonly type: "release" }
  /** What becomes of a frame: one of these four when it arrives; one that is held goes on later. */
  | ({ readonly type: "deliver" } & Arrival<F>)
  | ({ readonly type: "hold" } & Arrival<F>)
  | ({ readonly type: "forward" } & Arrival<F>)
  /** Not taken: its sender is told, and where the VM is, if that is known. */
  | ({ readonly type: "moved"; readonly host: string | undefined } & Arrival<F>)
  | { readonly type: "ended"; readonly outcome: MoveOutcome; readonly reason: string };

export type MoveEvent<F> =
  | { readonly type: "start" }
  | { readonly type: "cancel" }
  | { readonly type: "packet"; readonly packet: MovePacket<F> }
  | { readonly type: "answer"; readonly answer: DirectoryAnswer }
  /** The host's lease lasts until then, counted from when it was asked for. */
  | { readonly type: "leased"; readonly untilMs: number }
  /** A frame for the VM has come to this host from its sender. */
  | ({ readonly type: "frame" } & Arrival<F>)
  | { readonly type: "sections"; readonly sections: readonly Section[] }
  /** Source: its adapters cannot give their sections. */
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "quiesced" }
  | { readonly type: "surrendered"; readonly arrivals: readonly Arrival<F>[] }
  | { readonly type: "room" }
  | { readonly type: "no-room"; readonly reason: string }
  | { readonly type: "inserted"; readonly adapter: string }
  | { readonly type: "insert-failed"; readonly adapter: string; readonly reason: string }
  | { readonly type: "published" }
  | { readonly type: "tick" };
