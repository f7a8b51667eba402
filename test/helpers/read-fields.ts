/** Where the fields of a section are, learned from a reader that takes it in; and sections that are changed in one of them, or anywhere. */
import { SectionReader } from "../../src/migrate/state/bytes/section-reader.js";
import type { Random } from "./property.js";

export interface ReadField {
  readonly at: number;
  readonly lenBytes: number;
}

const LENGTHS = { u8: 1, u16: 2, u24: 3, u32: 4, u48: 6, u64: 8, f64: 8 } as const;
type Read = (field: string, ...bounds: number[]) => unknown;

/** The fields that read reads one behind the other, of a section that is sound. */
export function fieldsOf(read: () => unknown): ReadField[] {
  const fields: ReadField[] = [];
  // A section inside another one is read by a reader of its own, of bytes that were read last.
  const ends = new Map<SectionReader, number>();
  let bytesAt = 0;
  const skip = (by: SectionReader, lenBytes: number) => {
    const at = ends.get(by) ?? bytesAt;
    ends.set(by, at + lenBytes);
    return at;
  };
  const reader = SectionReader.prototype as unknown as Record<string, Read>;
  const originals = Object.keys(LENGTHS).map((name) => [name, reader[name] as Read] as const);
  const { view } = SectionReader.prototype;
  for (const [name, original] of originals) {
    reader[name] = function (this: SectionReader, ...given) {
      const lenBytes = LENGTHS[name as keyof typeof LENGTHS];
      fields.push({ at: skip(this, lenBytes), lenBytes });
      return original.apply(this, given);
    };
  }
  SectionReader.prototype.view = function (field, lenBytes) {
    bytesAt = skip(this, lenBytes);
    return view.call(this, field, lenBytes);
  };
  try {
    read();
  } finally {
    for (const [name, original] of originals) reader[name] = original;
    SectionReader.prototype.view = view;
  }
  return fields;
}

/** The section, with something else in it. */
export function mutated(section: Uint8Array, fields: readonly ReadField[], random: Random): Uint8Array {
  const bytes = section.slice();
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const kind = random.below(10);
    if (kind < 7) setField(bytes, random.pick(fields), random);
    else if (kind === 7) bytes[random.below(bytes.length)] = random.below(256);
    else if (kind === 8)
      bytes.copyWithin(random.below(bytes.length), random.below(bytes.length), random.below(bytes.length));
    else return random.below(2) === 0 ? bytes.slice(0, random.below(bytes.length)) : widened(bytes, random);
  }
  return bytes;
}

function setField(bytes: Uint8Array, { at, lenBytes }: ReadField, random: Random): void {
  const field = bytes.subarray(at, at + lenBytes);
  switch (random.below(6)) {
    case 0:
      field.fill(0);
      break;
    case 1:
      field.fill(0xff);
      break;
    case 2:
      field[0] = ((field[0] as number) + 1) & 0xff;
      break;
    case 3:
      field[0] = ((field[0] as number) - 1) & 0xff;
      break;
    case 4:
      field[random.below(lenBytes)] = 1 << random.below(8);
      break;
    default:
      field.set(random.bytes(lenBytes));
  }
}

function widened(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  const more = random.bytes(1 + random.below(40));
  return new Uint8Array([...bytes.subarray(0, at), ...more, ...bytes.subarray(at)]);
}
