/** 64 random bits, so that nobody can choose keys or addresses that meet in a table. */
export function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}

/** 32 random bits: a connection's names and first numbers, which a peer that does not see the traffic should not be able to guess. */
export function random32(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}
