/** CRC-32C (RFC 3720 section 12.1, Castagnoli's polynomial) of bytes behind those that `behind` is the CRC of: what a move's chunks are checked by. */
export function crc32c(bytes: Uint8Array, behind = 0): number {
  let register = ~behind;
  for (const byte of bytes) register = (register >>> 8) ^ (TABLE[(register ^ byte) & 0xff] as number);
  return ~register >>> 0;
}

const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? POLYNOMIAL : 0);
  return register;
});
