/**
 * Which peers of which partitions have records of their own. A peer that sends to a partition is a stranger at first, charged to the
 * partition; it gets a record when there is room for its floor, and loses it when it has been idle.
 */
import { LIMIT_F_PEERS } from "../../../assembly/layout.js";
import { ConfigError } from "../../errors.js";
import { ipText, parseIp } from "../../overlay/address.js";
import type { Limiter } from "../controller/limiter.js";
import type { LimitPolicy } from "../policy.js";
import type { Accounts } from "./accounts.js";
import type { Healths } from "./healths.js";
import type { LedgerRecord, Stranger } from "./ledger-record.js";

/** ::ffff:0:0/96, under which IPv4 addresses are (RFC 4291 section 2.5.5.2). */
const MAPPED = [...new Array(10).fill(0), 0xff, 0xff];

/** Peers that are looked at in a tick: 64,000 a second with ticks of a millisecond. */
const LOOKED_AT = 64;
/** One that sends nothing any more as soon as it has a record was perhaps never there. */
const GHOST_MS = 1000;

interface Peer {
  readonly partition: string;
  readonly name: string;
  readonly owner: number;
  readonly key: Stranger;
  /** Frames that it had sent when it was last looked at, and since when there are no more. */
  frames: number;
  idleSinceMs: number;
}

/** A partition whose peers have records. */
interface PeersOf {
  readonly name: string;
  readonly policy: LimitPolicy;
}

/** What peers are part of. */
export interface PeersHome {
  readonly accounts: Accounts;
  readonly ledger: LedgerRecord;
  readonly limiter: Limiter;
  readonly healths: Healths;
}

export class Peers {
  readonly #accounts: Accounts;
  readonly #ledger: LedgerRecord;
  readonly #limiter: Limiter;
  readonly #healths: Healths;
  readonly #most: number;
  readonly #idleMs: number;
  /** Partitions whose peers have records, by the address of their own, and their peers' policies. */
  readonly #partitions = new Map<number, PeersOf>();
  /** In the order in which they will be looked at. */
  readonly #peers = new Set<Peer>();
  /** Peers with records, by partition. */
  readonly #counts = new Map<string, number>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor({ accounts, ledger, limiter, healths }: PeersHome, most: number, idleMs: number) {
    this.#accounts = accounts;
    this.#ledger = ledger;
    this.#limiter = limiter;
    this.#healths = healths;
    this.#most = most;
    this.#idleMs = idleMs;
  }

  addPartition(name: string, owner: number, policy: LimitPolicy): void {
    this.#partitions.set(this.#accounts.record(owner), { name, policy });
    this.#accounts.setFlag(owner, LIMIT_F_PEERS);
  }

  /** Its peers' frames are nobody's own from now on; the limiter removes their records. */
  removePartition(name: string): void {
    for (const [record, partition] of this.#partitions) if (partition.name === name) this.#partitions.delete(record);
    for (const peer of this.#peers) if (peer.partition === name) this.#forget(peer);
    this.#counts.delete(name);
    // Strangers that were seen for it are nobody's: its record may soon be another's. Those of others come again.
    this.#ledger.takeStrangers();
  }

  tick(nowMs: number): void {
    for (const stranger of this.#ledger.takeStrangers()) this.#admit(stranger, nowMs);
    // Ticks may follow every burst; nobody has been idle for longer since the last one of the same ms.
    if (nowMs - this.#lookedMs < 1) return;
    this.#lookedMs = nowMs;
    let left = Math.min(LOOKED_AT, this.#peers.size);
    for (const peer of this.#peers) {
      if (left-- === 0) break;
      // To the end of the line.
      this.#peers.delete(peer);
      this.#peers.add(peer);
      this.#look(peer, nowMs);
    }
  }

  /** Throws ConfigError when so many more peers of a partition, by these names, find no records. */
  check(partitionName: string, names: readonly string[]): void {
    const entry = this.#entryOf(partitionName);
    const most = entry ? this.#room(entry[1]) : 0;
    if (names.length > most)
      throw new ConfigError("peers", names.length, `at most ${most} more (limits of createEngine)`);
    for (const [i, name] of names.entries()) {
      if (peerName(addressOfPeer(name)) !== name)
        throw new ConfigError(`peers[${i}]`, name, "an IP address as it is written");
    }
  }

  /** A peer that came with its partition has that owner. */
  adopt(partitionName: string, name: string, owner: number, nowMs: number): void {
    const entry = this.#entryOf(partitionName);
    if (!entry) return;
    const [record, partition] = entry;
    this.#enter({ address: addressOfPeer(name), partition: record }, partition, owner, nowMs);
  }

  /** The address of a partition's own record, and its peers' policy. */
  #entryOf(partitionName: string): [number, PeersOf] | undefined {
    return [...this.#partitions].find(([, { name }]) => name === partitionName);
  }

  #admit(key: Stranger, nowMs: number): void {
    const partition = this.#partitions.get(key.partition);
    if (partition === undefined || this.#room(partition) === 0) return;
    const owner = this.#limiter.addPeer(partition.name, peerName(key.address));
    if (owner !== undefined) this.#enter(key, partition, owner, nowMs);
  }

  #enter(key: Stranger, { name: partition, policy }: PeersOf, owner: number, nowMs: number): void {
    const name = peerName(key.address);
    this.#healths.open(owner, policy);
    this.#accounts.setPartition(owner, this.#accounts.ownerAt(key.partition));
    if (this.#ledger.insertPeer(key, this.#accounts.record(owner))) {
      this.#counts.set(partition, (this.#counts.get(partition) ?? 0) + 1);
      this.#peers.add({ partition, name, owner, key, frames: 0, idleSinceMs: nowMs });
    } else {
      this.#limiter.remove(partition, name);
    }
  }

  /**
   * How many more peers of a partition find records: of all it has no more than its part, so that a flood of invented addresses leaves the
   * others' to them.
   */
  #room({ name, policy }: PeersOf): number {
    const part = Math.ceil(this.#most / this.#partitions.size) - (this.#counts.get(name) ?? 0);
    const left = Math.min(part, this.#most - this.#peers.size, this.#accounts.room, this.#healths.room(policy));
    return Math.max(0, left);
  }

  #look(peer: Peer, nowMs: number): void {
    const { frames, refused } = this.#accounts.totals(peer.owner);
    if (frames + refused !== peer.frames || this.#accounts.inUse(peer.owner) > 0) {
      peer.frames = frames + refused;
      peer.idleSinceMs = nowMs;
    } else if (nowMs - peer.idleSinceMs >= (peer.frames === 0 ? Math.min(this.#idleMs, GHOST_MS) : this.#idleMs)) {
      this.#forget(peer);
      this.#limiter.remove(peer.partition, peer.name);
    }
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer);
    this.#counts.set(peer.partition, (this.#counts.get(peer.partition) ?? 0) - 1);
    this.#ledger.removePeer(peer.key);
  }
}

/** A peer's address as text; an IPv4 address as such. */
export function peerName(address: Uint8Array): string {
  const isMapped = MAPPED.every((byte, i) => address[i] === byte);
  return ipText(isMapped ? address.subarray(MAPPED.length) : address);
}

/** What peerName has made text of, mapped into IPv6. Throws ConfigError for what is no address. */
function addressOfPeer(name: string): Uint8Array {
  const ip = parseIp("peer", name);
  return ip.length === 4 ? Uint8Array.of(...MAPPED, ...ip) : ip;
}
