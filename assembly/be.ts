// Big-endian loads and stores: the byte order of every wire header here.

export function load16be(ptr: usize): u32 {
  return bswap<u16>(load<u16>(ptr)) as u32;
}

export function load32be(ptr: usize): u32 {
  return bswap<u32>(load<u32>(ptr));
}

export function store16be(ptr: usize, value: u32): void {
  store<u16>(ptr, bswap<u16>(value as u16));
}

/** The bytes of either half swapped, each half in its place. */
export function bswap16s(value: u32): u32 {
  return ((value & 0x00ff00ff) << 8) | ((value >> 8) & 0x00ff00ff);
}

export function store32be(ptr: usize, value: u32): void {
  store<u32>(ptr, bswap<u32>(value));
}
