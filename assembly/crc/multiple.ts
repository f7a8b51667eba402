// Sparse multiples of the polynomials, in bytes: taking a byte out of a message and xoring it into the bytes at these distances
// behind it leaves the CRC as it was.
//
// If 1 + the sum of x^(-a) over some distances a is a multiple of a polynomial, so is the same with x^8 in place of x, since over
// GF(2) the square of a sum is the sum of the squares. So bits and bytes have the same distances; and where none is below 16,
// whole planes of 16 bytes move by them, with nothing but shuffles and xors. (S. Russell, "Chorba", arXiv 2412.16398, thins
// out long messages by such multiples, in memory; these are short enough for registers.)
//
// These were found by search, meeting in the middle, for the least work: a distance that is no multiple of 16 costs a shuffle,
// but those of one remainder share it. None is below 32, so no plane waits for the one before it, nor above 128.
import { CRC_POLYNOMIAL_16, CRC_POLYNOMIAL_32, CRC_POLYNOMIAL_32C } from "../layout";

/** step() gives a plane m what it gets from earlier ones: w2 is the last but one before it, w8 the eighth. */
@unmanaged
export abstract class Multiple {
  abstract polynomial(): u32;
  abstract step(m: v128, w2: v128, w3: v128, w5: v128, w6: v128, w7: v128, w8: v128): v128;
}

/** CRC-32, 0xedb88320: 32, 40, 86, 102, 107, 112, 120. */
@unmanaged
export class Multiple32 extends Multiple {
  @inline
  polynomial(): u32 {
    return CRC_POLYNOMIAL_32;
  }

  @inline
  step(m: v128, w2: v128, w3: v128, w5: v128, w6: v128, w7: v128, w8: v128): v128 {
    const near = v128.xor(w2, w7);
    const by8 = v128.shuffle<u8>(v128.xor(w3, w8), near, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    const before = v128.xor(w6, w7);
    const after = v128.xor(w5, w6);
    const by6 = v128.shuffle<u8>(before, after, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25);
    const by11 = v128.shuffle<u8>(w7, w6, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);
    return v128.xor(v128.xor(v128.xor(v128.xor(m, by11), by6), near), by8);
  }
}

/** CRC-32C, 0x82f63b78: 40, 45, 80, 85, 100, 101, 123. */
@unmanaged
export class Multiple32C extends Multiple {
  @inline
  polynomial(): u32 {
    return CRC_POLYNOMIAL_32C;
  }

  @inline
  step(m: v128, w2: v128, w3: v128, w5: v128, w6: v128, w7: v128, w8: v128): v128 {
    const by8 = v128.shuffle<u8>(w3, w2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    const by13 = v128.shuffle<u8>(w3, w2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
    const before = v128.xor(w6, w7);
    const after = v128.xor(w5, w6);
    const by5 = v128.shuffle<u8>(before, after, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26);
    const by4 = v128.shuffle<u8>(w7, w6, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
    const by11 = v128.shuffle<u8>(w8, w7, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);
    const far = v128.xor(v128.xor(v128.xor(v128.xor(m, by11), by4), by5), w5);
    return v128.xor(v128.xor(far, by13), by8);
  }
}

/** CRC-16 of InfiniBand, 0xd008: 32, 104, 120, 128. */
@unmanaged
export class Multiple16 extends Multiple {
  @inline
  polynomial(): u32 {
    return CRC_POLYNOMIAL_16;
  }

  @inline
  step(m: v128, w2: v128, _w3: v128, _w5: v128, w6: v128, w7: v128, w8: v128): v128 {
    const before = v128.xor(w7, w8);
    const after = v128.xor(w6, w7);
    const by8 = v128.shuffle<u8>(before, after, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    return v128.xor(v128.xor(v128.xor(m, by8), w8), w2);
  }
}
