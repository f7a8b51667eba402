/**
 * LACP systems joined by cables in virtual time. Each cable takes a delay; a test may lose, double or hold what it
 * carries. The bench only carries out actions and keeps what happened; what the protocol should do is the tests'
 * business.
 */
import { type LacpAction, type LacpOptions, LacpSystem } from "../../../src/lag/lacp/index.js";

export interface End {
  readonly system: string;
  readonly port: number;
}

export interface Sent {
  readonly atMs: number;
  readonly from: End;
  readonly frame: Uint8Array;
}

export interface Happened {
  readonly atMs: number;
  readonly system: string;
  readonly action: Exclude<LacpAction, { type: "send" }>;
}

interface Flying {
  readonly atMs: number;
  readonly to: End;
  readonly frame: Uint8Array;
}

export const MAC = (system: number, port: number) => `02:00:00:00:0${system}:${port.toString(16).padStart(2, "0")}`;

/** Options for a system of `ports` ports numbered from 1, all of key 1, active and fast. */
export function options(system: number, ports: number, changes: Partial<LacpOptions> = {}): LacpOptions {
  return {
    systemPriority: 0x8000,
    systemMac: MAC(system, 0),
    ports: Array.from({ length: ports }, (_, i) => ({ number: i + 1, mac: MAC(system, i + 1), key: 1 })),
    activity: "active",
    timeout: "fast",
    ...changes,
  };
}

export class Cables {
  readonly systems = new Map<string, LacpSystem>();
  readonly sent: Sent[] = [];
  readonly happened: Happened[] = [];
  nowMs = 0;
  /** How often a frame arrives: 0 loses it. */
  copies: (sent: Sent) => number = () => 1;
  delayMs: (sent: Sent) => number;
  readonly #ends = new Map<string, End>();
  #flying: Flying[] = [];

  constructor(delayMs = 0) {
    this.delayMs = () => delayMs;
  }

  add(name: string, system: LacpOptions | LacpSystem): LacpSystem {
    const added = system instanceof LacpSystem ? system : new LacpSystem(system);
    this.systems.set(name, added);
    return added;
  }

  get(name: string): LacpSystem {
    return this.systems.get(name) as LacpSystem;
  }

  /** Joins two ports; an end may be both. */
  join(a: End, b: End): void {
    this.#ends.set(`${a.system} ${a.port}`, b);
    this.#ends.set(`${b.system} ${b.port}`, a);
  }

  /** Takes the cable away. */
  cut(a: End): void {
    const b = this.#ends.get(`${a.system} ${a.port}`);
    this.#ends.delete(`${a.system} ${a.port}`);
    if (b) this.#ends.delete(`${b.system} ${b.port}`);
  }

  link(system: string, port: number, up: boolean): void {
    this.act(system, this.get(system).link(port, up, this.nowMs));
  }

  /** Both ends of all ports that these systems have. */
  linkAll(up: boolean, ...systems: string[]): void {
    for (const name of systems) for (const port of this.get(name).portNumbers) this.link(name, port, up);
  }

  /** Carries out what a system asks for. */
  act(system: string, actions: readonly LacpAction[]): void {
    for (const action of actions) {
      if (action.type !== "send") {
        this.happened.push({ atMs: this.nowMs, system, action });
        continue;
      }
      const sent = { atMs: this.nowMs, from: { system, port: action.port }, frame: action.frame };
      this.sent.push(sent);
      const to = this.#ends.get(`${system} ${action.port}`);
      if (!to) continue;
      for (let copies = this.copies(sent); copies > 0; copies--) {
        this.#flying.push({ atMs: this.nowMs + this.delayMs(sent), to, frame: action.frame });
      }
    }
  }

  /** Runs to the time, event by event: arrivals in order of time, then ticks. */
  runTo(untilMs: number): void {
    for (;;) {
      const arrival = this.#flying.reduce<Flying | undefined>((a, b) => (a && a.atMs <= b.atMs ? a : b), undefined);
      let tick: [string, LacpSystem, number] | undefined;
      for (const [name, system] of this.systems) {
        const next = system.nextMs;
        if (next !== undefined && (!tick || next < tick[2])) tick = [name, system, next];
      }
      const isArrival = arrival !== undefined && (!tick || arrival.atMs <= tick[2]);
      const atMs = isArrival ? arrival.atMs : tick?.[2];
      if (atMs === undefined || atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (isArrival) {
        this.#flying.splice(this.#flying.indexOf(arrival), 1);
        this.act(arrival.to.system, this.get(arrival.to.system).receive(arrival.to.port, arrival.frame, this.nowMs));
      } else if (tick) this.act(tick[0], tick[1].tick(this.nowMs));
    }
    this.nowMs = untilMs;
  }

  /** Ports that distribute, as "name port". */
  get distributing(): string[] {
    return [...this.systems].flatMap(([name, system]) =>
      system.portNumbers.filter((port) => system.port(port).distributing).map((port) => `${name} ${port}`),
    );
  }

  /** Times when a port of a system began or ceased to distribute. */
  distributionTimes(system: string, port: number): [atMs: number, distributing: boolean][] {
    const times: [number, boolean][] = [];
    for (const { atMs, system: name, action } of this.happened) {
      if (name !== system || action.type !== "state" || action.port !== port) continue;
      if ((times.at(-1)?.[1] ?? false) !== action.distributing) times.push([atMs, action.distributing]);
    }
    return times;
  }

  /** Times when a port sent a LACPDU. */
  sendTimes(system: string, port: number): number[] {
    return this.sent
      .filter(({ from, frame }) => from.system === system && from.port === port && frame[14] === 1)
      .map(({ atMs }) => atMs);
  }
}

/** Two systems "a" and "b" with `ports` cables between equal port numbers, links down. */
export function pair(ports: number, a: Partial<LacpOptions> = {}, b: Partial<LacpOptions> = {}, delayMs = 0): Cables {
  const cables = new Cables(delayMs);
  cables.add("a", options(1, ports, a));
  cables.add("b", options(2, ports, b));
  for (let port = 1; port <= ports; port++) cables.join({ system: "a", port }, { system: "b", port });
  return cables;
}
