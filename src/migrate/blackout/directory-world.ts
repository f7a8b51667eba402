/**
 * Directory push: ringlane's hosts as they are, engines and all, on a fabric in virtual time with a directory. Who stops, and when, is what
 * the other schemes have, too; all else is the hosts' doing.
 */
import type { Outgoing } from "../../buffer/outgoing.js";
import type { Port } from "../../buffer/port.js";
import { createEngine } from "../../engine.js";
import type { Attachment } from "../../host/attachment.js";
import { HostCore } from "../../host/core.js";
import { definePolicy } from "../../overlay/policy/policy.js";
import { createFabric, type Fabric } from "../../sim/fabric.js";
import { SimDirectory } from "../../sim/overlay-host.js";
import { BenchHost, type Guest } from "./bench-host.js";
import type { Course } from "./course.js";
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
/** What a guest's queue may hold at most (EngineOptions.queueSize). */
const QUEUE_MAX = 32_768;
const QUEUE_MIN = 512;
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
  /** Sees what leaves a host, as an underlay frame. */
  readonly tap: (frame: Outgoing, address: string, nowMs: number) => void;
}

export async function makeDirectoryWorld(
  settings: BlackoutSettings,
  course: Course,
  guests: Guests,
): Promise<DirectoryWorld> {
  const { linkDelayMs: delayMs, linkRateBps: rateBps, directoryDelayMs, senders } = settings;
  const addresses = new Map<Port, string>();
  const fabric = createFabric({
    seed: course.random("fabric").between(0, 2 ** 31 - 1),
    tap: (frame, uplink) => guests.tap(frame, addresses.get(uplink) as string, fabric.nowMs),
  });
  const jitterMs = directoryDelayMs * JITTER_SHARE;
  const directory = new SimDirectory(fabric, { delayMs: directoryDelayMs - jitterMs, jitterMs });
  const underlay = fabric.addNetwork("underlay", { delayMs, rateBps });
  const stands: Stand[] = [];
  const stand = async (name: string, address: string, queueSize: number, guest: (stand: Stand) => Guest) => {
    const made = await makeStand(fabric, settings, { name, address, queueSize });
    addresses.set(made.core.uplinks[0] as Port, address);
    fabric.addHost(new BenchHost(made.core, directory, guest(made)));
    underlay.attach(name);
    stands.push(made);
    return made;
  };
  const queueSize = queueFor(settings);
  return {
    fabric,
    old: await stand("old", OLD_ADDRESS, queueSize, guests.old),
    new: await stand("new", NEW_ADDRESS, queueSize, guests.new),
    senders: await inOrder(senders, (i) =>
      stand(`s${i + 1}`, `${SENDER_NET}${SENDER_FIRST + i}`, QUEUE_MIN, (made) => guests.sender(made, i)),
    ),
    close: () => {
      for (const { core } of stands) core.engine.close();
    },
  };
}

/** As BGP's timers: the last quarter is random. */
const JITTER_SHARE = 0.25;

async function makeStand(
  fabric: Fabric,
  { sendOnMax, wasm }: BlackoutSettings,
  { name, address, queueSize }: { readonly name: string; readonly address: string; readonly queueSize: number },
): Promise<Stand> {
  const engine = await createEngine({
    ...{ ports: 2, tunnels: 0, bursts: 0, hashers: 0, handoverEnds: 0, queueSize, mbufs: queueSize + MBUFS_BESIDE },
    ...{
      overlay: { networks: 1, endpoints: 256, heldFrames: HELD_FRAMES },
      headers: ["ethernet", "ipv4", "udp", "vxlan"],
    },
    ...(wasm !== undefined && { wasm }),
  });
  const [uplink, vnic] = [engine.addPort("up"), engine.addPort("guest")];
  const core = new HostCore({
    ...{ name, engine, address, uplinks: [uplink], policy: POLICY, mtuBytes: UNDERLAY_MTU_BYTES, sendOnMax },
  });
  return {
    core,
    vnic,
    attach: ({ mac, ip, name: partition }) =>
      core.attach({ partition, network: NETWORK, vnic, mac, ips: [ip] }, fabric.nowMs),
  };
}

/** Room for what comes while the VM stands, as far as a queue can have it. */
function queueFor({ senders, framesPerSecond, transferMs, directoryDelayMs, linkDelayMs }: BlackoutSettings): number {
  const standMs = transferMs + 8 * directoryDelayMs + 8 * linkDelayMs + 1;
  const frames = (senders * framesPerSecond * standMs) / 1000;
  return Math.min(QUEUE_MAX, Math.max(QUEUE_MIN, 2 ** Math.ceil(Math.log2(frames))));
}

async function inOrder<T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(await make(i));
  return all;
}
