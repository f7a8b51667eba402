// A connection without a segment for a while goes, finished or not: its ends may have gone without a word. A walk looks at so many
// buckets of either table, and goes on where it was.
import { HALF_BYTES, HALF_LAST_TICK, TABLE_END } from "../layout";
import { tableRemove } from "../table/insert";
import { Table } from "../table/table";
import { tableKey, tableNextBefore, tableValue } from "../table/walk";
import { Monitor } from "./monitor";

/** So many buckets of each table; returns the connections that went. */
export function healthAge(monitor: usize, steps: u32): u32 {
  const o = changetype<Monitor>(monitor);
  const before = o.freeCount;
  for (let i: u32 = 0; i < steps; i++) {
    o.age4 = ageBucket(o, o.flows4 as usize, o.age4);
    o.age6 = ageBucket(o, o.flows6 as usize, o.age6);
  }
  const gone = o.freeCount - before;
  o.aged += gone;
  return gone;
}

/** Returns the bucket to go on with. */
function ageBucket(o: Monitor, table: usize, bucket: u32): u32 {
  const end = (bucket + 1) << 2;
  for (let slot = bucket << 2; slot < end; slot++) {
    slot = tableNextBefore(table, slot, end);
    if (slot == TABLE_END) break;
    const connection = tableValue(table, slot);
    if (quietFor(connection as usize, o.tick) <= o.idleTicks) continue;
    tableRemove(table, tableKey(table, slot));
    store<u32>((o.free as usize) + ((o.freeCount as usize) << 2), connection);
    o.freeCount += 1;
  }
  return bucket < changetype<Table>(table).mask ? bucket + 1 : 0;
}

/** Ticks since a segment of either direction. */
function quietFor(connection: usize, tick: u32): u32 {
  const lower = (tick - (load<u16>(connection, HALF_LAST_TICK) as u32)) & 0xffff;
  const higher = (tick - (load<u16>(connection, HALF_BYTES + HALF_LAST_TICK) as u32)) & 0xffff;
  return min(lower, higher);
}
