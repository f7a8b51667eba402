/** Moves that have been asked for and wait for the directory: where their target is, and that this host has a lease to move them by. */
import type { HostRecord } from "../../directory/records.js";
import type { Attachment } from "../attachment.js";
import type { HostContext } from "../context.js";
import { AGAIN_MS } from "./questions.js";

export interface WaitingMove {
  readonly name: string;
  readonly attachments: readonly Attachment[];
  readonly to: string;
}

export interface WaitingHome {
  readonly context: HostContext;
  isLeased(): boolean;
}

export class WaitingMoves {
  readonly #home: WaitingHome;
  readonly #moves = new Map<string, WaitingMove>();

  constructor(home: WaitingHome) {
    this.#home = home;
  }

  has(name: string): boolean {
    return this.#moves.has(name);
  }

  /** The attachment is to be moved. */
  hasOne(attachment: Attachment): boolean {
    return [...this.#moves.values()].some(({ attachments }) => attachments.includes(attachment));
  }

  /** Has go called when the move can begin. */
  add(move: WaitingMove, go: (record: HostRecord) => void): void {
    this.#moves.set(move.name, move);
    this.#look(move, go);
  }

  /** The move never begins, for that reason; false when it does not wait. */
  drop(name: string, reason: string): boolean {
    const move = this.#moves.get(name);
    if (!move) return false;
    this.#moves.delete(name);
    const partition = move.attachments[0]?.partition ?? "";
    this.#home.context.tell({ type: "move-ended", move: name, partition, side: "source", outcome: "stayed", reason });
    return true;
  }

  #look(move: WaitingMove, go: (record: HostRecord) => void): void {
    const { name, attachments, to } = move;
    const { requests, timers, now } = this.#home.context;
    requests.ask("host", { name: to }, (answer) => {
      if (this.#moves.get(name) !== move) return;
      const gone = attachments.find(({ state }) => state !== "live");
      if (gone) this.drop(name, `${gone.partition} is not live here any more`);
      else if (!("value" in answer) || !this.#home.isLeased()) timers.at(now() + AGAIN_MS, () => this.#look(move, go));
      else if (!answer.value) this.drop(name, `the directory knows no host ${to}`);
      else {
        this.#moves.delete(name);
        go(answer.value.host);
      }
    });
  }
}
