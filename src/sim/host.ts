/** What a fabric needs of a host. */
import type { Port } from "../buffer/port.js";
import type { Engine } from "../engine.js";
import type { LagGroup } from "../lag/group.js";

export interface FabricHost {
  /** No other host of the fabric has it. */
  readonly name: string;
  /** Underlay IP address: frames to it come here. */
  readonly address: string;
  /** Frames leave by takeBurst and complete, and arrive by receiveBurst. */
  readonly uplinks: readonly Port[];
  /** For the census. */
  readonly engine: Engine;
  /**
   * Lets the host work: it moves frames until none moves and does what is due. Returns when it wants to be called next, in ms; it is called
   * before that when frames or answers arrive.
   */
  step(nowMs: number): number | undefined;
  /** An uplink's link went down, or is up again. A step follows. */
  link?(uplink: Port, isUp: boolean, nowMs: number): void;
}

/** A host that is no more than an engine: its tunnels and groups move frames, and the groups know of their links and of the time. */
export function engineHost(
  name: string,
  address: string,
  engine: Engine,
  uplinks: readonly Port[],
  groups: readonly LagGroup[] = [],
): FabricHost {
  const settle = () => {
    while (engine.poll() > 0);
  };
  return {
    ...{ name, address, engine, uplinks },
    step(nowMs) {
      settle();
      for (const group of groups) group.tick(nowMs);
      settle();
      return groups.reduce<number | undefined>((next, { nextMs }) => earlier(next, nextMs), undefined);
    },
    link(uplink, isUp, nowMs) {
      for (const group of groups) if (group.ports.includes(uplink)) group.link(uplink, isUp, nowMs);
    },
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
