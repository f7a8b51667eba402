// One descriptor of a packed virtqueue: struct pvirtq_desc, VIRTIO 1.2 section 2.8.13, little-endian.
//
//   0               8       12    14    16
//   ┌───────────────┬───────┬─────┬─────┐     flags  0x0001 NEXT   the buffer goes on in the next descriptor
//   │ addr          │ len   │ id  │flags│            0x0080 AVAIL  ┐ posted: AVAIL = wrap counter, USED = its inverse
//   └───────────────┴───────┴─────┴─────┘            0x8000 USED   ┘ used:   both equal the device's wrap counter
//
// addr is a linear-memory address here, so its upper half is zero. The two bits carry the wrap counter of the lap in
// which they were written (section 2.8.1), so no index has to be shared and no bit has to be cleared.
import {
  DESC_ADDR,
  DESC_BYTES,
  DESC_F_AVAIL,
  DESC_F_NEXT,
  DESC_F_USED,
  DESC_FLAGS,
  DESC_ID,
  DESC_LEN,
} from "../layout";

@unmanaged
export class Desc {
  addr: u64;
  len: u32;
  id: u16;
  flags: u16;
}

if (offsetof<Desc>() != DESC_BYTES) ERROR("Desc: size");
if (offsetof<Desc>("addr") != DESC_ADDR) ERROR("Desc: addr");
if (offsetof<Desc>("len") != DESC_LEN) ERROR("Desc: len");
if (offsetof<Desc>("id") != DESC_ID) ERROR("Desc: id");
if (offsetof<Desc>("flags") != DESC_FLAGS) ERROR("Desc: flags");

/** Flags of a descriptor posted in a lap whose wrap counter is wrap (0 or 1). */
export function availFlags(wrap: u32): u32 {
  return wrap ? DESC_F_AVAIL : DESC_F_USED;
}

/** Flags of a descriptor used in a lap whose wrap counter is wrap (0 or 1). */
export function usedFlags(wrap: u32): u32 {
  return wrap ? DESC_F_AVAIL | DESC_F_USED : 0;
}

/** True when the flags were written by the posting side in the lap of wrap. */
export function isAvail(flags: u32, wrap: u32): bool {
  return (flags & (DESC_F_AVAIL | DESC_F_USED)) == availFlags(wrap);
}

/** True when the flags were written by the device in the lap of wrap. */
export function isUsed(flags: u32, wrap: u32): bool {
  return (flags & (DESC_F_AVAIL | DESC_F_USED)) == usedFlags(wrap);
}

export function hasNext(flags: u32): bool {
  return (flags & DESC_F_NEXT) != 0;
}
