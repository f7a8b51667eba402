// The arena: one block of the control heap's first free memory, taken when an engine is created and carved up by the host
// (src/memory.ts). Everything of the data plane lives in it. What remains of the heap serves as-bind's arguments.

/** A zeroed block of the given size, on a cache line; memory was sized to hold it. */
export function arenaAlloc(bytes: u32): usize {
  const block = heap.alloc((bytes as usize) + 63);
  const start = (block + 63) & ~63;
  memory.fill(start, 0, bytes);
  return start;
}

/** Copies a table or template into the arena. The host calls it with bounded chunks, since the argument is on the heap. */
export function loadTable(to: usize, bytes: Uint8Array): void {
  memory.copy(to, bytes.dataStart, bytes.byteLength);
}
