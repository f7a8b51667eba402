/** Bytes for tests: from hex, joined, and the numbers that stand in them. Network byte order. */

/** Bytes from hex digits; white space is for the reader. */
export function hex(...lines: string[]): Uint8Array {
  const digits = lines.join("").replace(/\s/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) throw new Error(`not hex: ${digits}`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}

export function concat(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let off = 0;
  for (const part of parts) {
    whole.set(part, off);
    off += part.length;
  }
  return whole;
}

export function u16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value)];
}

export function u24(value: number): number[] {
  return [(value >>> 16) & 0xff, ...u16(value)];
}

/** The number in two bytes of a frame. */
export function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 256 + (bytes[at + 1] as number);
}

/** A MAC address as text. */
export function macText(mac: Iterable<number>): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** A MAC address from text. */
export function macFrom(text: string): Uint8Array {
  return hex(text.replaceAll(":", ""));
}

/** The number's two bytes, changed about: what a plain little-endian load makes of a network-order field. */
export function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

/** A copy with some bytes changed. */
export function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** Bytes that differ from each other and from their neighbours, for payloads whose content does not matter. */
export function counting(length: number, first = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i * 7) & 0xff);
}
