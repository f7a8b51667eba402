/** Addresses that the data plane has learned for a partition (assembly/lag/identity.ts), read and written by the control plane. */
import { IDENTITY_BUCKET_BYTES, IDENTITY_F_LEARNED, IDENTITY_TICK, IDENTITY_WAYS } from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import { ConfigError } from "../errors.js";
import { macText } from "../overlay/address.js";
import { identityKey } from "./addresses.js";
import type { GroupRecord } from "./group-record.js";
import type { Partition } from "./partition.js";

export interface LearnedAddress {
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** Seconds since it was seen. */
  readonly ageSeconds: number;
}

const VALUES = 32;
const TICKS = 48;

export class LearnedAddresses {
  readonly #owner: FrameOwner;
  readonly #record: GroupRecord;

  constructor(owner: FrameOwner, record: GroupRecord) {
    this.#owner = owner;
    this.#record = record;
  }

  /** A partition's, ascending by address. */
  of(partition: Partition): LearnedAddress[] {
    const { record } = partition;
    if (record.learned === 0) return [];
    const { u8, u32 } = this.#owner.arena;
    const wanted = (record.ptr | IDENTITY_F_LEARNED) >>> 0;
    const { identity, identityBuckets, identityCount } = this.#record;
    const tick = u32[(identity + IDENTITY_TICK) >> 2] as number;
    const found: LearnedAddress[] = [];
    for (let i = 0; i <= identityCount; i++) {
      const bucket = identityBuckets + i * IDENTITY_BUCKET_BYTES;
      for (let way = 0; way < IDENTITY_WAYS; way++) {
        if (u32[((bucket + VALUES) >> 2) + way] !== wanted) continue;
        const mac = u8.slice(bucket + way * 8, bucket + way * 8 + 6);
        found.push({ mac, ageSeconds: (tick - (u32[((bucket + TICKS) >> 2) + way] as number)) >>> 0 });
      }
    }
    return found.sort((a, b) => Number(keyOrder(a.mac) - keyOrder(b.mac)));
  }

  /** Throws ConfigError for more than the partition may learn, and for an address that is somebody's here. */
  check(partition: Partition, learned: readonly LearnedAddress[]): void {
    const { kernels } = this.#owner;
    const fresh = learned.filter(({ mac }, i) => {
      const owner = kernels.identityLookup(this.#record.identity, identityKey(mac, partition.net)) >>> 0;
      if (owner !== 0 && owner !== (partition.record.ptr | IDENTITY_F_LEARNED) >>> 0) {
        throw new ConfigError(`learned[${i}].mac`, macText(mac), "nobody's address here");
      }
      return owner === 0;
    });
    const most = partition.learnedMax - partition.record.learned;
    if (fresh.length > most) throw new ConfigError("learned.length", fresh.length, `at most ${most} more (learn)`);
  }

  /** The partition's from now on; one that finds no room by its hash is learned when it is next seen. */
  add(partition: Partition, learned: readonly LearnedAddress[]): void {
    const { kernels, arena } = this.#owner;
    const { identity } = this.#record;
    const at = (identity + IDENTITY_TICK) >> 2;
    const tick = arena.u32[at] as number;
    const value = (partition.record.ptr | IDENTITY_F_LEARNED) >>> 0;
    for (const { mac, ageSeconds } of learned) {
      arena.u32[at] = (tick - ageSeconds) >>> 0;
      kernels.identityInsert(identity, identityKey(mac, partition.net), value);
    }
    arena.u32[at] = tick;
  }
}

/** As a number, the first byte the highest. */
function keyOrder(mac: Uint8Array): bigint {
  return mac.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
