/** Which numbers the frames of a place have. */

export interface FrameNumbers {
  /** All frames. */
  readonly total: number;
  /** The number of a place's first frame, if it has any. */
  first(place: number): number;
  count(place: number): number;
}

/** Frames that came in a section that was found sound. Views of the block: valid until it is taken in. */
export interface IncomingFrames extends FrameNumbers {
  lenBytes(number: number): number;
  /** Its length on the wire: more than lenBytes where a capture's snaplen had cut it. */
  wireBytes(number: number): number;
  /** To be looked at only. */
  bytes(number: number): Uint8Array;
}

/** Numbers of places whose counts are given, by ascending place. */
export function numbersOf(counts: ReadonlyMap<number, number>): FrameNumbers {
  const firsts = new Map<number, number>();
  let total = 0;
  for (const [place, count] of counts) {
    firsts.set(place, total);
    total += count;
  }
  return {
    total,
    first: (place) => firsts.get(place) ?? total,
    count: (place) => counts.get(place) ?? 0,
  };
}
