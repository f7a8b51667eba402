// Sparse multiples of the polynomials, in bytes: taking a byte out of a message and xoring it into the bytes at these distances
// behind it leaves the CRC as it was. All distances are from 16 to 128, so that whole planes of 16 bytes move by them and eight
// planes are all that is ever waited for. They were found by an exhaustive search (meeting in the middle) for the least work:
// a distance that is no multiple of 16 costs a shuffle, but those of one remainder share it.
//
// Each step() gives a plane m what it gets from the planes before it: w1 the nearest, w8 the farthest. What two steps in a row
// have in common the compiler finds.

/** CRC-32, 0xedb88320: 32, 40, 86, 102, 107, 112, 120. */
@unmanaged
export class Multiple32 {
  @inline
  step(m: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128): v128 {
    const near = v128.xor(w2, w7);
    const by8 = v128.shuffle<u8>(v128.xor(w3, w8), near, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    const by6 = v128.shuffle<u8>(
      v128.xor(w6, w7),
      v128.xor(w5, w6),
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    );
    const by11 = v128.shuffle<u8>(w7, w6, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);
    return v128.xor(v128.xor(v128.xor(v128.xor(m, by11), by6), near), by8);
  }
}

/** CRC-32C, 0x82f63b78: 18, 32, 34, 36, 44, 48, 50, 84, 116. */
@unmanaged
export class Multiple32C {
  @inline
  step(m: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128): v128 {
    const near = v128.xor(w2, w3);
    const by2 = v128.shuffle<u8>(
      v128.xor(v128.xor(w3, w4), w2),
      v128.xor(near, w1),
      14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    );
    const by4 = v128.shuffle<u8>(
      v128.xor(v128.xor(w6, w8), w3),
      v128.xor(v128.xor(w5, w7), w2),
      12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
    );
    const by12 = v128.shuffle<u8>(w3, w2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    return v128.xor(v128.xor(v128.xor(v128.xor(m, by12), by4), near), by2);
  }
}

/** CRC-16 of InfiniBand, 0xd008: 16, 52, 60, 64. */
@unmanaged
export class Multiple16 {
  @inline
  step(m: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128): v128 {
    const by4 = v128.shuffle<u8>(w4, w3, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
    const by12 = v128.shuffle<u8>(w4, w3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    return v128.xor(v128.xor(v128.xor(v128.xor(m, by12), by4), w4), w1);
  }
}
