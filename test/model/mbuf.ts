/** The mbuf pool as plain objects: segments with bytes, room in front and behind, and owners. */

export interface Segment {
  /** What names the mbuf; the test uses its address. */
  readonly name: number;
  bytes: number[];
  /** Offset of the first byte in the buffer. */
  start: number;
  owners: number;
}

export type Chain = Segment[];

export class ModelPool {
  readonly bufBytes: number;
  readonly headroomBytes: number;
  readonly count: number;
  readonly live = new Map<number, Segment>();

  constructor(count: number, bufBytes: number, headroomBytes: number) {
    this.count = count;
    this.bufBytes = bufBytes;
    this.headroomBytes = headroomBytes;
  }

  get free(): number {
    return this.count - this.live.size;
  }

  /** The pool gave out this mbuf: it must not be anybody's. */
  given(name: number): Chain {
    if (this.live.has(name)) throw new Error(`mbuf ${name} was given out twice`);
    const segment = { name, bytes: [], start: this.headroomBytes, owners: 1 };
    this.live.set(name, segment);
    return [segment];
  }

  release(chain: Chain): void {
    for (const segment of chain) {
      segment.owners -= 1;
      if (segment.owners === 0) this.live.delete(segment.name);
    }
  }

  retain(chain: Chain): void {
    for (const segment of chain) segment.owners += 1;
  }

  prepend(chain: Chain, bytes: readonly number[]): boolean {
    const [head] = chain as [Segment];
    if (head.start < bytes.length) return false;
    head.start -= bytes.length;
    head.bytes.unshift(...bytes);
    return true;
  }

  append(chain: Chain, bytes: readonly number[]): boolean {
    const last = chain.at(-1) as Segment;
    if (last.start + last.bytes.length + bytes.length > this.bufBytes) return false;
    last.bytes.push(...bytes);
    return true;
  }

  adj(chain: Chain, length: number): boolean {
    const [head] = chain as [Segment];
    if (head.bytes.length < length) return false;
    head.start += length;
    head.bytes.splice(0, length);
    return true;
  }

  trim(chain: Chain, length: number): boolean {
    if (lengthOf(chain) < length) return false;
    for (const segment of [...chain].reverse()) {
      const cut = Math.min(length, segment.bytes.length);
      segment.bytes.splice(segment.bytes.length - cut, cut);
      length -= cut;
    }
    return true;
  }

  /** Bytes copied; undefined when they do not fit or the head is shared. */
  linearize(chain: Chain): number | undefined {
    const [head, ...tail] = chain as [Segment, ...Segment[]];
    const copied = lengthOf(tail);
    if (head.owners > 1 || head.start + head.bytes.length + copied > this.bufBytes) return undefined;
    for (const segment of tail) head.bytes.push(...segment.bytes);
    this.release(tail);
    chain.splice(1);
    return copied;
  }
}

export function lengthOf(chain: Chain): number {
  return chain.reduce((sum, segment) => sum + segment.bytes.length, 0);
}
