/**
 * Conversation tables by the letter of IEEE 802.1AX-2020 6.6.3.1, plainly: the digest by Node's MD5, the choice by
 * searching.
 */
import { createHash } from "node:crypto";

/** MD5 over 4096 elements: the link numbers of each list, then the conversation, two bytes each. */
export function linkDigest(table: ReadonlyMap<number, readonly number[]>): Uint8Array {
  const hash = createHash("md5");
  for (let conversation = 0; conversation < 4096; conversation++) {
    for (const number of [...(table.get(conversation) ?? []), conversation]) {
      hash.update(Uint8Array.of(number >> 8, number & 0xff));
    }
  }
  return new Uint8Array(hash.digest());
}

/** The conversations that a link carries when those of `active` are in use. */
export function carried(
  table: ReadonlyMap<number, readonly number[]>,
  link: number,
  active: readonly number[],
): number[] {
  return [...table]
    .filter(([, links]) => links.filter((candidate) => active.includes(candidate))[0] === link)
    .map(([conversation]) => conversation)
    .sort((a, b) => a - b);
}
