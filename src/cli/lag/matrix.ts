/** Which partition's frames a plan sends by which port; and the control: what an ordinary LAG over all ports would do instead. */
import type { FlowList } from "./flow-list.js";
import type { PlanWays } from "./plan-ways.js";
import type { Way } from "./way.js";

interface PortSums {
  readonly port: string;
  readonly role: "member" | "backup" | "standalone" | "none";
  frames: number;
  bytes: number;
}

export interface MatrixRow {
  readonly partition: string;
  readonly ports: readonly PortSums[];
}

/** A standalone partition's flows, and those of them that an ordinary LAG would send by other ports. */
export interface Control {
  readonly partition: string;
  readonly flows: number;
  readonly misdelivered: number;
}

export class Matrix {
  readonly #ways: PlanWays;
  readonly rows: readonly MatrixRow[];

  constructor(ways: PlanWays) {
    this.#ways = ways;
    this.rows = ways.all.map(({ name, index }) => ({
      partition: name as string,
      ports: ways.names.map((port, i) => ({ port, role: ways.roles[index]?.[i] ?? "none", frames: 0, bytes: 0 })),
    }));
  }

  add({ index }: Way, port: number, bytes: number): void {
    const sums = this.rows[index]?.ports[port] as PortSums;
    sums.frames++;
    sums.bytes += bytes;
  }

  /** By the hash of that number, modulo all ports. */
  control(flows: FlowList, asked: number): Control[] {
    const { roles, names, all } = this.#ways;
    const found = new Map<Way, { partition: string; port: number; flows: number; misdelivered: number }>();
    for (const way of all) {
      const port = (roles[way.index] ?? []).indexOf("standalone");
      if (port >= 0) found.set(way, { partition: way.name as string, port, flows: 0, misdelivered: 0 });
    }
    for (const [flow, hash] of flows.hashesBy(asked).entries()) {
      const sums = found.get(flows.wayOf(flow));
      if (!sums) continue;
      sums.flows++;
      if (hash % names.length !== sums.port) sums.misdelivered++;
    }
    return [...found.values()].map(({ port, ...control }) => control);
  }
}
