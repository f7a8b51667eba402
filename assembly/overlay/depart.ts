// A frame leaves for another host: the path by its flow's hash, the size, the outer headers, an uplink. With a LAG group the uplink is
// chosen by the partition's own buckets (lag/partition.ts), and a frame whose bucket moves is held there, headers and all.

import { count } from "../counter";
import { Queue, queueFree } from "../dma/queue";
import { Ring, ringCount, ringEnqueue } from "../dma/ring";
import { hashBurst } from "../hash/burst";
import { Group, PORTS_MAX } from "../lag/group";
import { LEFT_DROPPED, Leave } from "../lag/leave";
import { Partition } from "../lag/partition";
import {
  COUNTER_HELD,
  DROP_NO_LIVE_PORT,
  DROP_NO_PATH,
  ENCAP_ROCEV2,
  FLAG_QINQ,
  FLAG_VLAN,
  NETWORK_F_CLAMP_MSS,
  OK,
  OWNER_NONE,
  PARTITION_COUNTERS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Encap } from "../path/encap";
import { flowHash } from "../path/hash";
import { makeSendable, Port } from "../path/port";
import { Single } from "../path/single";
import { Tunnel } from "../path/tunnel";
import { ETHERNET_BYTES, VLAN_BYTES } from "../wire/ethernet";
import { refuse } from "./deliver";
import { Endpoint } from "./endpoint";
import { Mss } from "./mss";
import { Network, Vnic } from "./network";
import { OUT_DROPPED, OUT_HELD, OUT_WAITS } from "./outcome";
import { Overlay } from "./overlay";
import { departByQueuePair } from "./queue-pair";
import { Route } from "./route";
import { tooBig } from "./too-big";

/** A class because asc inlines on demand only decorated methods. */
export class Depart {
  /** Sends a vnic's parsed frame to the host of an endpoint that is elsewhere. */
  @inline
  static to(o: Overlay, vnic: usize, endpoint: usize, m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const v = changetype<Vnic>(vnic);
    const n = changetype<Network>(v.network as usize);
    const hash = flowHash(m);
    const path = Route.path(changetype<Endpoint>(endpoint).route as usize, hash);
    if (path == 0) return refuse(m, v.port as usize, DROP_NO_PATH);
    if (mbuf.wireLen > changetype<Tunnel>(path).frameBytesMax) {
      if (mbuf.wireLen - tagBytes(mbuf) > changetype<Tunnel>(path).frameBytesMax) {
        return tooBig(o, vnic, endpoint, path, hash, m);
      }
    }
    if ((n.flags & NETWORK_F_CLAMP_MSS) != 0) Mss.clamp(m, changetype<Tunnel>(path).frameBytesMax - ETHERNET_BYTES);
    return Depart.by(o, vnic, endpoint, path, hash, m);
  }

  /** Sends a frame that fits by a path. */
  @inline
  static by(o: Overlay, vnic: usize, endpoint: usize, path: usize, hash: u32, m: usize): u32 {
    if ((changetype<Tunnel>(path).kind as u32) >= (ENCAP_ROCEV2 as u32)) {
      return departByQueuePair(o, vnic, endpoint, path, m);
    }
    if (o.group != 0) return byGroup(o, vnic, path, hash, m);
    return Depart.single(o, changetype<Vnic>(vnic).port as usize, path, hash, m);
  }

  /** Sends a frame that fits by a path over IP, without a group. */
  @inline
  static single(o: Overlay, ingress: usize, path: usize, hash: u32, m: usize): u32 {
    const number = changetype<Tunnel>(path).uplink;
    const uplink = o.uplinkAt(number);
    if (Single.mustWait(uplink, m)) return OUT_WAITS;
    let cause = Encap.hashed(m, path, hash);
    if (cause == OK) cause = makeSendable(uplink, ingress, m);
    if (cause != OK) return refuse(m, ingress, cause);
    Single.post(uplink, m);
    return number;
  }
}

/** True when the uplinks have room for so many frames by the path: in a group, each of its ports. */
export function hasRoom(o: Overlay, path: usize, frames: u32): bool {
  if (o.group == 0) return roomOn(o.uplinkAt(changetype<Tunnel>(path).uplink)) >= frames;
  for (let i: u32 = 0; i < o.uplinkCount; i++) {
    if (roomOn(o.uplinkAt(i)) < frames) return false;
  }
  return true;
}

/** True when the uplinks' queues, which are all of one size, could ever hold so many frames. */
export function queueHolds(o: Overlay, frames: u32): bool {
  return changetype<Queue>(changetype<Port>(o.uplinkAt(0)).txQueue as usize).size >= frames;
}

function roomOn(port: usize): u32 {
  return queueFree(changetype<Port>(port).txQueue as usize);
}

function byGroup(o: Overlay, vnic: usize, path: usize, hash: u32, m: usize): u32 {
  const v = changetype<Vnic>(vnic);
  const place = Uplinks.choose(o, v, m);
  if (place == OUT_WAITS || place == OUT_DROPPED) return place as u32;
  const cause = Encap.hashed(m, path, hash);
  if (cause != OK) return refuse(m, v.port as usize, cause);
  return Uplinks.leave(o, v, place, m);
}

/** The partition's part in choosing an uplink, in two steps: before the outer headers, and after them. */
export class Uplinks {
  /** Where a parsed frame of the vnic is to go: its bucket's address; or it waits, or was dropped. */
  static choose(o: Overlay, v: Vnic, m: usize): usize {
    const g = changetype<Group>(o.group as usize);
    const partition = v.partition as usize;
    store<u32>(g.list as usize, m as u32);
    hashBurst(g.hash as usize, g.list as usize, g.hashes as usize, 1);
    const bucket = Partition.bucketOf(partition, load<u32>(g.hashes as usize), g.mask);
    const owner = load<u8>(bucket) as u32;
    if (owner == OWNER_NONE) return refuse(m, v.port as usize, DROP_NO_LIVE_PORT);
    if (owner < PORTS_MAX) return Single.mustWait(g.portAt(owner), m) ? (OUT_WAITS as usize) : bucket;
    const held = g.hold as usize;
    return ringCount(held) > changetype<Ring>(held).mask ? (OUT_WAITS as usize) : bucket;
  }

  /** Sends a frame that is ready by the port of its bucket, or holds it until the bucket has moved. */
  static leave(o: Overlay, v: Vnic, bucket: usize, m: usize): u32 {
    const g = changetype<Group>(o.group as usize);
    const partition = v.partition as usize;
    const owner = load<u8>(bucket) as u32;
    if (owner < PORTS_MAX) {
      const left = Leave.by(g, owner, partition, bucket, m, v.port as usize);
      return left == LEFT_DROPPED ? OUT_DROPPED : left;
    }
    ringEnqueue(g.hold as usize, m as u32);
    changetype<Mbuf>(m).hash = bucket as u32;
    count(partition + PARTITION_COUNTERS, COUNTER_HELD, 1);
    return OUT_HELD;
  }
}

/** Tags do not count for the size of a frame. */
function tagBytes(mbuf: Mbuf): u32 {
  if ((mbuf.flags & FLAG_VLAN) == 0) return 0;
  return (mbuf.flags & FLAG_QINQ) != 0 ? 2 * VLAN_BYTES : VLAN_BYTES;
}
