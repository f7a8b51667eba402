/**
 * The underlay: a switch for the uplinks in the same place on all hosts, to which each has a link of its own. A switch that is to be out of
 * service is left in time: the hosts are told first, and the links are cut when nothing is on them, so that nothing is lost.
 */
import { defined } from "../defined.js";
import type { Fabric, Link } from "../index.js";
import type { Guest } from "./guest.js";
import type { ScenarioHost } from "./hosts.js";
import { Outage } from "./outage.js";
import type { Scenario } from "./parse.js";

/** An outage as the file has it. */
interface Planned {
  readonly rail: number;
  readonly fromFrame: number;
  readonly toFrame: number;
  state: "up" | "emptying" | "down";
  repairs: (() => void)[];
  seen: Outage | undefined;
}

export class Rails {
  readonly #fabric: Fabric;
  readonly #hosts: readonly ScenarioHost[];
  /** By rail. */
  readonly #links: readonly (readonly Link[])[];
  readonly #planned: readonly Planned[];
  readonly #guests: readonly Guest[];
  /** Those that have begun. */
  readonly outages: Outage[] = [];

  /** The hosts are the fabric's already. */
  constructor(
    fabric: Fabric,
    hosts: readonly ScenarioHost[],
    guests: readonly Guest[],
    { underlay, hosts: texts, linkDown }: Scenario,
  ) {
    const { links, ...options } = underlay;
    this.#fabric = fabric;
    this.#hosts = hosts;
    this.#guests = guests;
    const places = hosts[0]?.uplinks.length ?? 0;
    this.#links = Array.from({ length: places }, (_, i) => {
      const network = fabric.addNetwork(`rail ${i}`, defined(options));
      return hosts.flatMap(({ name, uplinks }) => {
        const uplink = uplinks[i]?.name as string;
        return network.attach(name, [uplink], defined(links[`${name}.${uplink}`] ?? {}));
      });
    });
    this.#planned = linkDown.map(({ host, uplink, fromFrame, toFrame }) => {
      const rail = texts[host]?.uplinks?.indexOf(uplink) ?? 0;
      return { rail, fromFrame, toFrame, state: "up" as const, repairs: [], seen: undefined };
    });
  }

  /** So many frames have been sent by now. */
  update(framesSent: number): void {
    for (const planned of this.#planned) {
      const { rail, fromFrame, toFrame, state } = planned;
      const isOut = fromFrame <= framesSent && framesSent < toFrame;
      if (isOut && state === "up") this.#begin(planned);
      else if (!isOut && state !== "up") this.#end(planned);
      else if (state === "emptying" && this.#isEmpty(rail)) {
        planned.state = "down";
        planned.repairs = this.#linksOf(rail).map((link) => link.cut());
      }
    }
  }

  #begin(planned: Planned): void {
    planned.state = "emptying";
    planned.seen = new Outage(planned.rail, this.#hosts, this.#guests, this.#fabric.nowMs);
    this.outages.push(planned.seen);
    this.#tell(planned, false);
  }

  #end(planned: Planned): void {
    planned.state = "up";
    for (const repair of planned.repairs.splice(0)) repair();
    planned.seen?.end(this.#fabric.nowMs);
    this.#tell(planned, true);
  }

  #isEmpty(rail: number): boolean {
    return this.#linksOf(rail).every(({ counters }) => counters.inFlight === 0);
  }

  #linksOf(rail: number): readonly Link[] {
    return this.#links[rail] ?? [];
  }

  #tell({ rail, seen }: Planned, isUp: boolean): void {
    for (const { name, group, uplinks } of this.#hosts) {
      const port = uplinks[rail];
      if (port && group) seen?.told(name, group.link(port, isUp, this.#fabric.nowMs));
    }
  }
}
