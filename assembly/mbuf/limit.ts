// A limit: how many mbufs an owner may hold (system 7). An owner is an interface, a partition or a peer's address; whoever it is, its
// frames are charged to one record, a cache line. Whether the limits of a partition's peers, and of all partitions, fit into what
// there is, the control plane sees to when it sets them (src/limit): here one compare says yes.
//
//   │ inUse │ mark │ limit │ returned │ high │ low │ heldLeast │ heldMost │
//   │ bytes (u64) │ window │ flags │ owner │ refused │ chained │ unfilled │
//
// What happened since the window began, the control plane reads, and begins the next (src/limit/plane/accounts.ts): returned, high, low, held,
// bytes, refused, chained and unfilled. How many mbufs were filled need not be counted: those that came back, and what is in use more
// than when the window began. The most in use is seen when the first comes back, and by whoever reads. A window that should end before
// its time is put into the ledger's ring, once: when more than mark mbufs are in use, when a frame is refused, when window mbufs
// have come back.
import { ringEnqueue } from "../dma/ring";
import {
  LIMIT_BYTES,
  LIMIT_CHAINED,
  LIMIT_CHARGED_BYTES,
  LIMIT_F_DUE,
  LIMIT_F_PRESSURE,
  LIMIT_F_RETURNED,
  LIMIT_FLAGS,
  LIMIT_HELD_LEAST,
  LIMIT_HELD_MOST,
  LIMIT_HIGH,
  LIMIT_IN_USE,
  LIMIT_LIMIT,
  LIMIT_LOW,
  LIMIT_MARK,
  LIMIT_OWNER,
  LIMIT_REFUSED,
  LIMIT_RETURNED,
  LIMIT_UNFILLED,
  LIMIT_WINDOW,
} from "../layout";

@unmanaged
export class Limit {
  inUse: u32;
  /** Not above limit: beyond it, the slow way. */
  mark: u32;
  limit: u32;
  returned: u32;
  /** Most and fewest mbufs in use at once, as of when one last came back. */
  high: u32;
  low: u32;
  /** Least and most time that what came back was held, in microseconds. */
  heldLeast: u32;
  heldMost: u32;
  bytes: u64;
  /** Mbufs that come back before a window is due. */
  window: u32;
  flags: u32;
  /** Its number. */
  owner: u32;
  refused: u32;
  /** Mbufs of frames beside the first of each. */
  chained: u32;
  /** Of those that came back: those that nothing was in (limitBatch). */
  unfilled: u32;
}

if (offsetof<Limit>() != LIMIT_BYTES) ERROR("Limit: size");
if (offsetof<Limit>("inUse") != LIMIT_IN_USE) ERROR("Limit: inUse");
if (offsetof<Limit>("mark") != LIMIT_MARK) ERROR("Limit: mark");
if (offsetof<Limit>("limit") != LIMIT_LIMIT) ERROR("Limit: limit");
if (offsetof<Limit>("returned") != LIMIT_RETURNED) ERROR("Limit: returned");
if (offsetof<Limit>("high") != LIMIT_HIGH) ERROR("Limit: high");
if (offsetof<Limit>("low") != LIMIT_LOW) ERROR("Limit: low");
if (offsetof<Limit>("heldLeast") != LIMIT_HELD_LEAST) ERROR("Limit: heldLeast");
if (offsetof<Limit>("heldMost") != LIMIT_HELD_MOST) ERROR("Limit: heldMost");
if (offsetof<Limit>("bytes") != LIMIT_CHARGED_BYTES) ERROR("Limit: bytes");
if (offsetof<Limit>("window") != LIMIT_WINDOW) ERROR("Limit: window");
if (offsetof<Limit>("flags") != LIMIT_FLAGS) ERROR("Limit: flags");
if (offsetof<Limit>("owner") != LIMIT_OWNER) ERROR("Limit: owner");
if (offsetof<Limit>("refused") != LIMIT_REFUSED) ERROR("Limit: refused");
if (offsetof<Limit>("chained") != LIMIT_CHAINED) ERROR("Limit: chained");
if (offsetof<Limit>("unfilled") != LIMIT_UNFILLED) ERROR("Limit: unfilled");

/** A class because asc inlines on demand only decorated methods. */
export class Account {
  /** A frame of that many mbufs and bytes for the owner; false, counted, and nothing taken, when it may hold no more. */
  @inline
  static charge(due: usize, record: usize, mbufs: u32, bytes: u32): bool {
    const r = changetype<Limit>(record);
    const inUse = r.inUse + mbufs;
    if (inUse > r.mark) {
      if (!mayHold(due, record, inUse)) return false;
    }
    r.inUse = inUse;
    r.bytes += bytes;
    if (mbufs > 1) r.chained += mbufs - 1;
    return true;
  }

  /** Mbufs of the owner came back that it held for so many microseconds. Extremes are stored only when they are. */
  @inline
  static release(due: usize, record: usize, mbufs: u32, heldUs: u32): void {
    const r = changetype<Limit>(record);
    const before = r.inUse;
    if (!ASC_NO_ASSERT) assert(before >= mbufs, "more came back than was charged");
    const inUse = before - mbufs;
    const returned = r.returned + mbufs;
    r.inUse = inUse;
    r.returned = returned;
    if (before > r.high) r.high = before;
    if (inUse < r.low) r.low = inUse;
    if (heldUs < r.heldLeast) r.heldLeast = heldUs;
    if (heldUs > r.heldMost) r.heldMost = heldUs;
    if (returned >= r.window) becomesDue(due, record, LIMIT_F_RETURNED);
  }
}

/** The slow way of a charge: near the limit, or beyond. */
function mayHold(due: usize, record: usize, inUse: u32): bool {
  const r = changetype<Limit>(record);
  becomesDue(due, record, LIMIT_F_PRESSURE);
  if (inUse <= r.limit) return true;
  r.refused += 1;
  return false;
}

function becomesDue(due: usize, record: usize, why: u32): void {
  const r = changetype<Limit>(record);
  const flags = r.flags;
  if ((flags & LIMIT_F_DUE) != 0) return;
  // Without room it stays as it is, and is due at the next occasion.
  if (ringEnqueue(due, r.owner)) r.flags = flags | why;
}

/** Account.charge for who counts mbufs without having them: a replay of a capture. */
export function limitCharge(due: usize, record: usize, mbufs: u32, bytes: u32): bool {
  return Account.charge(due, record, mbufs, bytes);
}

/** Account.release for the same. */
export function limitRelease(due: usize, record: usize, mbufs: u32, heldUs: u32): void {
  Account.release(due, record, mbufs, heldUs);
}

/**
 * A batch was handed to the owner: so many mbufs were filled of those that its limit let the batch have, all of which count as returned.
 * For the reading of a limit as the depth of a batch, in which nothing is in use between batches.
 */
export function limitBatch(due: usize, record: usize, filled: u32): void {
  const r = changetype<Limit>(record);
  const offered = r.limit;
  // A frame that alone has more is a batch of its own.
  const part = min(filled, offered);
  r.returned += offered;
  r.unfilled += offered - part;
  if (part > 1) r.chained += part - 1;
  r.high = max(r.high, part);
  if (part > r.mark) becomesDue(due, record, LIMIT_F_PRESSURE);
  else if (r.returned >= r.window) becomesDue(due, record, LIMIT_F_RETURNED);
}
