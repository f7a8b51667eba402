// The TCP connections that are followed, so that it can be told what is seen again, what is late and what is echoed. They are as many
// as was planned, whoever's they are; what finds no room is counted and not followed. One that was quiet for a while goes (age.ts).
//
//   │ flows4 │ flows6 │ free │ freeCount │    tables by key (connection.ts); connections that nobody uses
//   │ tick │ idleTicks │ age4 │ age6 │        the host's time, and where the walk for quiet ones goes on
//   │ nowNs │ made │ aged │ refused │        u64; nowNs is the time of frames that carry none
//   │ skipped │ forgotten │                  u64
//   │ touched │ unused 12 │
//   │ key 48 │                               of the frame being looked at
//   │ halves │                               of a burst's frames, behind the record: MONITOR_RUN u32
import {
  MONITOR_AGE4,
  MONITOR_AGE6,
  MONITOR_AGED,
  MONITOR_FLOWS4,
  MONITOR_FLOWS6,
  MONITOR_FORGOTTEN,
  MONITOR_FREE,
  MONITOR_FREE_COUNT,
  MONITOR_HALVES,
  MONITOR_IDLE_TICKS,
  MONITOR_KEY,
  MONITOR_MADE,
  MONITOR_NOW_NS,
  MONITOR_REFUSED,
  MONITOR_SKIPPED,
  MONITOR_TICK,
  MONITOR_TOUCHED,
} from "../layout";

@unmanaged
export class Monitor {
  flows4: u32;
  flows6: u32;
  free: u32;
  freeCount: u32;
  /** Of the host's, of any length; connections keep its lower 16 bits. */
  tick: u32;
  /** Ticks without a segment after which a connection goes: less than 2^16. */
  idleTicks: u32;
  /** Buckets at which the walks go on. */
  age4: u32;
  age6: u32;
  nowNs: u64;
  /** Connections that were begun, that went, and segments that found no room for theirs. */
  made: u64;
  aged: u64;
  refused: u64;
  /** TCP frames that say too little: fragments, cut headers, segments longer than any window. */
  skipped: u64;
  /** Holes that found no room in their connection. */
  forgotten: u64;
  /** What the first pass of a burst read: kept, so that no compiler leaves it out. */
  touched: u32;
  unused1: u32;
  unused2: u64;
  key0: v128;
  key1: v128;
  key2: v128;
}

if (offsetof<Monitor>() != MONITOR_HALVES) ERROR("Monitor: size");
if (offsetof<Monitor>("flows4") != MONITOR_FLOWS4) ERROR("Monitor: flows4");
if (offsetof<Monitor>("flows6") != MONITOR_FLOWS6) ERROR("Monitor: flows6");
if (offsetof<Monitor>("free") != MONITOR_FREE) ERROR("Monitor: free");
if (offsetof<Monitor>("freeCount") != MONITOR_FREE_COUNT) ERROR("Monitor: freeCount");
if (offsetof<Monitor>("tick") != MONITOR_TICK) ERROR("Monitor: tick");
if (offsetof<Monitor>("idleTicks") != MONITOR_IDLE_TICKS) ERROR("Monitor: idleTicks");
if (offsetof<Monitor>("age4") != MONITOR_AGE4) ERROR("Monitor: age4");
if (offsetof<Monitor>("age6") != MONITOR_AGE6) ERROR("Monitor: age6");
if (offsetof<Monitor>("nowNs") != MONITOR_NOW_NS) ERROR("Monitor: nowNs");
if (offsetof<Monitor>("made") != MONITOR_MADE) ERROR("Monitor: made");
if (offsetof<Monitor>("aged") != MONITOR_AGED) ERROR("Monitor: aged");
if (offsetof<Monitor>("refused") != MONITOR_REFUSED) ERROR("Monitor: refused");
if (offsetof<Monitor>("skipped") != MONITOR_SKIPPED) ERROR("Monitor: skipped");
if (offsetof<Monitor>("forgotten") != MONITOR_FORGOTTEN) ERROR("Monitor: forgotten");
if (offsetof<Monitor>("touched") != MONITOR_TOUCHED) ERROR("Monitor: touched");
if (offsetof<Monitor>("key0") != MONITOR_KEY) ERROR("Monitor: key0");
