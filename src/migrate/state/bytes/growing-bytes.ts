/**
 * Bytes that grow while they are written from front to back; what is not written is zero. Growing makes another buffer and another view, so
 * there is no view but the one that comes with the room for what is to be written.
 */
export class GrowingBytes {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;
  /** Where the room begins that was made last. */
  protected at = 0;

  constructor(capacityBytes: number) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  protected get length(): number {
    return this.#length;
  }

  /** So many bytes more are to come: the buffer grows for them at once. */
  reserve(lenBytes: number): void {
    const capacityBytes = this.#length + lenBytes;
    if (capacityBytes > this.#bytes.length) this.#grow(capacityBytes);
  }

  /** What was written: the caller's to keep. */
  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Room for so many bytes, zeros, and the view to write them with, from `at` on; not to be kept. */
  protected room(lenBytes: number): DataView {
    this.at = this.#length;
    this.#length += lenBytes;
    if (this.#length > this.#bytes.length) this.#grow(Math.max(this.#length, 2 * this.#bytes.length));
    return this.#view;
  }

  protected append(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.#bytes.set(bytes, this.at);
  }

  #grow(capacityBytes: number): void {
    const larger = new Uint8Array(capacityBytes);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
