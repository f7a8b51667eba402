// The control heap: AssemblyScript's allocator over the memory's first pages. It serves as-bind's arguments and nothing
// else; everything of the data plane lives in the arena behind it, which the host carves up (src/memory.ts).

/** Makes the allocator take the memory that is there now as its own: whatever is grown later is the arena. */
export function heapInit(): void {
  heap.free(heap.alloc(1));
}

/** Copies a table or template into the arena. The host calls it with bounded chunks, since the argument is on the heap. */
export function loadTable(to: usize, bytes: Uint8Array): void {
  memory.copy(to, bytes.dataStart, bytes.byteLength);
}
