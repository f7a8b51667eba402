/** The records of an overlay's networks: flags, compiled policy, waypoints, and where broadcasts go. */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import { ConfigError } from "../../errors.js";
import { copyHits, hitsOf } from "../policy/encode.js";
import type { NetworkPolicy } from "../policy/policy.js";
import type { OverlayRecord } from "./record.js";
import { align, type OverlayLimits } from "./sizes.js";

/** A network of the overlay. */
export interface PlaneNetwork {
  /** Its record's address. */
  readonly ptr: number;
  readonly vni: number;
  /** Its number here, from 0. */
  readonly index: number;
}

export interface NetworkFlags {
  readonly flood: boolean;
  readonly stateful: boolean;
  readonly innerVlan: boolean;
  readonly uniformDscp: boolean;
  readonly clampMss: boolean;
}

export class PlaneNetworks {
  readonly #owner: FrameOwner;
  readonly #record: OverlayRecord;
  readonly #limits: OverlayLimits;
  readonly #all: PlaneNetwork[] = [];

  constructor(owner: FrameOwner, record: OverlayRecord, limits: OverlayLimits) {
    this.#owner = owner;
    this.#record = record;
    this.#limits = limits;
  }

  /** Throws ConfigError for one too many. */
  add(vni: number, flags: NetworkFlags): PlaneNetwork {
    const index = this.#all.length;
    if (index === this.#limits.networks) {
      throw new ConfigError("networks", index + 1, `at most ${index} (createEngine's overlay.networks)`);
    }
    const ptr = this.#record.networks + index * layout.NETWORK_BYTES;
    const { kernels, arena } = this.#owner;
    const set = (offset: number, value: number) => {
      arena.u32[(ptr + offset) >> 2] = value;
    };
    set(layout.NETWORK_VNI, vni);
    set(layout.NETWORK_INDEX, index);
    set(layout.NETWORK_POLICY, this.#record.policies + index * align(this.#limits.policyBytes));
    set(layout.NETWORK_WAYPOINTS, this.#record.waypoints + index * layout.WAYPOINTS_MAX * 4);
    set(layout.NETWORK_FLOOD_ROUTES, this.#record.floods + index * this.#limits.routes * 4);
    const network = { ptr, vni, index };
    this.#all.push(network);
    this.setFlags(network, flags);
    const { scratch, networkTable } = this.#record;
    arena.u8.fill(0, scratch, scratch + 16);
    arena.u32[scratch >> 2] = vni;
    kernels.tableInsert(networkTable, scratch, ptr);
    return network;
  }

  /** The network whose record is at that address. */
  at(ptr: number): PlaneNetwork {
    const network = this.#all[(ptr - this.#record.networks) / layout.NETWORK_BYTES];
    if (!network) throw new Error(`no network's record is at ${ptr}`);
    return network;
  }

  setFlags({ ptr }: PlaneNetwork, flags: NetworkFlags): void {
    const bits =
      (flags.flood ? layout.NETWORK_F_FLOOD : 0) |
      (flags.stateful ? layout.NETWORK_F_STATEFUL : 0) |
      (flags.innerVlan ? layout.NETWORK_F_INNER_VLAN : 0) |
      (flags.uniformDscp ? layout.NETWORK_F_UNIFORM : 0) |
      (flags.clampMss ? layout.NETWORK_F_CLAMP_MSS : 0);
    this.#owner.arena.u32[(ptr + layout.NETWORK_FLAGS) >> 2] = bits;
  }

  /**
   * Loads a network's compiled policy. Other rules than before forget what they had let in; the same rules, with more classes, keep it and
   * their counts. Throws ConfigError when it is larger than planned.
   */
  loadPolicy(network: PlaneNetwork, policy: NetworkPolicy, isOther: boolean): void {
    const { arena, kernels } = this.#owner;
    const block = policy.encode(this.#limits.policyBytes);
    const at = this.#policyAt(network);
    if (isOther) kernels.overlayFlushFlows(this.#record.ptr, network.ptr);
    else copyHits(arena.u8.subarray(at, at + this.#limits.policyBytes), block);
    arena.u8.set(block, at);
  }

  /** Frames that each decision of a network's policy has decided: the default's, then each rule's. */
  policyHits(network: PlaneNetwork): bigint[] {
    const at = this.#policyAt(network);
    return hitsOf(this.#owner.arena.u8.slice(at, at + this.#limits.policyBytes));
  }

  /** The endpoint (its record) of the network's i-th waypoint; 0 while it is unknown. */
  setWaypoint(network: PlaneNetwork, i: number, endpoint: number): void {
    this.#owner.arena.u32[(this.#record.waypoints >> 2) + network.index * layout.WAYPOINTS_MAX + i] = endpoint;
  }

  /** As it was set. */
  waypoint(network: PlaneNetwork, i: number): number {
    const at = (this.#record.waypoints >> 2) + network.index * layout.WAYPOINTS_MAX + i;
    return this.#owner.arena.u32[at] as number;
  }

  /** Throws ConfigError when a network's compiled policy is larger than planned. */
  checkPolicy(policy: NetworkPolicy): void {
    policy.encode(this.#limits.policyBytes);
  }

  /** The routes to the hosts that get copies of the network's broadcasts. */
  setFloodRoutes({ ptr, index }: PlaneNetwork, routes: readonly number[]): void {
    const { u32 } = this.#owner.arena;
    u32.set(routes, (this.#record.floods >> 2) + index * this.#limits.routes);
    u32[(ptr + layout.NETWORK_FLOOD_COUNT) >> 2] = routes.length;
  }

  #policyAt({ index }: PlaneNetwork): number {
    return this.#record.policies + index * align(this.#limits.policyBytes);
  }
}
