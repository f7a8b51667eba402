/**
 * What an adapter's state is made of: parts, each of which writes its section and takes one in. Taking in is two steps, so that nothing
 * changes before all parts have found their sections sound: `prepare` validates everything, room included, and writes nothing; what it
 * returns writes, and cannot fail.
 */

/** Why a section is not taken: which part of it, its value, and the bound. */
export interface StateRefusal {
  readonly section: string;
  /** Path and place in the section, such as "flows[3].protocol". */
  readonly field: string;
  readonly value: unknown;
  readonly bound: string;
}

export interface StatePart {
  /** The section's name, unique in a block. */
  readonly name: string;
  /** Rises when the section's layout changes. */
  readonly version: number;
  /** The section's bytes, little-endian, now. The caller's to keep. */
  extract(nowMs: number): Uint8Array;
  /** For sections that are large: writes what extract returns at an address of the engine's memory. Its length; undefined when that is over roomBytes. */
  extractAt?(at: number, roomBytes: number, nowMs: number): number | undefined;
  /** A function that writes the section, or why it is refused. Bytes come from elsewhere and may be hostile. */
  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal;
}
