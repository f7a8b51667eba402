/**
 * Index entries: for an address, a name or a number, who says that it has it. They are hints and prove nothing: whoever follows one
 * looks at the record that it leads to. So an entry may lead nowhere, but every acknowledged record is in all of its entries:
 *
 * - Entries are written before the record, so a crash between leaves hints that lead nowhere.
 * - They are written again after it, since somebody who tidied up after an older record may have taken them away meanwhile. Tidying reads
 *   the entry first and the record after, and takes away only the entry that it read: what is written after the record stays.
 *   That also mends an entry that two wrote at once for the first time (see Bucket.exchangeRemovable).
 */
import type { Bucket } from "./bucket.js";
import type { Identity } from "./keys.js";

export class IndexEntries {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Who says so. */
  async read(key: string): Promise<readonly Identity[]> {
    return identities((await this.#bucket.get(key))?.value);
  }

  /** Puts somebody in, and returns all that are in it then. Writes even when he is there: see above. */
  async put(key: string, identity: Identity): Promise<readonly Identity[]> {
    const written = await this.#bucket.exchangeRemovable<readonly Identity[]>(key, (value) => {
      const others = identities(value).filter((other) => !isSame(other, identity));
      return [...others, { vni: identity.vni, mac: identity.mac }];
    });
    return written ?? [];
  }

  /** Takes somebody out of entries that his record no longer names; isNamed is asked after the entries were read. */
  async drop(
    keys: readonly string[],
    identity: Identity,
    isNamed: () => Promise<(key: string) => boolean>,
  ): Promise<void> {
    const entries = await Promise.all(keys.map((key) => this.#bucket.get(key)));
    const stays = await isNamed();
    for (const entry of entries) {
      if (entry === undefined || stays(entry.key)) continue;
      const others = identities(entry.value).filter((other) => !isSame(other, identity));
      if (others.length === 0) await this.#bucket.remove(entry.key, entry.revision);
      else await this.#bucket.put(entry.key, others, entry.revision);
    }
  }
}

export function isSame(a: Identity, b: Identity): boolean {
  return a.vni === b.vni && a.mac === b.mac;
}

function identities(value: unknown): readonly Identity[] {
  return Array.isArray(value) ? value : [];
}
