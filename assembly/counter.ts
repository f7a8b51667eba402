// 64-bit counters by index, in a block that belongs to a port. The host reads them; nothing ever resets one.

export function count(counters: usize, index: u32, by: u64): void {
  const slot = counters + ((index as usize) << 3);
  store<u64>(slot, load<u64>(slot) + by);
}
