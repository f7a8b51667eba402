/** A bed on which one frame at a time is hashed by any options. */
import type { HashOptions } from "../../src/hash/options.js";
import { type Bed, makeBed } from "./bed.js";
import type { Build } from "./engines.js";
import { HASHER_BYTES, hasherOn } from "./hasher.js";

export class HashBed {
  readonly #bed: Bed;
  readonly #hashers = new Map<string, number>();

  constructor(bed: Bed) {
    this.#bed = bed;
  }

  hash(options: HashOptions, frame: Uint8Array): number {
    const bed = this.#bed;
    const name = JSON.stringify({ ...options, key: options.key && [...options.key] });
    const hasher = this.#hashers.get(name) ?? hasherOn(bed, options);
    this.#hashers.set(name, hasher);
    const m = bed.frame(frame);
    const list = bed.listOf(m);
    bed.kernels.parseBurst(list, 1);
    bed.kernels.hashBurst(hasher, list, list + 4, 1);
    bed.free(m);
    return bed.u32(list + 4);
  }
}

/** hashers is how many different options will be asked for. */
export async function makeHashBed(build: Build, hashers = 16): Promise<HashBed> {
  return new HashBed(await makeBed(build, { mbufs: 4, bufBytes: 2112, spareBytes: hashers * HASHER_BYTES }));
}
