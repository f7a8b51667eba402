/** The networks of an overlay without a data plane (plane.ts): what an engine would keep of them is counted. */
import * as layout from "../../../assembly/layout.js";
import type { NetworkFlags, PlaneNetwork } from "../../overlay/plane/networks.js";
import type { NetworkPolicy } from "../../overlay/policy/policy.js";
import { tableBytes, tableShape } from "../../table/shape.js";

/** How long compiled policies are: the same for all hosts. */
export class PolicyBlocks {
  readonly #lengths = new Map<NetworkPolicy, { readonly version: number; readonly bytes: number }>();

  bytes(policy: NetworkPolicy): number {
    const known = this.#lengths.get(policy);
    if (known?.version === policy.version) return known.bytes;
    const { length } = policy.encode(POLICY_BYTES_MAX);
    this.#lengths.set(policy, { version: policy.version, bytes: length });
    return length;
  }
}

const POLICY_BYTES_MAX = 2 ** 24;
/** Bytes of a network beside its policy: record, waypoints, and its entry in the table. */
const NETWORK_ENTRY = tableShape(16, 1);
const NETWORK_BYTES =
  layout.NETWORK_BYTES +
  layout.WAYPOINTS_MAX * 4 +
  tableBytes(NETWORK_ENTRY) / (NETWORK_ENTRY.buckets * layout.TABLE_WAYS);
export class ScaleNetworks {
  readonly #blocks: PolicyBlocks;
  readonly #all: PlaneNetwork[] = [];
  readonly #byVni = new Map<number, PlaneNetwork>();
  readonly #policyBytes: number[] = [];
  readonly #floodRoutes: number[] = [];

  constructor(blocks: PolicyBlocks) {
    this.#blocks = blocks;
  }

  get bytes(): number {
    const policies = this.#policyBytes.reduce((sum, bytes) => sum + bytes, 0);
    const floods = this.#floodRoutes.reduce((sum, routes) => sum + routes * 4, 0);
    return this.#all.length * NETWORK_BYTES + policies + floods;
  }

  of(vni: number): PlaneNetwork | undefined {
    return this.#byVni.get(vni);
  }

  add(vni: number, _flags: NetworkFlags): PlaneNetwork {
    const index = this.#all.length;
    const network = { ptr: index + 1, vni, index };
    this.#all.push(network);
    this.#byVni.set(vni, network);
    return network;
  }

  at(ptr: number): PlaneNetwork {
    return this.#all[ptr - 1] as PlaneNetwork;
  }

  setFlags(): void {}

  loadPolicy({ index }: PlaneNetwork, policy: NetworkPolicy): void {
    this.#policyBytes[index] = this.#blocks.bytes(policy);
  }

  policyHits(): bigint[] {
    return [];
  }

  checkPolicy(policy: NetworkPolicy): void {
    this.#blocks.bytes(policy);
  }

  /** Nothing goes through a waypoint here. */
  waypoint(): number {
    return 0;
  }

  setWaypoint(): void {}

  setFloodRoutes({ index }: PlaneNetwork, routes: readonly number[]): void {
    this.#floodRoutes[index] = routes.length;
  }
}
