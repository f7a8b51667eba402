/**
 * Random schedules: losses, copies, delays that reorder, reboots, key changes, link flaps, moved cables. After every
 * event, whoever distributes must have heard from a partner that agreed. Afterwards, when all is quiet, everybody must
 * come up.
 */
import { describe, expect, it } from "vitest";
import {
  decodeLacpdu,
  type Lacpdu,
  type LacpOptions,
  type LacpSystem,
  stateFlags,
} from "../../../src/lag/lacp/index.js";
import { Random } from "../../helpers/property.js";
import { Cables, type End, options } from "./cable.js";

const PORTS = 3;
const NAMES = ["a", "b", "c"];
const TABLES = [
  new Map([
    [1, [1, 2, 3]],
    [2, [2, 3]],
  ]),
  new Map([[1, [3, 1]]]),
];

/** A PDU that a port took, and when. */
interface Heard {
  readonly atMs: number;
  readonly pdu: Lacpdu;
}

class Chaos {
  readonly cables = new Cables();
  readonly heard = new Map<string, Heard>();
  readonly peers = new Map<string, End>();
  readonly #random: Random;
  readonly #configured = new Map<string, LacpOptions>();
  /** When each system began anew. */
  readonly reboots: { readonly atMs: number; readonly system: string }[] = [];
  checks = 0;

  constructor(random: Random) {
    this.#random = random;
    for (const [i, name] of NAMES.entries()) {
      this.#configured.set(name, this.#options(i + 1));
      this.cables.add(name, this.#configured.get(name) as LacpOptions);
    }
    const ends = NAMES.flatMap((system) => Array.from({ length: PORTS }, (_, i) => ({ system, port: i + 1 })));
    while (ends.length > 1) this.plug(this.#take(ends), this.#take(ends));
    for (const name of NAMES) this.#watch(name);
  }

  /** One thing that happens, and a while. */
  disturb(): void {
    const { cables } = this;
    const random = this.#random;
    const name = random.pick(NAMES);
    const port = random.between(1, PORTS);
    const what = random.below(12);
    if (what < 4) this.flap(name, port, random.below(2) === 0);
    else if (what === 4) this.reboot(name);
    else if (what === 5) cables.act(name, cables.get(name).setKey(port, random.between(1, 2), cables.nowMs));
    else if (what === 6) this.#loss(random.pick([0, 0, 10, 50, 100]));
    else if (what === 7) this.#delay(random.pick([0, 1, 20, 700, 2500]));
    else if (what === 8) this.#swap();
    else if (what === 9) cables.act(name, cables.get(name).sendMarker(port, random.below(100), cables.nowMs));
    else if (what === 10) this.#rewrite(name);
    const wait = random.pick([0, 10, 500, 1000, 2100, 3000, 7000, 100_000]);
    cables.runTo(cables.nowMs + random.below(wait + 1));
  }

  flap(name: string, port: number, up: boolean): void {
    // A cable's two ends see the same light, as cables do.
    const other = this.peers.get(`${name} ${port}`);
    for (const end of [{ system: name, port }, ...(other ? [other] : [])]) {
      if (!up) this.heard.delete(`${end.system} ${end.port}`);
      this.cables.link(end.system, end.port, up);
    }
  }

  reboot(name: string): void {
    this.cables.add(name, this.#configured.get(name) as LacpOptions);
    this.reboots.push({ atMs: this.cables.nowMs, system: name });
    this.#watch(name);
    for (let port = 1; port <= PORTS; port++) {
      this.heard.delete(`${name} ${port}`);
      this.cables.link(name, port, true);
    }
  }

  plug(a: End, b: End): void {
    this.cables.join(a, b);
    this.peers.set(`${a.system} ${a.port}`, b);
    this.peers.set(`${b.system} ${b.port}`, a);
  }

  /** No more losses; all links up; time for the slowest to come up. */
  calm(): void {
    this.cables.copies = () => 1;
    this.cables.delayMs = () => 1;
    for (const name of NAMES) for (let port = 1; port <= PORTS; port++) this.flap(name, port, true);
    this.cables.runTo(this.cables.nowMs + 250_000);
  }

  #options(system: number): LacpOptions {
    const random = this.#random;
    const version = random.pick([1, 2] as const);
    return options(system, PORTS, {
      systemPriority: random.between(1, 2),
      activity: random.pick(["active", "active", "passive"] as const),
      timeout: random.pick(["fast", "slow"] as const),
      version,
      conversations: version === 2 ? random.pick(TABLES) : undefined,
    });
  }

  /** Checks a system whenever it has been called. */
  #watch(name: string): void {
    const system = this.cables.get(name);
    for (const method of ["link", "receive", "tick", "sendMarker", "setKey", "setConversations"] as const) {
      const original = system[method].bind(system) as (...args: unknown[]) => never;
      Object.defineProperty(system, method, {
        value: (...args: unknown[]) => {
          if (method === "receive") this.#hear({ system: name, port: args[0] as number }, args[1] as Uint8Array);
          const actions = original(...args);
          this.#check(name, system);
          return actions;
        },
      });
    }
  }

  #hear(to: End, frame: Uint8Array): void {
    const pdu = decodeLacpdu(frame);
    if (typeof pdu === "string" || !this.cables.get(to.system).port(to.port).isLinkUp) return;
    this.heard.set(`${to.system} ${to.port}`, { atMs: this.cables.nowMs, pdu });
  }

  #check(name: string, system: LacpSystem): void {
    const groups = new Map<number, string>();
    for (const port of system.portNumbers) {
      const report = system.port(port);
      if (!report.distributing) continue;
      this.checks++;
      const heard = this.heard.get(`${name} ${port}`);
      if (!heard) throw new Error(`${name} ${port} distributes and has heard nothing`);
      const { actor: them, partner: echo } = heard.pdu;
      const [theirs, echoed] = [stateFlags(them.state), stateFlags(echo.state)];
      const { actor } = report;
      const { flags } = actor;
      // The partner's last word is about this very port, as it is now, and both ends in synchronization.
      const sameEnd = (["systemPriority", "system", "key", "portPriority", "port"] as const).every(
        (k) => echo[k] === actor[k],
      );
      const facts = {
        isLinkUp: report.isLinkUp,
        sameEnd,
        theirSync: theirs.synchronized,
        theyCollect: theirs.collecting,
        echoedSync: echoed.synchronized,
        ourSync: flags.synchronized,
        weCollect: flags.collecting,
        sameAggregation: echoed.aggregatable === flags.aggregatable,
        another: them.system !== actor.system,
        inTime: this.cables.nowMs - heard.atMs < (flags.shortTimeout ? 3000 : 90_000),
      };
      const wrong = Object.entries(facts).filter(([, holds]) => !holds);
      if (wrong.length > 0)
        throw new Error(`${name} ${port} at ${this.cables.nowMs}: not ${wrong.map(([fact]) => fact)}`);
      // Whoever shares the aggregator has the same key and the same partner.
      const group = `${actor.key} ${them.systemPriority} ${them.system} ${them.key}`;
      const aggregator = report.aggregator as number;
      if ((groups.get(aggregator) ?? group) !== group) throw new Error(`${name} ${aggregator} has two groups`);
      groups.set(aggregator, group);
    }
    // And one group is on one aggregator.
    if (new Set(groups.values()).size !== groups.size) throw new Error(`${name} has a group twice`);
  }

  #loss(percent: number): void {
    const random = this.#random;
    this.cables.copies = () => (random.below(100) < percent ? 0 : random.below(10) === 0 ? 2 : 1);
  }

  #delay(mostMs: number): void {
    const random = this.#random;
    this.cables.delayMs = () => random.below(mostMs + 1);
  }

  /** Two cables change places at one end, links down meanwhile. */
  #swap(): void {
    const random = this.#random;
    const [first, second] = [0, 0].map(() => ({ system: random.pick(NAMES), port: random.between(1, PORTS) })) as [
      End,
      End,
    ];
    const [x, y] = [first, second].map((end) => this.peers.get(`${end.system} ${end.port}`));
    const all = [first, second, x, y].map((end) => end && `${end.system} ${end.port}`);
    if (!x || !y || new Set(all).size < 4) return;
    for (const end of [first, second]) this.flap(end.system, end.port, false);
    this.plug(first, y);
    this.plug(second, x);
    for (const end of [first, second]) this.flap(end.system, end.port, true);
  }

  #rewrite(name: string): void {
    const configured = this.#configured.get(name) as LacpOptions;
    if (!configured.conversations) return;
    const conversations = this.#random.pick(TABLES);
    this.#configured.set(name, { ...configured, conversations });
    this.cables.act(name, this.cables.get(name).setConversations(conversations, this.cables.nowMs));
  }

  #take<T>(list: T[]): T {
    return list.splice(this.#random.below(list.length), 1)[0] as T;
  }

  /** What must be up when all is quiet: cables between two systems of which one is active. */
  expected(): string[] {
    const isActive = (name: string) => this.#configured.get(name)?.activity === "active";
    return [...this.peers]
      .filter(([end, peer]) => {
        const [system = ""] = end.split(" ");
        return system !== peer.system && (isActive(system) || isActive(peer.system));
      })
      .map(([end]) => end)
      .sort();
  }
}

describe("random schedules", () => {
  it("nobody distributes to a partner that has not agreed, and all come up when it is quiet", () => {
    const random = new Random();
    let checks = 0;
    let agreements = 0;
    for (let schedule = 0; schedule < 60; schedule++) {
      const chaos = new Chaos(random);
      for (const name of NAMES) chaos.cables.linkAll(true, name);
      for (let step = 0; step < 40; step++) chaos.disturb();
      chaos.calm();
      expect(chaos.cables.distributing.sort(), `schedule ${schedule}`).toEqual(chaos.expected());
      checks += chaos.checks;
      checkLimit(chaos);
      agreements += checkAgreement(chaos);
    }
    // The schedules did come to what they are about.
    expect(checks).toBeGreaterThan(40_000);
    expect(agreements).toBeGreaterThan(0);
  });
});

/** Never more than three LACPDUs of a port in a second; a system that reboots has forgotten what it sent. */
function checkLimit({ cables, reboots }: Chaos): void {
  const last = new Map<string, number[]>();
  for (const { atMs, from, frame } of cables.sent) {
    if (frame[14] !== 1) continue;
    const end = `${from.system} ${from.port}`;
    const times = [...(last.get(end) ?? []), atMs];
    last.set(end, times.slice(-3));
    const [first] = times;
    if (times.length < 4 || first === undefined || atMs - first >= 1000) continue;
    const hasForgotten = reboots.some((reboot) => reboot.system === from.system && reboot.atMs >= first);
    expect(hasForgotten, `four PDUs of ${end} from ${first} to ${atMs}`).toBe(true);
  }
}

/** Whoever agrees is agreed with: both ends of a cable carry the same conversations. How many ends do. */
function checkAgreement(chaos: Chaos): number {
  let agreements = 0;
  for (const [end, peer] of chaos.peers) {
    const [system = "", port] = end.split(" ");
    const ours = chaos.cables.get(system).port(Number(port)).conversations;
    const theirs = chaos.cables.get(peer.system).port(peer.port).conversations;
    if (!ours?.agreed) continue;
    expect(theirs, `${end} and ${peer.system} ${peer.port}`).toEqual(ours);
    expect(ours.actorPartnerSync).toBe(true);
    agreements++;
  }
  return agreements;
}
