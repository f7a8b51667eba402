/** 64 random bits, so that nobody can choose keys or addresses that meet in a table. */
export function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}
