/** The same job in plain JavaScript: a frame's partition from a Map or a table, its hash, its bucket, the bucket's owner. */
import { verificationKey } from "../../src/hash/rss-key.js";

/** Owners of a partition's buckets. */
export type Owners = Uint8Array;

/** Member of each frame; frames are plain: TCP or UDP in IPv4 without options. */
export type PlainPick = (frame: Uint8Array, view: DataView, vnic: number) => number;

export function plainPick(
  policy: "layer3+4" | "toeplitz",
  by: "vnic" | "address",
  partitions: readonly Owners[],
): PlainPick {
  const hash = policy === "layer3+4" ? layer34 : toeplitzBy(rowsOf(verificationKey()));
  if (by === "vnic") return (frame, view, vnic) => ownerOf(partitions[vnic] as Owners, hash(frame, view));
  // 48 bits of MAC address are a number that a double holds; a VLAN would take a Map for each.
  const byAddress = new Map(partitions.map((owners, i) => [0x020000000000 + i, owners]));
  return (frame, view) => {
    const key = view.getUint16(0) * 0x100000000 + view.getUint32(2);
    return ownerOf(byAddress.get(key) as Owners, hash(frame, view));
  };
}

function ownerOf(owners: Owners, hash: number): number {
  return owners[hash & (owners.length - 1)] as number;
}

function layer34(_: Uint8Array, view: DataView): number {
  let hash = view.getUint32(34, true) ^ view.getUint32(26, true) ^ view.getUint32(30, true);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  return hash >>> 1;
}

function toeplitzBy(rows: Int32Array): (frame: Uint8Array) => number {
  return (frame) => {
    let hash = 0;
    for (let i = 0; i < 12; i++) hash ^= rows[(i << 8) | (frame[26 + i] as number)] as number;
    return hash >>> 0;
  };
}

/** For each byte of a tuple the sums of its bits' 32 key bits. */
function rowsOf(key: Uint8Array): Int32Array {
  const bits = [...key].flatMap((byte) => Array.from({ length: 8 }, (_, bit) => (byte >> (7 - bit)) & 1));
  const window = (at: number) => bits.slice(at, at + 32).reduce((word, bit) => (word << 1) | bit, 0);
  return Int32Array.from({ length: 12 * 256 }, (_, i) => {
    let sum = 0;
    for (let bit = 0; bit < 8; bit++) if ((i >> (7 - bit)) & 1) sum ^= window((i >> 8) * 8 + bit);
    return sum;
  });
}
