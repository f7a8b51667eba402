/**
 * The state as the move sees it: named sections of adapters, whose bytes are nobody's business here. A section says in which round it
 * was last written, so that a round carries what has changed since it was last sent.
 */

export interface Section {
  /** The adapter that it belongs to. */
  readonly adapter: string;
  /** Unique in its adapter. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The round in which it was last written; it goes again when this has grown. */
  readonly dirty: number;
}

/** CRC-32C, say (Toolkit.crc32c), of bytes behind what `behind` is the digest of. */
export type DigestFunction = (bytes: Uint8Array, behind?: number) => number;

/** A part of a section, in order. */
export interface Chunk {
  readonly adapter: string;
  readonly name: string;
  readonly dirty: number;
  readonly offsetBytes: number;
  /** Of the whole section. */
  readonly totalBytes: number;
  readonly bytes: Uint8Array;
  readonly digest: number;
}

/** What the whole state is to be, section by section, in order. */
export interface Manifest {
  readonly sections: readonly { readonly adapter: string; readonly name: string; readonly lenBytes: number }[];
  /** Over all sections' bytes, one behind the other. */
  readonly digest: number;
}

/** A section in pieces of chunkBytes at most; an empty one is one empty piece. */
export function chunksOf(section: Section, chunkBytes: number, digest: DigestFunction): Chunk[] {
  const { adapter, name, dirty, bytes } = section;
  const chunks: Chunk[] = [];
  for (let offsetBytes = 0; offsetBytes === 0 || offsetBytes < bytes.length; offsetBytes += chunkBytes) {
    const part = bytes.slice(offsetBytes, offsetBytes + chunkBytes);
    const place = { adapter, name, dirty, offsetBytes, totalBytes: bytes.length };
    chunks.push({ ...place, bytes: part, digest: digest(part) });
  }
  return chunks;
}

export function manifestOf(sections: readonly Section[], digest: DigestFunction): Manifest {
  return {
    sections: sections.map(({ adapter, name, bytes }) => ({ adapter, name, lenBytes: bytes.length })),
    digest: digestOf(sections, digest),
  };
}

export function digestOf(sections: readonly Section[], digest: DigestFunction): number {
  return sections.reduce((sum, { bytes }) => digest(bytes, sum), 0);
}

export function sectionKey({ adapter, name }: { readonly adapter: string; readonly name: string }): string {
  return JSON.stringify([adapter, name]);
}

export function bytesOf(sections: readonly Section[]): number {
  return sections.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
