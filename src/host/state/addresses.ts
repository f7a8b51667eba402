/** An adapter's own addresses, as they stand in linear memory: to find what is its own among entries of tables. */
import { parseIp } from "../../overlay/address.js";
import type { Attachment } from "../attachment.js";
import { addressesOf } from "../residents.js";

export class AdapterAddresses {
  /** Words of an address. */
  readonly #words: number;
  readonly #all: readonly Uint32Array[];
  readonly #isAny: boolean;

  constructor(attachment: Attachment, version: 4 | 6) {
    this.#words = version === 4 ? 1 : 4;
    this.#isAny = attachment.options.forwards ?? false;
    const bytes = [...addressesOf(attachment)].map((ip) => parseIp("ip", ip));
    this.#all = bytes
      .filter(({ length }) => length === 4 * this.#words)
      .map((ip) => new Uint32Array(ip.slice().buffer));
  }

  /** Words of all of them, one behind the other; none of one that forwards for others. */
  get words(): Uint32Array {
    return this.#isAny ? new Uint32Array() : Uint32Array.from(this.#all.flatMap((own) => [...own]));
  }

  /** True of one that has no address of this version: nothing is its own. */
  get isNone(): boolean {
    return !this.#isAny && this.#all.length === 0;
  }

  /** True when the source or the destination that stand at that word is the adapter's, or it forwards for others. */
  meet(words: Uint32Array, at: number): boolean {
    if (this.#isAny) return true;
    return this.#all.some((own) => this.#is(own, words, at) || this.#is(own, words, at + this.#words));
  }

  #is(own: Uint32Array, words: Uint32Array, at: number): boolean {
    for (let i = 0; i < this.#words; i++) if (own[i] !== words[at + i]) return false;
    return true;
  }
}
