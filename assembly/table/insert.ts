// Insert and remove. An insert whose six slots are taken looks for the shortest chain of entries that can each move to their
// other bucket, the last into an empty slot: breadth first, over at most SEARCH_MAX entries, so it costs at most that many
// hashes. It moves them from the last to the first, so that every entry is findable at every step. A shortest chain meets no
// bucket twice, since the part between could be left out.
//
// Removals leave room in first buckets whose entries are in their second. So that this does not add up, every insert brings
// home what it finds away from home in the key's first bucket.
import {
  TABLE_BAD_VALUE,
  TABLE_END,
  TABLE_FULL,
  TABLE_INSERTED,
  TABLE_MISS,
  TABLE_SEARCH,
  TABLE_UPDATED,
  TABLE_WAYS,
} from "../layout";
import { copyKey, hashKey } from "./key";
import { find, setSlotValue, slotValue } from "./lookup";
import { AWAY, emptySlot, Place, slotBucket, slotKey, Table } from "./table";

/** Entries that a search looks at: the six of the key's buckets and three for each of 83 more. */
const SEARCH_MAX: u32 = 255;
/** What the search keeps of an entry: its slot, and which entry would move into that. */
const SEARCH_BYTES: i32 = 8;
const SEARCH_PARENT: i32 = 4;
const NO_PARENT: u32 = 0xffffffff;

/**
 * Sets a key's value: TABLE_INSERTED or TABLE_UPDATED. Otherwise nothing has changed: TABLE_FULL when the table holds its
 * capacity or no room was found for this key; TABLE_BAD_VALUE for the value TABLE_MISS. key may not point into the table.
 */
export function tableInsert(table: usize, key: usize, value: u32): u32 {
  if (value == TABLE_MISS) return TABLE_BAD_VALUE;
  const t = changetype<Table>(table);
  const hash = hashKey(t, key);
  let slot = find(t, key, hash);
  if (slot != TABLE_END) {
    setSlotValue(t, slot, value);
    return TABLE_UPDATED;
  }
  slot = t.entries < t.capacity ? makeRoom(t, hash) : TABLE_END;
  if (slot == TABLE_END) {
    t.refused += 1;
    return TABLE_FULL;
  }
  copyKey(t, slotKey(t, slot), key);
  setSlotValue(t, slot, value);
  setTag(t, slot, Place.tag(hash), u32(slot >> 2 != ((hash as u32) & t.mask)));
  t.entries += 1;
  return TABLE_INSERTED;
}

/** Removes a key; returns the value it had, or TABLE_MISS when it was not there. No other entry moves. */
export function tableRemove(table: usize, key: usize): u32 {
  const t = changetype<Table>(table);
  const slot = find(t, key, hashKey(t, key));
  if (slot == TABLE_END) return TABLE_MISS;
  setTag(t, slot, 0, 0);
  t.entries -= 1;
  return slotValue(t, slot);
}

/** An empty slot in one of the hash's buckets, emptied if need be, or TABLE_END. */
function makeRoom(t: Table, hash: u64): u32 {
  const first = (hash as u32) & t.mask;
  const second = Place.other(first, hash, t.mask);
  bringHome(t, first);
  let slot = emptySlot(t, first);
  if (isSlot(slot)) return slot;
  slot = emptySlot(t, second);
  if (isSlot(slot)) return slot;
  return search(t, first, second);
}

/** Moves the entries that are in this bucket as their second to their first, where there is room by now. */
function bringHome(t: Table, bucket: u32): void {
  for (let away = load<u8>(slotBucket(t, bucket << 2), AWAY) as u32; away != 0; away &= away - 1) {
    const slot = (bucket << 2) + ctz(away);
    const empty = emptySlot(t, (hashKey(t, slotKey(t, slot)) as u32) & t.mask);
    if (isSlot(empty)) move(t, slot, empty);
  }
}

function search(t: Table, first: u32, second: u32): u32 {
  let end = addBucket(t, addBucket(t, 0, first, NO_PARENT), second, NO_PARENT);
  for (let at: u32 = 0; at < end; at++) {
    const slot = searched(t, at);
    const bucket = Place.other(slot >> 2, hashKey(t, slotKey(t, slot)), t.mask);
    const empty = emptySlot(t, bucket);
    if (isSlot(empty)) return moveChain(t, at, empty);
    if (end + TABLE_WAYS <= SEARCH_MAX) end = addBucket(t, end, bucket, at);
  }
  return TABLE_END;
}

/** Adds a full bucket's entries to what the search looks at, behind end; returns the new end. */
function addBucket(t: Table, end: u32, bucket: u32, parent: u32): u32 {
  for (let way = 0; way < TABLE_WAYS; way++) {
    const node = changetype<usize>(t) + end * SEARCH_BYTES;
    store<u32>(node, (bucket << 2) + way, TABLE_SEARCH);
    store<u32>(node, parent, TABLE_SEARCH + SEARCH_PARENT);
    end++;
  }
  return end;
}

/** Moves the entry that was searched at that place into the empty slot, and so on; returns the slot that is empty in the end. */
function moveChain(t: Table, at: u32, empty: u32): u32 {
  while (at != NO_PARENT) {
    const slot = searched(t, at);
    move(t, slot, empty);
    empty = slot;
    at = load<u32>(changetype<usize>(t) + at * SEARCH_BYTES, TABLE_SEARCH + SEARCH_PARENT);
  }
  return empty;
}

/** Moves an entry to an empty slot of its other bucket. */
function move(t: Table, slot: u32, empty: u32): void {
  const bucket = slotBucket(t, slot);
  const way = slot & 3;
  copyKey(t, slotKey(t, empty), slotKey(t, slot));
  setSlotValue(t, empty, slotValue(t, slot));
  setTag(t, empty, load<u8>(bucket + way), (((load<u8>(bucket, AWAY) as u32) >> way) & 1) ^ 1);
  setTag(t, slot, 0, 0);
  t.moves += 1;
}

function searched(t: Table, at: u32): u32 {
  return load<u32>(changetype<usize>(t) + at * SEARCH_BYTES, TABLE_SEARCH);
}

function isSlot(slot: u32): bool {
  return (slot & 3) != TABLE_WAYS;
}

/** tag 0 empties the slot; away is 1 for an entry in its second bucket. */
function setTag(t: Table, slot: u32, tag: u32, away: u32): void {
  const bucket = slotBucket(t, slot);
  const way = slot & 3;
  store<u8>(bucket + way, tag);
  const others = (load<u8>(bucket, AWAY) as u32) & ~(1 << way);
  store<u8>(bucket, others | (away << way), AWAY);
}
