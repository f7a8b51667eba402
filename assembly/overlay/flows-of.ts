// The flows or fragments of some addresses of a network, for control code that moves them to another host: a walk in steps, each a part of
// the table. Rows are made of keys (flow.ts), without the zeros at the end of the long ones, and values.
//
//   out   │ rows 4 │ source │ destination │ ports or identification 4 │ network 2, protocol 1, kind 1 │ value 4 │ …
import { Copy } from "../copy";
import { TABLE_END } from "../layout";
import { tableKey, tableNext, tableValue } from "../table/walk";
import { Overlay } from "./overlay";

/** All of the kind's word but the protocol. */
const KIND_MASK: u32 = 0xffff00ff;

/**
 * Writes entries from a slot on to out, whose kind's word is that one but for the protocol, and of which one address at least is among own
 * (so many, one behind the other; all when there are none): at most n, of so many slots. Returns the slot to go on at, or TABLE_END.
 */
export function overlayFlowsOf(
  overlay: usize,
  isIpv6: bool,
  slot: u32,
  steps: u32,
  kind: u32,
  own: usize,
  ownCount: u32,
  out: usize,
  n: u32,
): u32 {
  const o = changetype<Overlay>(overlay);
  const table = (isIpv6 ? o.flows6 : o.flows4) as usize;
  const addressBytes: u32 = isIpv6 ? 16 : 4;
  const rowBytes = 2 * addressBytes + 12;
  let row = out + 4;
  let count: u32 = 0;
  slot = tableNext(table, slot);
  for (; slot != TABLE_END && count < n && steps != 0; steps--) {
    const key = tableKey(table, slot);
    const isKind = ((load<u32>(key + 2 * addressBytes, 4) ^ kind) & KIND_MASK) == 0;
    if (isKind && (ownCount == 0 || isOf(key, addressBytes, own, ownCount))) {
      Copy.bytes(row, key, 2 * addressBytes + 8);
      store<u32>(row + 2 * addressBytes, tableValue(table, slot), 8);
      row += rowBytes;
      count++;
    }
    slot = tableNext(table, slot + 1);
  }
  store<u32>(out, count);
  return slot;
}

function isOf(key: usize, addressBytes: u32, own: usize, ownCount: u32): bool {
  for (let i: u32 = 0; i < ownCount; i++) {
    const address = own + i * addressBytes;
    if (isSame(key, address, addressBytes) || isSame(key + addressBytes, address, addressBytes)) return true;
  }
  return false;
}

function isSame(a: usize, b: usize, bytes: u32): bool {
  if (bytes == 4) return load<u32>(a) == load<u32>(b);
  return v128.all_true<i8>(i8x16.eq(v128.load(a), v128.load(b)));
}
