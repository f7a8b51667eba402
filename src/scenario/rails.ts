/**
 * The underlay: a switch for the uplinks in the same place on all hosts, to which each has a link of its own. A switch that is to be out of
 * service is left in time: the hosts are told first, and the links are cut when nothing is on them, so that nothing is lost.
 */
import { defined } from "../defined.js";
import type { Fabric, Link } from "../index.js";
import type { ScenarioHost } from "./hosts.js";
import type { Scenario } from "./parse.js";

interface Outage {
  readonly rail: number;
  readonly fromFrame: number;
  readonly toFrame: number;
  state: "up" | "emptying" | "down";
  repairs: (() => void)[];
}

export class Rails {
  readonly #fabric: Fabric;
  readonly #hosts: readonly ScenarioHost[];
  /** By rail. */
  readonly #links: readonly (readonly Link[])[];
  readonly #outages: readonly Outage[];

  /** The hosts are the fabric's already. */
  constructor(fabric: Fabric, hosts: readonly ScenarioHost[], { underlay, hosts: texts, linkDown }: Scenario) {
    const { links, ...options } = underlay;
    this.#fabric = fabric;
    this.#hosts = hosts;
    const places = hosts[0]?.uplinks.length ?? 0;
    this.#links = Array.from({ length: places }, (_, i) => {
      const network = fabric.addNetwork(`rail ${i}`, defined(options));
      return hosts.flatMap(({ name, uplinks }) => {
        const uplink = uplinks[i]?.name as string;
        return network.attach(name, [uplink], defined(links[`${name}.${uplink}`] ?? {}));
      });
    });
    this.#outages = linkDown.map(({ host, uplink, fromFrame, toFrame }) => {
      const rail = texts[host]?.uplinks?.indexOf(uplink) ?? 0;
      return { rail, fromFrame, toFrame, state: "up" as const, repairs: [] };
    });
  }

  /** So many frames have been sent by now. */
  update(framesSent: number): void {
    for (const outage of this.#outages) {
      const { rail, fromFrame, toFrame, state } = outage;
      const isOut = fromFrame <= framesSent && framesSent < toFrame;
      if (isOut && state === "up") {
        outage.state = "emptying";
        this.#tell(rail, false);
      } else if (!isOut && state !== "up") {
        outage.state = "up";
        for (const repair of outage.repairs.splice(0)) repair();
        this.#tell(rail, true);
      } else if (state === "emptying" && this.#isEmpty(rail)) {
        outage.state = "down";
        outage.repairs = this.#linksOf(rail).map((link) => link.cut());
      }
    }
  }

  #isEmpty(rail: number): boolean {
    return this.#linksOf(rail).every(({ counters }) => counters.inFlight === 0);
  }

  #linksOf(rail: number): readonly Link[] {
    return this.#links[rail] ?? [];
  }

  #tell(rail: number, isUp: boolean): void {
    for (const { group, uplinks } of this.#hosts) {
      const port = uplinks[rail];
      if (port) group?.link(port, isUp, this.#fabric.nowMs);
    }
  }
}
