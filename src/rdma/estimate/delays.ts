/**
 * How long messages waited, in memory that does not grow with their number: buckets of equal relative width, as of an HDR histogram. Each
 * keeps the sum of what is in it, so that where all values of a bucket are equal a percentile is exact; elsewhere it is off by less than 0.8 %.
 */
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";

/** So many of a value's leading bits tell buckets apart. */
const LEADING_BITS = 8;

interface Bucket {
  count: number;
  sumNs: number;
}

export class Delays {
  /** Most messages of most destinations wait for nothing. */
  #zeros = 0;
  #count = 0;
  #mostNs = 0;
  #buckets: Map<number, Bucket> | undefined;

  get count(): number {
    return this.#count;
  }

  get mostNs(): number {
    return this.#mostNs;
  }

  add(ns: number): void {
    this.#count++;
    if (ns === 0) this.#zeros++;
    else this.#put(bucketOf(ns), 1, ns);
    this.#mostNs = Math.max(this.#mostNs, ns);
  }

  addAll(other: Delays): void {
    this.#count += other.#count;
    this.#zeros += other.#zeros;
    this.#mostNs = Math.max(this.#mostNs, other.#mostNs);
    for (const [number, { count, sumNs }] of other.#buckets ?? []) this.#put(number, count, sumNs);
  }

  /** The least delay that this share of the messages do not exceed; 0 when there are none. */
  percentileNs(share: number): number {
    let left = Math.ceil(share * this.#count) - this.#zeros;
    if (left <= 0) return 0;
    for (const [, { count, sumNs }] of [...(this.#buckets ?? [])].toSorted(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return sumNs / count;
    }
    return this.#mostNs;
  }

  /** Into a snapshot: zeros 64, most 64, how many buckets 16, and of each number 16, count 64, sum 64; numbers as doubles. */
  write(out: SectionWriter): void {
    out.f64(this.#zeros);
    out.f64(this.#mostNs);
    out.u16(this.#buckets?.size ?? 0);
    for (const [number, { count, sumNs }] of this.#buckets ?? []) {
      out.u16(number);
      out.f64(count);
      out.f64(sumNs);
    }
  }

  /** From a snapshot, into none. */
  read(from: SectionReader): void {
    this.#zeros = from.count("delays.zeros");
    this.#count = this.#zeros;
    this.#mostNs = from.count("delays.most", 2 ** 32 - 1);
    const buckets = from.u16("delays.buckets", BUCKETS);
    for (let left = buckets; left > 0; left--) {
      const number = from.u16("delays.bucket", BUCKETS - 1);
      from.check(!this.#buckets?.has(number), "delays.bucket", number, "one that was not there yet");
      const count = from.within("delays.count", from.count("delays.count"), 1, Number.MAX_SAFE_INTEGER);
      this.#put(number, count, from.count("delays.sum", Number.MAX_VALUE));
      this.#count += count;
    }
  }

  #put(number: number, count: number, sumNs: number): void {
    this.#buckets ??= new Map();
    const bucket = this.#buckets.get(number);
    if (bucket) {
      bucket.count += count;
      bucket.sumNs += sumNs;
    } else {
      this.#buckets.set(number, { count, sumNs });
    }
  }
}

const BUCKETS = bucketOf(2 ** 32 - 1) + 1;

/** In order of the values: those below 2^8 have a bucket each, each octave above has 2^7. No window is as long as 2^32 ns. */
function bucketOf(ns: number): number {
  const octave = Math.max(0, 32 - LEADING_BITS - Math.clz32(ns));
  return octave * 2 ** (LEADING_BITS - 1) + Math.floor(ns / 2 ** octave);
}
