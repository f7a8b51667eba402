/**
 * Both ends of a packed virtqueue, from VIRTIO 1.2 section 2.8 alone, over raw descriptor memory. Little-endian records:
 * le64 addr, le32 len, le16 id, le16 flags (section 2.8.13).
 */

const NEXT = 1 << 0;
const AVAIL = 1 << 7;
const USED = 1 << 15;
const RECORD = 16;

export interface Element {
  readonly addr: bigint;
  readonly len: number;
}

/** A buffer that the driver made available: its elements, its id (of the last descriptor), its descriptors. */
export interface Buffer {
  readonly id: number;
  readonly elements: readonly Element[];
}

/** An end's place in the ring: an index and a wrap counter that starts at 1 and flips at the end (section 2.8.1). */
class Place {
  readonly size: number;
  index = 0;
  wrap = true;

  constructor(size: number) {
    this.size = size;
  }

  step(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.index += 1;
      if (this.index === this.size) {
        this.index = 0;
        this.wrap = !this.wrap;
      }
    }
  }
}

class Ring {
  readonly view: DataView;
  readonly size: number;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.size = bytes.byteLength / RECORD;
  }

  flags(index: number): number {
    return this.view.getUint16(index * RECORD + 14, true);
  }

  id(index: number): number {
    return this.view.getUint16(index * RECORD + 12, true);
  }

  element(index: number): Element {
    const at = index * RECORD;
    return { addr: this.view.getBigUint64(at, true), len: this.view.getUint32(at + 8, true) };
  }

  write(index: number, { addr, len }: Element, id: number, flags: number): void {
    const at = index * RECORD;
    this.view.setBigUint64(at, addr, true);
    this.view.setUint32(at + 8, len, true);
    this.view.setUint16(at + 12, id, true);
    this.view.setUint16(at + 14, flags, true);
  }
}

/** Section 2.8.1: available when AVAIL is the wrap counter and USED its inverse. */
function isAvailable(flags: number, wrap: boolean): boolean {
  return ((flags & AVAIL) !== 0) === wrap && ((flags & USED) !== 0) !== wrap;
}

/** Section 2.8.1: used when both are the wrap counter. */
function isUsed(flags: number, wrap: boolean): boolean {
  return ((flags & AVAIL) !== 0) === wrap && ((flags & USED) !== 0) === wrap;
}

/** The device: takes available buffers in ring order, uses them in any order. */
export class ModelDevice {
  readonly #ring: Ring;
  readonly #next: Place;
  readonly #used: Place;
  /** Buffers that were taken and not used yet, by id: their descriptors. */
  readonly #taken = new Map<number, number>();

  constructor(bytes: Uint8Array) {
    this.#ring = new Ring(bytes);
    this.#next = new Place(this.#ring.size);
    this.#used = new Place(this.#ring.size);
  }

  take(): Buffer | undefined {
    if (!isAvailable(this.#ring.flags(this.#next.index), this.#next.wrap)) return undefined;
    const elements: Element[] = [];
    for (;;) {
      const { index, wrap } = this.#next;
      const flags = this.#ring.flags(index);
      if (!isAvailable(flags, wrap)) throw new Error(`descriptor ${index} of a list is not available`);
      elements.push(this.#ring.element(index));
      this.#next.step();
      if ((flags & NEXT) === 0) {
        const id = this.#ring.id(index);
        if (this.#taken.has(id)) throw new Error(`buffer id ${id} was made available twice`);
        this.#taken.set(id, elements.length);
        return { id, elements };
      }
      if (elements.length === this.#ring.size) throw new Error("a list without an end");
    }
  }

  /** Section 2.8.6 and 2.8.8: one used descriptor for the whole list; the rest of it is skipped. */
  use(id: number): void {
    const count = this.#taken.get(id);
    if (count === undefined) throw new Error(`buffer id ${id} is not the device's`);
    this.#taken.delete(id);
    const both = this.#used.wrap ? AVAIL | USED : 0;
    this.#ring.write(this.#used.index, { addr: 0n, len: 0 }, id, both);
    this.#used.step(count);
  }
}

/** The driver: makes buffers available while there is room, sees which were used. */
export class ModelDriver {
  readonly #ring: Ring;
  readonly #next: Place;
  readonly #used: Place;
  readonly #posted = new Map<number, number>();
  #free: number;

  constructor(bytes: Uint8Array) {
    this.#ring = new Ring(bytes);
    this.#next = new Place(this.#ring.size);
    this.#used = new Place(this.#ring.size);
    this.#free = this.#ring.size;
  }

  get free(): number {
    return this.#free;
  }

  /** Section 2.8.21: the list's first descriptor is made available last. */
  offer(id: number, elements: readonly Element[]): void {
    if (elements.length > this.#free) throw new Error("the model driver posts too much");
    this.#free -= elements.length;
    this.#posted.set(id, elements.length);
    const writes = elements.map((element, i) => {
      const flags = (this.#next.wrap ? AVAIL : USED) | (i + 1 < elements.length ? NEXT : 0);
      const { index } = this.#next;
      this.#next.step();
      return () => this.#ring.write(index, element, id, flags);
    });
    for (const write of writes.reverse()) write();
  }

  /** The id of the next buffer that the device has used. */
  reap(): number | undefined {
    if (!isUsed(this.#ring.flags(this.#used.index), this.#used.wrap)) return undefined;
    const id = this.#ring.id(this.#used.index);
    const count = this.#posted.get(id);
    if (count === undefined) throw new Error(`buffer id ${id} was used but not posted`);
    this.#posted.delete(id);
    this.#free += count;
    this.#used.step(count);
    return id;
  }
}
