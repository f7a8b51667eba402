// An endpoint: a partition's interface, by its network and MAC address, wherever it is. Records of IP addresses are of the same make:
// of an address that is seen where it is not its endpoint's own (behind a waypoint) only the class is wanted.
//
//   keys, 16 bytes   │ network 4 │ 0 4 │ MAC address 6 │ 0 2 │
//   and 32 bytes     │ network 4 │ 0 4 │ IP version 4 │ 0 4 │ IPv4 4, 0 12, or IPv6 16 │
import {
  ENDPOINT_BYTES,
  ENDPOINT_CLASS,
  ENDPOINT_CLASS4,
  ENDPOINT_CLASS6,
  ENDPOINT_DEADLINE,
  ENDPOINT_FLAGS,
  ENDPOINT_FORWARDS,
  ENDPOINT_GENERATION,
  ENDPOINT_GQPN,
  ENDPOINT_HOLD,
  ENDPOINT_HOST,
  ENDPOINT_IP4,
  ENDPOINT_IP6,
  ENDPOINT_LAST_USED,
  ENDPOINT_MAC,
  ENDPOINT_NETWORK,
  ENDPOINT_PEER,
  ENDPOINT_PEER_EPOCH,
  ENDPOINT_PSN,
  ENDPOINT_REFRESH_AFTER,
  ENDPOINT_RETAINED,
  ENDPOINT_ROUTE,
  ENDPOINT_STATE,
  ENDPOINT_TOLD,
  ENDPOINT_VNIC,
  STATE_FREE,
  STATE_LOCAL,
} from "../layout";
import { tableLookup } from "../table/lookup";
import { Overlay } from "./overlay";

@unmanaged
export class Endpoint {
  state: u32;
  network: u32;
  /** Its class by its first IPv4 address. */
  class4: u32;
  /** To its host; of one that is here 0, or where its guest has gone on to: guests here send there, what the underlay brings is diverted. */
  route: u32;
  /** Its first IPv4 address, in network order; 0 without. */
  ip4: u32;
  /** Its vnic here, or 0. */
  vnic: u32;
  gqpn: u32;
  /** The packet sequence number of the next frame to it. */
  psn: u32;
  flags: u32;
  lastUsed: u32;
  /** Frames that wait until it is known; 0 when none do. */
  hold: u32;
  /** The tick when an unanswered question, or an absence, ends; of one that is here, until when its last host may send on to it. */
  deadline: u32;
  /** As the first six bytes of a load. */
  mac: u64;
  /** The last frames that went to it by queue pair, or 0. */
  retained: u32;
  /** Frames for it that may still be sent on to where it has gone. */
  forwards: u32;
  /** Its first IPv6 address, in network order; zero without. */
  ip6: v128;
  /** Its host's underlay address, as the overlay's own; of one that is here, that of the host where it was before. */
  host: v128;
  class6: u32;
  /** Its class when no address says it. */
  class: u32;
  /** No question about it before this tick. */
  refreshAfter: u32;
  generation: u32;
  /** Hosts that were told lately that it is gone from here, a bit for those of a hash. */
  told: u64;
  /** The record that its frames were charged to last (peer.ts), and the ledger's epoch then. */
  peer: u32;
  peerEpoch: u32;
}

if (offsetof<Endpoint>() != ENDPOINT_BYTES) ERROR("Endpoint: size");
if (offsetof<Endpoint>("state") != ENDPOINT_STATE) ERROR("Endpoint: state");
if (offsetof<Endpoint>("network") != ENDPOINT_NETWORK) ERROR("Endpoint: network");
if (offsetof<Endpoint>("class4") != ENDPOINT_CLASS4) ERROR("Endpoint: class4");
if (offsetof<Endpoint>("route") != ENDPOINT_ROUTE) ERROR("Endpoint: route");
if (offsetof<Endpoint>("ip4") != ENDPOINT_IP4) ERROR("Endpoint: ip4");
if (offsetof<Endpoint>("vnic") != ENDPOINT_VNIC) ERROR("Endpoint: vnic");
if (offsetof<Endpoint>("gqpn") != ENDPOINT_GQPN) ERROR("Endpoint: gqpn");
if (offsetof<Endpoint>("psn") != ENDPOINT_PSN) ERROR("Endpoint: psn");
if (offsetof<Endpoint>("flags") != ENDPOINT_FLAGS) ERROR("Endpoint: flags");
if (offsetof<Endpoint>("lastUsed") != ENDPOINT_LAST_USED) ERROR("Endpoint: lastUsed");
if (offsetof<Endpoint>("hold") != ENDPOINT_HOLD) ERROR("Endpoint: hold");
if (offsetof<Endpoint>("deadline") != ENDPOINT_DEADLINE) ERROR("Endpoint: deadline");
if (offsetof<Endpoint>("mac") != ENDPOINT_MAC) ERROR("Endpoint: mac");
if (offsetof<Endpoint>("retained") != ENDPOINT_RETAINED) ERROR("Endpoint: retained");
if (offsetof<Endpoint>("forwards") != ENDPOINT_FORWARDS) ERROR("Endpoint: forwards");
if (offsetof<Endpoint>("ip6") != ENDPOINT_IP6) ERROR("Endpoint: ip6");
if (offsetof<Endpoint>("host") != ENDPOINT_HOST) ERROR("Endpoint: host");
if (offsetof<Endpoint>("class6") != ENDPOINT_CLASS6) ERROR("Endpoint: class6");
if (offsetof<Endpoint>("class") != ENDPOINT_CLASS) ERROR("Endpoint: class");
if (offsetof<Endpoint>("refreshAfter") != ENDPOINT_REFRESH_AFTER) ERROR("Endpoint: refreshAfter");
if (offsetof<Endpoint>("generation") != ENDPOINT_GENERATION) ERROR("Endpoint: generation");
if (offsetof<Endpoint>("told") != ENDPOINT_TOLD) ERROR("Endpoint: told");
if (offsetof<Endpoint>("peer") != ENDPOINT_PEER) ERROR("Endpoint: peer");
if (offsetof<Endpoint>("peerEpoch") != ENDPOINT_PEER_EPOCH) ERROR("Endpoint: peerEpoch");

const MAC_MASK: u64 = 0xffff_ffff_ffff;

/** A class because asc inlines on demand only decorated methods. */
export class Endpoints {
  /** The six bytes at that address as a number, of which a key is made. */
  @inline
  static macAt(ptr: usize): u64 {
    return load<u64>(ptr) & MAC_MASK;
  }

  @inline
  static writeKey(at: usize, network: usize, mac: u64): void {
    store<u64>(at, network as u64);
    store<u64>(at, mac, 8);
  }

  /** True for one whose guest is here, and has not gone on with its state. */
  @inline
  static isHere(endpoint: usize): bool {
    const e = changetype<Endpoint>(endpoint);
    return e.state == STATE_LOCAL && e.route == 0;
  }

  /** The record with that MAC address, or TABLE_MISS. */
  @inline
  static find(o: Overlay, network: usize, mac: u64): u32 {
    const key = o.scratch as usize;
    Endpoints.writeKey(key, network, mac);
    return tableLookup(o.endpoints as usize, key);
  }
}

/** A record in no use, all zero but for its state, or 0 when there is none. */
export function takeRecord(o: Overlay): usize {
  if (o.freeRecordCount == 0) return 0;
  o.freeRecordCount -= 1;
  const record = load<u32>((o.freeRecords as usize) + ((o.freeRecordCount as usize) << 2)) as usize;
  memory.fill(record, 0, ENDPOINT_BYTES);
  return record;
}

/** A ring for held or kept frames, empty, or 0 when all are in use. */
export function takeRing(o: Overlay): usize {
  if (o.freeRingCount == 0) return 0;
  o.freeRingCount -= 1;
  return load<u32>((o.freeRings as usize) + ((o.freeRingCount as usize) << 2)) as usize;
}

/** Gives an empty ring back. */
export function giveRing(o: Overlay, ring: usize): void {
  store<u32>((o.freeRings as usize) + ((o.freeRingCount as usize) << 2), ring as u32);
  o.freeRingCount += 1;
}

/** Gives a record back that no table holds any more. */
export function giveRecord(o: Overlay, record: usize): void {
  changetype<Endpoint>(record).state = STATE_FREE;
  store<u32>((o.freeRecords as usize) + ((o.freeRecordCount as usize) << 2), record as u32);
  o.freeRecordCount += 1;
}
