/**
 * What an adapter is in its host's LAG group: its set of uplinks, by their places in the group's list, who owns its buckets, counters.
 *
 *   │ group 1: 0 without one, and then nothing follows │ mode 1 │ places 1 │ using 1 │ flags 1: 1 preempts, 2 ready for a time │ min links 1 │ 0 2 │
 *   │ preemption delay in ms 4 │ ready for, in ms 4 │ turn 4 │ buckets 4 │ learned addresses 4 │ 0 4 │
 *   │ counters 16 × 8 │ place 24 … │ owner of each bucket 1 … │ 0 to a multiple of 8 │ bytes sent by each bucket 8 … │ learned 12 … │
 *   place    │ role 1 │ buckets were given to it 1 │ weight 2 │ 0 4 │ frames sent 8 │ frames received 8 │
 *   learned  │ MAC address 6 │ 0 2 │ age in s 4 │  ascending by address
 */
import { GROUP_PORTS_MAX } from "../../../assembly/layout.js";
import { WEIGHT_MAX } from "../../lag/buckets.js";
import { CARRIED_COUNTERS, type CarriedPartition, type CarriedPlace } from "../../lag/carried.js";
import type { LearnedAddress } from "../../lag/learned.js";
import { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import type { StatePart, StateRefusal } from "../../migrate/state/part.js";
import { refuse } from "../../migrate/state/refusal.js";
import type { StateHome } from "./home.js";
import { refusing } from "./refusing.js";

const MODES = ["buckets", "modulo", "turn"] as const;
const ROLES = ["none", "member", "backup", "standalone"] as const;
const USING = ["none", "primary", "backup"] as const;
const [F_PREEMPT, F_READY] = [1, 2];
const BUCKETS_MAX = 65_536;
const LEARNED_MAX = 65_535;
const DELAY_MS_MAX = 86_400_000;
const STATION = 0x01;

export class LagPart implements StatePart {
  readonly name = "lag";
  readonly version = 1;
  readonly #home: StateHome;

  constructor(home: StateHome) {
    this.#home = home;
  }

  extract(nowMs: number): Uint8Array {
    const { attachment, plane } = this.#home;
    if (!plane.group || !attachment.lag) return new SectionWriter().u8(0).align(8).done();
    return encodeLag(plane.group.carried(attachment.lag, nowMs));
  }

  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal {
    return refusing(this.name, () => {
      const carried = decodeLag(new SectionReader(bytes));
      const { attachment, plane } = this.#home;
      // From a host without a group: what the attachment says here holds.
      if (!carried) return () => undefined;
      if (!plane.group || !attachment.lag) return refuse("group", 1, "0: this host's uplinks are no LAG group");
      const resume = plane.group.prepareCarried(attachment.lag, carried);
      return () => resume(nowMs);
    });
  }
}

export function encodeLag(carried: CarriedPartition): Uint8Array {
  const { mode, places, using, preempt, readyForMs, minLinks, preemptionDelayMs, turn, owners, learned } = carried;
  const writer = new SectionWriter(1024 + owners.length * 9);
  writer.u8(1).u8(MODES.indexOf(mode)).u8(places.length).u8(USING.indexOf(using));
  writer
    .u8((preempt ? F_PREEMPT : 0) | (readyForMs === undefined ? 0 : F_READY))
    .u8(minLinks)
    .u16(0);
  writer
    .u32(preemptionDelayMs)
    .u32(readyForMs ?? 0)
    .u32(turn)
    .u32(owners.length)
    .u32(learned.length)
    .u32(0);
  for (const counter of carried.counters) writer.u64(counter);
  for (const { role, isAssigned, weight, sentFrames, receivedFrames } of places) {
    writer
      .u8(ROLES.indexOf(role))
      .u8(isAssigned ? 1 : 0)
      .u16(weight)
      .u32(0)
      .u64(sentFrames)
      .u64(receivedFrames);
  }
  writer.bytes(owners).align(8);
  for (const load of carried.loads) writer.u64(load);
  for (const { mac, ageSeconds } of learned) writer.bytes(mac).u16(0).u32(ageSeconds);
  return writer.done();
}

/** Undefined where there was no group; ends the reading for what no partition can be. */
export function decodeLag(reader: SectionReader): CarriedPartition | undefined {
  if (reader.u8("group", 1) === 0) {
    reader.zeros("reserved", 7);
    reader.end();
    return undefined;
  }
  const mode = MODES[reader.u8("mode", MODES.length - 1)] as (typeof MODES)[number];
  const placeCount = reader.u8("places.length", GROUP_PORTS_MAX);
  const using = USING[reader.u8("using", USING.length - 1)] as (typeof USING)[number];
  const flags = reader.u8("flags", F_PREEMPT | F_READY);
  const minLinks = reader.u8("minLinks");
  reader.zeros("reserved", 2);
  const preemptionDelayMs = reader.u32("preemptionDelayMs", DELAY_MS_MAX);
  const readyFor = reader.u32("readyForMs");
  const isReady = (flags & F_READY) !== 0;
  if (!isReady && readyFor !== 0) refuse("readyForMs", readyFor, "0 of members that cannot be used");
  const turn = reader.u32("turn");
  const buckets = reader.u32("buckets", BUCKETS_MAX, 1);
  const learnedCount = reader.u32("learned.length", LEARNED_MAX);
  reader.zeros("reserved", 4);
  const counters = Array.from({ length: CARRIED_COUNTERS }, (_, i) => reader.u64(`counters[${i}]`));
  const places = reader.list("places", placeCount, () => readPlace(reader));
  const owners = reader.bytes("owners", buckets);
  reader.align(8);
  const loads = BigUint64Array.from({ length: buckets }, (_, i) => reader.u64(`loads[${i}]`));
  const learned = readLearned(reader, learnedCount);
  reader.end();
  return {
    ...{ mode, places, using, minLinks, preemptionDelayMs, turn, owners, loads, counters, learned },
    preempt: (flags & F_PREEMPT) !== 0,
    readyForMs: isReady ? readyFor : undefined,
  };
}

function readPlace(reader: SectionReader): CarriedPlace {
  const role = ROLES[reader.u8("role", ROLES.length - 1)] as (typeof ROLES)[number];
  const isAssigned = reader.u8("isAssigned", 1) === 1;
  const weight = reader.u16("weight", WEIGHT_MAX, 1);
  reader.zeros("reserved", 4);
  const sentFrames = reader.u64("sentFrames");
  return { role, isAssigned, weight, sentFrames, receivedFrames: reader.u64("receivedFrames") };
}

function readLearned(reader: SectionReader, count: number): LearnedAddress[] {
  let last = -1;
  return reader.list("learned", count, () => {
    const mac = reader.bytes("mac", 6);
    const number = mac.reduce((sum, byte) => sum * 256 + byte, 0);
    if (((mac[0] as number) & STATION) !== 0 || number === 0) reader.refuse("mac", number, "one station's address");
    if (number <= last) reader.refuse("mac", number, "more than the one before");
    last = number;
    reader.zeros("reserved", 2);
    return { mac, ageSeconds: reader.u32("ageSeconds") };
  });
}
