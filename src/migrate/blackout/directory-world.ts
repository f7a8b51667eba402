/**
 * Directory push: ringlane's hosts as they are, engines and all, on a fabric in virtual time with a directory. Who stops, and when, is what
 * the other schemes have, too; all else is the hosts' doing.
 */
import type { Port } from "../../buffer/port.js";
import { createEngine } from "../../engine.js";
import type { Attachment } from "../../host/attachment.js";
import { HostCore } from "../../host/core.js";
import { definePolicy } from "../../overlay/policy/policy.js";
import { createFabric, type Fabric } from "../../sim/fabric.js";
import { SimDirectory } from "../../sim/overlay-host.js";
import { BenchHost, type Guest } from "./bench-host.js";
import type { Course } from "./course.js";
import { limitsFor, QUEUE_MIN, queueFor } from "./move-room.js";
import type { BlackoutSettings } from "./options.js";

/** Where everybody is in the fabric: the VM's two hosts, then senders'. */
export const OLD_ADDRESS = "192.0.2.1";
export const NEW_ADDRESS = "192.0.2.2";
const SENDER_NET = "192.0.2.";
const SENDER_FIRST = 11;
const NETWORK = "net";
const POLICY = definePolicy({ networks: { [NETWORK]: { vni: 5000, default: "allow" } } });
/** Outer headers are not to fragment the largest frames. */
const UNDERLAY_MTU_BYTES = 1600;
/** Beside what waits in a guest's queue: on uplinks and in the data plane. */
const MBUFS_BESIDE = 2048;
/** What is held for one who is not known yet, and kept for one who has gone. */
const HELD_FRAMES = 512;

export interface DirectoryWorld {
  readonly fabric: Fabric;
  readonly old: Stand;
  readonly new: Stand;
  readonly senders: readonly Stand[];
  close(): void;
}

/** A host, and its port for a guest. */
export interface Stand {
  readonly core: HostCore;
  readonly vnic: Port;
  attach(guest: { readonly mac: string; readonly ip: string; readonly name: string }): Attachment;
}

/** Guests are made for their stands: what they send and take is theirs to say. */
export interface Guests {
  readonly old: (stand: Stand) => Guest;
  readonly new: (stand: Stand) => Guest;
  readonly sender: (stand: Stand, sender: number) => Guest;
  /** Sees what leaves a sender's host, as an underlay frame. */
  readonly sent: (frame: Uint8Array, nowMs: number) => void;
}

export async function makeDirectoryWorld(
  settings: BlackoutSettings,
  course: Course,
  guests: Guests,
): Promise<DirectoryWorld> {
  const { linkDelayMs: delayMs, linkRateBps: rateBps, directoryDelayMs, senders } = settings;
  const senderUplinks = new Set<Port>();
  const fabric = createFabric({
    seed: course.random("fabric").between(0, 2 ** 31 - 1),
    tap: ({ spans }, uplink) => {
      if (senderUplinks.has(uplink)) guests.sent(spans[0] as Uint8Array, fabric.nowMs);
    },
  });
  const jitterMs = directoryDelayMs * JITTER_SHARE;
  const directory = new SimDirectory(fabric, { delayMs: directoryDelayMs - jitterMs, jitterMs });
  const underlay = fabric.addNetwork("underlay", { delayMs, rateBps });
  const stands: Stand[] = [];
  const stand = async (place: StandPlace, guest: (stand: Stand) => Guest) => {
    const made = await makeStand(fabric, settings, place);
    fabric.addHost(new BenchHost(made.core, directory, guest(made)));
    underlay.attach(place.name);
    stands.push(made);
    return made;
  };
  const moving = { queueSize: queueFor(settings), isMoving: true };
  return {
    fabric,
    old: await stand({ name: "old", address: OLD_ADDRESS, ...moving }, guests.old),
    new: await stand({ name: "new", address: NEW_ADDRESS, ...moving }, guests.new),
    senders: await inOrder(senders, (i) => {
      const address = `${SENDER_NET}${SENDER_FIRST + i}`;
      return stand({ name: `s${i + 1}`, address, queueSize: QUEUE_MIN, isMoving: false }, (made) => {
        senderUplinks.add(made.core.uplinks[0] as Port);
        return guests.sender(made, i);
      });
    }),
    close: () => {
      for (const { core } of stands) core.engine.close();
    },
  };
}

interface StandPlace {
  readonly name: string;
  readonly address: string;
  /** Frames that its guest's queue holds. */
  readonly queueSize: number;
  /** A VM can come here, or go. */
  readonly isMoving: boolean;
}

/** As BGP's timers: the last quarter is random. */
const JITTER_SHARE = 0.25;

async function makeStand(
  fabric: Fabric,
  settings: BlackoutSettings,
  { name, address, queueSize, isMoving }: StandPlace,
): Promise<Stand> {
  const { sendOnMax, wasm } = settings;
  const engine = await createEngine({
    ...{ ports: 2, tunnels: 0, bursts: 0, hashers: 0, handoverEnds: 0, queueSize, mbufs: queueSize + MBUFS_BESIDE },
    ...{
      overlay: { networks: 1, endpoints: 256, heldFrames: HELD_FRAMES },
      headers: ["ethernet", "ipv4", "udp", "vxlan"],
    },
    ...(isMoving && { migration: {} }),
    ...(wasm !== undefined && { wasm }),
  });
  const [uplink, vnic] = [engine.addPort("up"), engine.addPort("guest")];
  const core = new HostCore({
    ...{ name, engine, address, uplinks: [uplink], policy: POLICY, mtuBytes: UNDERLAY_MTU_BYTES, sendOnMax },
    moves: {
      incoming: ({ adapters }) => adapters.map((adapter) => ({ ...adapter, vnic })),
      limits: limitsFor(settings, queueSize),
    },
  });
  return {
    core,
    vnic,
    attach: ({ mac, ip, name: partition }) =>
      core.attach({ partition, network: NETWORK, vnic, mac, ips: [ip] }, fabric.nowMs),
  };
}

async function inOrder<T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(await make(i));
  return all;
}
