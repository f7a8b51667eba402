/** Moves, and what of the frames from and to the VM that moved is lost. */
import { type Run, sumOf } from "./run.js";

export function movesOf({ moves, streams }: Run) {
  return moves.begun.map((move) => {
    const own = streams.filter(({ from, to }) => from === move.guest || to === move.guest);
    return { ...move.report, lost: sumOf(own, ({ missing }) => missing) };
  });
}
