/** Texts as UTF-8, so that what is read is what was written: a byte order mark is a character like any other. */
const ENCODER = new TextEncoder();

export function encodeUtf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Undefined for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
