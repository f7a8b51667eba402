/**
 * Which partition a frame is of, as a switch tells: by its destination address and VLAN, or else by its source address and VLAN. Where
 * partitions have a VNI, what VXLAN carries is looked at first, in that network.
 */
import type { BurstFrame, LagPlan } from "../../index.js";
import { latin1 } from "./flow-key.js";
import { headersAt } from "./headers.js";
import type { Way } from "./way.js";

const MAC_BYTES = 6;

export class Identity {
  readonly #ways = new Map<string, Way>();
  /** True when some partition is to be found in VXLAN. */
  readonly looksInside: boolean;

  /** ways are those of the plan's partitions, in their order. */
  constructor(plan: LagPlan, ways: readonly Way[]) {
    const partitions = Object.values(plan.partitions);
    for (const [i, { macs, vlan, vni }] of partitions.entries()) {
      for (const mac of macs) {
        const bytes = Buffer.from(mac.replaceAll(":", ""), "hex");
        this.#ways.set(key(bytes.toString("latin1"), vlan ?? 0, vni), ways[i] as Way);
      }
    }
    this.looksInside = partitions.some(({ vni }) => vni !== undefined);
  }

  /** The way of the frame's partition; inside is the frame in its VXLAN, where there is one. Undefined for an unknown frame. */
  wayOf(frame: Uint8Array, inside: BurstFrame | undefined): Way | undefined {
    const [head] = inside?.spans ?? [];
    return (head && this.#find(head, inside?.vni)) ?? this.#find(frame, undefined);
  }

  #find(frame: Uint8Array, vni: number | undefined): Way | undefined {
    const headers = headersAt(frame, 0);
    if (!headers) return undefined;
    const at = (offset: number) => this.#ways.get(key(latin1(frame, offset, MAC_BYTES), headers.vlan, vni));
    return at(0) ?? at(MAC_BYTES);
  }
}

function key(mac: string, vlan: number, vni: number | undefined): string {
  return `${mac} ${vlan} ${vni}`;
}
