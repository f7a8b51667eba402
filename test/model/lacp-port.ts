/**
 * The LACP machines of a lone port as the figures of IEEE 802.1AX-2008 clause 5.4 draw them (independent control):
 * lists of conditions and targets, run until nothing moves, with timers that count down in steps of 100 ms. Three
 * things are ringlane's own choice: the default partner, a link without carrier or to oneself being UNSELECTED, and
 * DISTRIBUTING asking for an echo in synchronization.
 */
import type { Lacpdu, PortInfo } from "../../src/lag/lacp/index.js";

const [ACTIVITY, TIMEOUT, AGGREGATION, SYNC, COLLECTING, DISTRIBUTING, DEFAULTED, EXPIRED] = [
  1, 2, 4, 8, 16, 32, 64, 128,
] as const;
const STEP_MS = 100;
const NOBODY: PortInfo = {
  systemPriority: 0,
  system: "00:00:00:00:00:00",
  key: 0,
  portPriority: 0,
  port: 0,
  state: TIMEOUT,
};

interface Machine {
  state: string;
  /** From any state. */
  readonly always: [when: () => boolean, to: string][];
  readonly moves: Record<string, [when: () => boolean, to: string][]>;
  readonly entry: Record<string, () => void>;
}

/** Steps of 100 ms left; undefined while stopped. */
type Timer = number | undefined;

export class ModelPort {
  portEnabled = false;
  ntt = false;
  selected = false;
  /** The PDU's echo was of this port as it is, in synchronization at both ends. */
  agreed = false;
  actor: PortInfo;
  partner: PortInfo = NOBODY;
  readonly timers: Record<"current" | "periodic" | "wait" | "actorChurn" | "partnerChurn", Timer> = {
    current: undefined,
    periodic: undefined,
    wait: undefined,
    actorChurn: undefined,
    partnerChurn: undefined,
  };
  /** Steps until each PDU sent no longer counts against the limit. */
  window: number[] = [];
  readonly machines: Record<"receive" | "periodic" | "mux" | "actorChurn" | "partnerChurn", Machine>;

  constructor(actor: PortInfo) {
    this.actor = actor;
    const t = this.timers;
    const isPassive = () => !this.a(ACTIVITY) && !this.p(ACTIVITY);
    const inSync = () => this.selected && this.p(SYNC);
    const agreed = () => inSync() && this.p(COLLECTING) && this.agreed;
    this.machines = {
      receive: {
        state: "PORT_DISABLED",
        always: [[() => !this.portEnabled, "PORT_DISABLED"]],
        moves: {
          PORT_DISABLED: [[() => this.portEnabled, "EXPIRED"]],
          EXPIRED: [[() => t.current === 0, "DEFAULTED"]],
          CURRENT: [[() => t.current === 0, "EXPIRED"]],
        },
        entry: {
          PORT_DISABLED: () => {
            this.setP(SYNC, false);
            this.agreed = false;
            t.current = undefined;
          },
          EXPIRED: () => {
            this.setP(SYNC, false);
            this.setP(TIMEOUT, true);
            this.setA(EXPIRED, true);
            this.agreed = false;
            this.ntt = true;
            t.current = 30;
          },
          DEFAULTED: () => {
            this.updateSelected(NOBODY);
            this.partner = NOBODY;
            this.setA(DEFAULTED, true);
            this.setA(EXPIRED, false);
            t.current = undefined;
          },
        },
      },
      periodic: {
        state: "NO_PERIODIC",
        always: [[() => !this.portEnabled || isPassive(), "NO_PERIODIC"]],
        moves: {
          NO_PERIODIC: [[() => this.portEnabled && !isPassive(), "FAST_PERIODIC"]],
          FAST_PERIODIC: [
            [() => t.periodic === 0, "PERIODIC_TX"],
            [() => !this.p(TIMEOUT), "SLOW_PERIODIC"],
          ],
          SLOW_PERIODIC: [[() => t.periodic === 0 || this.p(TIMEOUT), "PERIODIC_TX"]],
          PERIODIC_TX: [
            [() => this.p(TIMEOUT), "FAST_PERIODIC"],
            [() => !this.p(TIMEOUT), "SLOW_PERIODIC"],
          ],
        },
        entry: {
          NO_PERIODIC: () => this.set("periodic", undefined),
          FAST_PERIODIC: () => this.set("periodic", 10),
          SLOW_PERIODIC: () => this.set("periodic", 300),
          PERIODIC_TX: () => {
            this.ntt = true;
          },
        },
      },
      mux: {
        state: "DETACHED",
        always: [],
        moves: {
          DETACHED: [[() => this.selected, "WAITING"]],
          WAITING: [
            [() => !this.selected, "DETACHED"],
            [() => t.wait === 0, "ATTACHED"],
          ],
          ATTACHED: [
            [() => !this.selected, "DETACHED"],
            [inSync, "COLLECTING"],
          ],
          COLLECTING: [
            [() => !inSync(), "ATTACHED"],
            [agreed, "DISTRIBUTING"],
          ],
          DISTRIBUTING: [[() => !agreed(), "COLLECTING"]],
        },
        entry: {
          DETACHED: () => {
            this.setA(SYNC | COLLECTING | DISTRIBUTING, false);
            this.agreed = false;
            this.ntt = true;
            t.wait = undefined;
          },
          WAITING: () => this.set("wait", 20),
          ATTACHED: () => {
            this.setA(SYNC, true);
            this.setA(COLLECTING | DISTRIBUTING, false);
            this.ntt = true;
            t.wait = undefined;
          },
          COLLECTING: () => {
            this.setA(COLLECTING, true);
            this.setA(DISTRIBUTING, false);
            this.ntt = true;
          },
          DISTRIBUTING: () => this.setA(DISTRIBUTING, true),
        },
      },
      actorChurn: this.#churn("actorChurn", () => this.a(SYNC)),
      partnerChurn: this.#churn("partnerChurn", () => this.p(SYNC)),
    };
  }

  set(timer: keyof typeof this.timers, steps: Timer): void {
    this.timers[timer] = steps;
  }

  a = (bit: number) => (this.actor.state & bit) !== 0;
  p = (bit: number) => (this.partner.state & bit) !== 0;

  setA(bits: number, on: boolean): void {
    this.actor = { ...this.actor, state: on ? this.actor.state | bits : this.actor.state & ~bits };
  }

  setP(bits: number, on: boolean): void {
    this.partner = { ...this.partner, state: on ? this.partner.state | bits : this.partner.state & ~bits };
  }

  /** What is sent by the event, at most one PDU. */
  link(up: boolean): [PortInfo, PortInfo][] {
    this.portEnabled = up;
    return this.#settle();
  }

  pdu({ actor, partner }: Lacpdu): [PortInfo, PortInfo][] {
    if (!this.portEnabled) return this.#settle();
    this.updateSelected(actor);
    const echoes = same(partner, this.actor) && (partner.state & AGGREGATION) === (this.actor.state & AGGREGATION);
    const told = ACTIVITY | TIMEOUT | SYNC | AGGREGATION;
    if (!same(partner, this.actor) || (partner.state & told) !== (this.actor.state & told)) this.ntt = true;
    const stays = actor.state & ACTIVITY || (this.a(ACTIVITY) && partner.state & ACTIVITY);
    const inSync = (echoes || !(actor.state & AGGREGATION)) && actor.state & SYNC && stays;
    this.agreed = Boolean(inSync && echoes && partner.state & SYNC && this.a(SYNC));
    this.partner = actor;
    this.setP(SYNC, Boolean(inSync));
    this.setA(DEFAULTED | EXPIRED, false);
    this.timers.current = this.a(TIMEOUT) ? 30 : 900;
    this.machines.receive.state = "CURRENT";
    return this.#settle();
  }

  /** 100 ms pass. */
  step(): [PortInfo, PortInfo][] {
    for (const name of Object.keys(this.timers) as (keyof typeof this.timers)[]) {
      const left = this.timers[name];
      if (left !== undefined) this.timers[name] = Math.max(0, left - 1);
    }
    this.window = this.window.map((left) => left - 1).filter((left) => left > 0);
    return this.#settle();
  }

  updateSelected(partner: PortInfo): void {
    if (!same(partner, this.partner) || ((partner.state ^ this.partner.state) & AGGREGATION) !== 0)
      this.selected = false;
  }

  #settle(): [PortInfo, PortInfo][] {
    for (let moved = true; moved; ) {
      moved = this.#select();
      for (const machine of Object.values(this.machines)) moved = run(machine) || moved;
    }
    if (this.machines.periodic.state === "NO_PERIODIC") this.ntt = false;
    if (!this.ntt || this.window.length >= 3) return [];
    this.ntt = false;
    this.window.push(1000 / STEP_MS);
    return [[this.actor, this.partner]];
  }

  #select(): boolean {
    const isLoop =
      this.partner.system === this.actor.system && this.partner.systemPriority === this.actor.systemPriority;
    const may = this.portEnabled && !isLoop;
    const was = this.selected;
    if (!may) this.selected = false;
    else if (this.machines.mux.state === "DETACHED") this.selected = true;
    return was !== this.selected;
  }

  #churn(timer: "actorChurn" | "partnerChurn", inSync: () => boolean): Machine {
    return {
      state: "NO_CHURN",
      always: [[() => !this.portEnabled || inSync(), "NO_CHURN"]],
      moves: {
        NO_CHURN: [[() => this.portEnabled && !inSync(), "MONITOR"]],
        MONITOR: [[() => this.timers[timer] === 0, "CHURN"]],
      },
      entry: {
        NO_CHURN: () => this.set(timer, undefined),
        MONITOR: () => this.set(timer, 600),
      },
    };
  }
}

function run(machine: Machine): boolean {
  const always = machine.always.find(([when, to]) => machine.state !== to && when());
  const move = always ?? (machine.moves[machine.state] ?? []).find(([when]) => when());
  if (!move) return false;
  machine.state = move[1];
  machine.entry[machine.state]?.();
  return true;
}

function same(a: PortInfo, b: PortInfo): boolean {
  const identity = ({ systemPriority, system, key, portPriority, port }: PortInfo) =>
    [systemPriority, system, key, portPriority, port].join();
  return identity(a) === identity(b);
}
