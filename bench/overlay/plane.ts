/**
 * The overlay's data plane laid open: what a host builds, by the same parts, with as many destinations as asked for, all known; for
 * measurements that must not pay for the host's handles.
 */

import { MBUF_BYTES, QUEUE_BYTES } from "../../assembly/layout.js";
import { headroomFor } from "../../src/buffer/headroom.js";
import { Pool, planPool, poolShape } from "../../src/buffer/pool.js";
import { Port } from "../../src/buffer/port.js";
import { type PortRecord, planPort } from "../../src/buffer/port-record.js";
import { type Arena, MemoryPlan } from "../../src/memory.js";
import { OverlayPlane } from "../../src/overlay/plane/plane.js";
import { overlayLimits, planOverlay } from "../../src/overlay/plane/sizes.js";
import { definePolicy, type NetworkPolicy } from "../../src/overlay/policy/policy.js";
import { encodeTunnel } from "../../src/overlay/tunnel.js";
import { instantiate, type Kernels } from "../../src/wasm.js";
import { laySpans, type Spans, spansBytes, WASM } from "../bed.js";
import { destinationIp, destinationMac, SOURCE_IP, SOURCE_MAC, VNI } from "./traffic.js";

/** The host's underlay address. */
export const LOCAL = Uint8Array.of(192, 0, 2, 1);

export interface OverlayBed {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly pool: Pool;
  readonly plane: OverlayPlane;
  /** The vnic of the overlay, its port, and the only uplink. */
  readonly vnic: number;
  readonly vnicPort: PortRecord;
  readonly uplinkPort: PortRecord;
  /** Addresses of as many mbufs as there are (u32). */
  readonly list: number;
  readonly saved: number;
  /** The frames as a driver would have them. */
  readonly sources: Spans;
}

export interface OverlayBedOptions {
  readonly destinations: number;
  /** Hosts that they are on, evenly. */
  readonly hosts: number;
  readonly policy: NetworkPolicy;
  readonly frames: readonly Uint8Array[];
  /** Buffers of the pool, and places in rings and queues: a power of two. */
  readonly mbufs: number;
  /** Left in the arena for the caller. */
  readonly spareBytes?: number;
}

export async function createOverlayBed(options: OverlayBedOptions): Promise<OverlayBed> {
  const { destinations, hosts, policy, frames, mbufs, spareBytes = 0 } = options;
  const limits = overlayLimits({
    ...{ endpoints: destinations + 64, routes: hosts + 1, paths: 1, flows: 65_536 },
    policyBytes: 2 ** 23,
    networks: 1,
  });
  const shape = poolShape(mbufs, headroomFor(["ethernet", "ipv4", "udp", "vxlan"]), 2048);
  const plan = new MemoryPlan();
  planPool(plan, shape);
  for (let i = 0; i < 2; i++) planPort(plan, mbufs);
  planOverlay(plan, limits, 2);
  plan
    .add(mbufs * 4)
    .add(mbufs * MBUF_BYTES + QUEUE_BYTES)
    .add(spansBytes(frames.length, 128))
    .add(spareBytes);
  const memory = plan.createMemory();
  const instance = await instantiate(WASM, memory);
  const kernels = instance.raw;
  kernels.heapInit();
  const arena = plan.createArena(memory);
  const pool = new Pool(kernels, arena, shape);
  const owner = { kernels, arena, pool, checkOpen: () => instance.checkOpen() };
  const [vnic, uplink] = ["vnic", "uplink"].map((name, i) => new Port(owner, name, i, mbufs, {})) as [Port, Port];
  const ticks = { flow: 10_000, fragment: 100, miss: 100, idle: 2 ** 30, refresh: 10, sendOn: 500 };
  const plane = new OverlayPlane(owner, limits, 2, { local: LOCAL, uplinks: [uplink], ticks });
  plane.setTime(1, 2 ** 30);
  const isStateful = policy.rules.some(({ stateful }) => stateful);
  const off = { flood: false, innerVlan: false, uniformDscp: false, clampMss: false };
  const network = plane.networks.add(VNI, { ...off, stateful: isStateful });
  const classOf = (partition: string, ip: Uint8Array) => policy.classOf({ partition, ip: ip.join(".") });
  const attached = plane.attach(vnic, network, SOURCE_MAC);
  const own = classOf("source", SOURCE_IP);
  const classes = { class4: own, class6: own, class: own };
  plane.endpoints.write(attached.endpoint, { state: "local", vnic: attached.ptr, ip4: SOURCE_IP, ...classes });
  const routes = Array.from({ length: hosts }, (_, i) => {
    const route = plane.routes.add();
    const { record } = encodeTunnel({ vni: VNI, local: LOCAL.join("."), remote: hostAddress(i).join(".") });
    plane.routes.set(route, [{ record, uplink: 0, weight: 1 }]);
    return route;
  });
  // Destinations are of as many groups as the policy has, in turn.
  const groups = Math.max(1, policy.groups.length - 1);
  const classOfGroup = Array.from({ length: groups }, (_, i) => classOf(`d${i}`, destinationIp(i)));
  for (let i = 0; i < destinations; i++) {
    const ptr = plane.endpoints.make({ network: network.ptr, mac: destinationMac(i) });
    const found = classOfGroup[i % groups] as number;
    const host = hostAddress(i % hosts);
    const fields = { class4: found, class6: found, class: found, ip4: destinationIp(i), host: Uint8Array.from(host) };
    plane.endpoints.write(ptr, { state: "remote", route: routes[i % hosts] as number, ...fields });
  }
  plane.networks.loadPolicy(network, policy, true);
  const list = arena.take(mbufs * 4);
  const saved = arena.take(mbufs * MBUF_BYTES + QUEUE_BYTES);
  const sources = laySpans(arena, frames);
  return {
    ...{ kernels, arena, pool, plane, vnic: attached.ptr, list, saved, sources },
    ...{ vnicPort: vnic.record, uplinkPort: uplink.record },
  };
}

/** The underlay address of the i-th other host. */
export function hostAddress(i: number): readonly number[] {
  return [198, 18, i >> 8, i & 0xff];
}

/** A policy of so many rules between groups; frames to UDP port 53 are allowed by the last of them. */
export function benchPolicy(rules: number, stateful: boolean): NetworkPolicy {
  const groups = Math.min(rules, 50);
  const definitions = Object.fromEntries(
    Array.from({ length: groups }, (_, i) => [`g${i}`, { partitions: [`d${i}`] }]),
  );
  return definePolicy({
    networks: {
      net: {
        vni: VNI,
        groups: { source: { partitions: ["source"] }, ...definitions },
        rules: Array.from({ length: rules }, (_, i) => ({
          ...{ from: "source", to: `g${i % groups}`, action: "allow" as const, protocol: "udp" as const, stateful },
          ports: i >= rules - groups ? 53 : 1000 + i,
        })),
      },
    },
  }).network("net");
}
