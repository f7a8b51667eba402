/**
 * Control records: how two ends agree on their streams, out of band. Several go in one transfer, eight bytes each, big endian:
 *
 *   type 8 │ 0 8 │ stream 16 │ value 32
 */

export type Control =
  /** A new stream: value is the opener's port, 16 bits, and the taker's. Nothing of it is sent before it is accepted. */
  | { readonly type: "open"; readonly stream: number; readonly value: number }
  | { readonly type: "accept"; readonly stream: number; readonly value: 0 }
  | { readonly type: "refuse"; readonly stream: number; readonly value: 0 }
  /** So many more bytes of the stream may be sent. */
  | { readonly type: "credit"; readonly stream: number; readonly value: number }
  /** The taker sends nothing more of the stream, and its number is free. */
  | { readonly type: "closed"; readonly stream: number; readonly value: 0 };

export const CONTROL_BYTES = 8;
const TYPES = ["open", "accept", "refuse", "credit", "closed"] as const;
const VALUE_MAX = { open: 2 ** 32 - 1, accept: 0, refuse: 0, credit: 2 ** 31 - 1, closed: 0 } as const;

export function encodeControls(controls: readonly Control[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(controls.length * CONTROL_BYTES));
  for (const [i, { type, stream, value }] of controls.entries()) {
    view.setUint8(i * CONTROL_BYTES, TYPES.indexOf(type) + 1);
    view.setUint16(i * CONTROL_BYTES + 2, stream);
    view.setUint32(i * CONTROL_BYTES + 4, value);
  }
  return new Uint8Array(view.buffer);
}

/** The records that are sound, and how many are not: those mean nothing, and harm no other. */
export function decodeControls(bytes: Uint8Array): { controls: Control[]; bad: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const controls: Control[] = [];
  const whole = Math.floor(bytes.length / CONTROL_BYTES);
  for (let at = 0; at < whole * CONTROL_BYTES; at += CONTROL_BYTES) {
    const type = TYPES[view.getUint8(at) - 1];
    const value = view.getUint32(at + 4);
    if (type === undefined || view.getUint8(at + 1) !== 0 || value > VALUE_MAX[type]) continue;
    controls.push({ type, stream: view.getUint16(at + 2), value } as Control);
  }
  return { controls, bad: Math.ceil(bytes.length / CONTROL_BYTES) - controls.length };
}
