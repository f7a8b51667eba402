/**
 * Frames for a group reach a VM on the move by two ways: in a network that floods, each of the two hosts has its own copy, and the old host
 * sends its copy on. What has come as often by one way as by the other was one frame. Bounded: the oldest are forgotten.
 */
import type { MovingFrame } from "../../migrate/wire/frame.js";

const FRAMES_MAX = 4096;
/** Each byte is a character of its own. */
const LATIN = new TextDecoder("latin1");

export class GroupCopies {
  readonly #counts = new Map<string, { direct: number; sentOn: number }>();

  /** Counts a frame that has come directly, or was sent on; false when it is the copy of one that has come by the other way. */
  isNew({ adapter, data }: MovingFrame, isDirect: boolean): boolean {
    const key = `${adapter} ${LATIN.decode(data)}`;
    const count = this.#counts.get(key) ?? { direct: 0, sentOn: 0 };
    const most = Math.max(count.direct, count.sentOn);
    const now = isDirect ? ++count.direct : ++count.sentOn;
    this.#counts.set(key, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > FRAMES_MAX && oldest !== undefined) this.#counts.delete(oldest);
    return now > most;
  }

  clear(): void {
    this.#counts.clear();
  }
}

/** Its destination is no one station. */
export function isForGroup({ data, isSent }: MovingFrame): boolean {
  return !isSent && ((data[0] as number) & 1) !== 0;
}
