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

export function store32be(ptr: usize, value: u32): void {
  store<u32>(ptr, bswap<u32>(value));
}
