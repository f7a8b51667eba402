// Moving buckets from port to port so that no frame overtakes another of its flow. A bucket that is to move is marked: its frames
// are held, in order. When nothing of it is in flight on the port that it leaves (and, where the peer must say so, when the peer
// has answered a marker, IEEE 802.1AX-2020 6.5), the held frames leave by the new port, and the bucket is settled there.
//
//   owner          state                what happens
//   old │ MOVING   0                    settles when no frame of it is in the old port's queue
//   old │ MOVING   GATED                waits for the control plane to take the gate away
//   old │ MOVING   FORCED               settles at once: the old port is dead, or has had its time
//   new │ MOVING   FORCED               some of what was held has left by the new port; the rest waits for room there

import { Queue, slotOf } from "../dma/queue";
import { ringCount, ringDequeueBurst, ringEnqueue, ringPeek } from "../dma/ring";
import {
  DROP_NO_LIVE_PORT,
  MOVE_BLOCKED,
  MOVE_FORCED,
  MOVE_GATED,
  MOVE_IN_FLIGHT,
  OWNER_MOVING,
  OWNER_NONE,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { drop, Port } from "../path/port";
import { announceAll, Single } from "../path/single";
import { Group, partitionAt, partitionOfBucket } from "./group";
import { LEFT_DROPPED, Leave } from "./leave";
import { Partition } from "./partition";

/** Settles the buckets that can be; returns how many of the group still move. */
export function lagSettle(group: usize): u32 {
  const g = changetype<Group>(group);
  let moving: u32 = 0;
  for (let i: u32 = 0; i < g.partitionCount; i++) moving += changetype<Partition>(partitionAt(g, i)).moving;
  if (moving == 0) return 0;
  for (let i: u32 = 0; i < g.portCount; i++) noteInFlight(g, i);
  sendHeld(g);
  for (let i: u32 = 0; i < g.partitionCount; i++) moving -= settle(partitionAt(g, i));
  return moving;
}

/** Notes at the moving buckets of a port what is posted there and not reaped. */
function noteInFlight(g: Group, port: u32): void {
  const q = changetype<Queue>(changetype<Port>(g.portAt(port)).txQueue as usize);
  const end = g.partitions + g.partitionCount * g.partitionStride;
  for (let id: u32 = 0; id < q.size; id++) {
    const m = slotOf(q, id).mbuf as usize;
    if (m == 0) continue;
    const tag = changetype<Mbuf>(m).hash;
    // What others have posted there carries a flow hash, which can be any number.
    if (tag < g.partitions || tag >= end) continue;
    const p = changetype<Partition>(partitionOfBucket(g, tag as usize));
    if ((tag as usize) - Partition.ownersOf(p) < (p.buckets as usize)) noteMoving(p, tag as usize, port);
  }
}

/** One turn of the hold ring: what may go goes, as far as its port has room; the rest keeps its order. */
function sendHeld(g: Group): void {
  const ring = g.hold as usize;
  const list = g.list as usize;
  let touched: u32 = 0;
  for (let n = ringCount(ring); n > 0; n--) {
    const m = ringPeek(ring, 0) as usize;
    ringDequeueBurst(ring, list, 1);
    const bucket = changetype<Mbuf>(m).hash as usize;
    const partition = partitionOfBucket(g, bucket);
    const p = changetype<Partition>(partition);
    const state = stateOf(p, bucket);
    const next = load<u8>(bucket + (p.buckets as usize)) as u32;
    const ingress = ingressOf(g, p);
    if (mayMove(load<u8>(state) as u32)) {
      if (next == OWNER_NONE) {
        drop(ingress, m, DROP_NO_LIVE_PORT);
        continue;
      }
      if (!Single.mustWait(g.portAt(next), m)) {
        const left = Leave.by(g, next, partition, bucket, m, ingress);
        if (left == LEFT_DROPPED) continue;
        touched |= 1 << left;
        // It is there now, though the rest may find no room yet: if it is to go elsewhere, this port is what it leaves.
        store<u8>(bucket, next | OWNER_MOVING);
        addState(state, MOVE_FORCED);
        continue;
      }
      addState(state, MOVE_BLOCKED);
    }
    ringEnqueue(ring, m as u32);
  }
  announceAll(g.ports as usize, touched);
}

/** Gives a partition's buckets that may move to their next owners; returns how many. */
function settle(partition: usize): u32 {
  const p = changetype<Partition>(partition);
  const moving = p.moving;
  for (let b: u32 = 0; p.moving != 0 && b < p.buckets; b++) {
    const bucket = Partition.ownersOf(p) + (b as usize);
    const owner = load<u8>(bucket) as u32;
    if (owner == OWNER_NONE || (owner & OWNER_MOVING) == 0) continue;
    const at = stateOf(p, bucket);
    const state = load<u8>(at) as u32;
    if (mayMove(state)) {
      store<u8>(bucket, load<u8>(bucket + (p.buckets as usize)));
      store<u8>(at, 0);
      p.moving -= 1;
    } else {
      store<u8>(at, state & ~(MOVE_IN_FLIGHT | MOVE_BLOCKED));
    }
  }
  return moving - p.moving;
}

function mayMove(state: u32): bool {
  if ((state & (MOVE_GATED | MOVE_BLOCKED)) != 0) return false;
  return (state & MOVE_IN_FLIGHT) == 0 || (state & MOVE_FORCED) != 0;
}

/** Notes at a bucket, if it moves away from the port, that something of it is in flight there. */
function noteMoving(p: Partition, bucket: usize, port: u32): void {
  if ((load<u8>(bucket) as u32) == (port | OWNER_MOVING)) addState(stateOf(p, bucket), MOVE_IN_FLIGHT);
}

/** Where a bucket's state is: behind the owners and the next owners. */
function stateOf(p: Partition, bucket: usize): usize {
  return bucket + ((p.buckets as usize) << 1);
}

function addState(at: usize, bits: u32): void {
  store<u8>(at, (load<u8>(at) as u32) | bits);
}

/** Where a held frame is counted if it is dropped: its partition's vnic, or a switch's port to the network, or any. */
function ingressOf(g: Group, p: Partition): usize {
  if (p.vnic != 0) return p.vnic as usize;
  return g.network != 0 ? (g.network as usize) : g.portAt(0);
}
