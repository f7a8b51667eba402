/**
 * A sender's packet sequence numbers while a VM moves: the highest that went to the old host, and the lowest that went to the new one. Frames
 * take several uplinks, so that their order on the wire is not quite that of their numbers.
 */
export class Passage {
  last: number | undefined;
  first: number | undefined;

  /** To the old host; undefined where frames have no numbers. */
  old(psn: number | undefined): void {
    if (psn !== undefined && (this.last === undefined || isAfter(psn, this.last))) this.last = psn;
  }

  new(psn: number | undefined): void {
    if (psn !== undefined && (this.first === undefined || isAfter(this.first, psn))) this.first = psn;
  }
}

/** Numbers have 24 bits and begin again (InfiniBand volume 1, section 9.7.1): one after another is less than half of them away from it. */
function isAfter(psn: number, other: number): boolean {
  return (psn - other) << 8 > 0;
}
