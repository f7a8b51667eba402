/** The Toeplitz hash bit by bit: for each set bit of the input, from the first, the 32 key bits that start at its number. */
export function toeplitz(key: Uint8Array, input: Uint8Array): number {
  const bitOf = (bytes: Uint8Array, bit: number) => ((bytes[bit >> 3] as number) >> (7 - (bit & 7))) & 1;
  let hash = 0;
  for (let bit = 0; bit < input.length * 8; bit++) {
    if (bitOf(input, bit) === 0) continue;
    let window = 0;
    for (let i = 0; i < 32; i++) window = window * 2 + bitOf(key, bit + i);
    hash = (hash ^ window) >>> 0;
  }
  return hash;
}
