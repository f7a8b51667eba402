/**
 * A guest that sends to another through two engines, each with a group over the same cables: many flows, in virtual time. What arrives is
 * held against what was sent, by flow and sequence number.
 */
import { expect } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { LagGroupOptions } from "../../src/lag/options.js";
import type { Partition } from "../../src/lag/partition.js";
import type { Build } from "./engines.js";
import { flowFrame, flowOf, macBytes, macOf, makeGroup, type TestGroup } from "./lag.js";
import { type Cable, type LinkOptions, Links } from "./links.js";
import { drain } from "./ports.js";
import { Random } from "./property.js";

export const PORTS = 4;
const FLOWS = 300;
const WEIGHTS = [1, 3, 2, 5];

/** What the receiver's guest has got, against what the sender's has sent. */
class Log {
  readonly sent = new Map<number, number>();
  readonly #last = new Map<number, number>();
  received = 0;
  reordered = 0;
  missing = 0;

  receive(frame: Uint8Array): void {
    const { flow, sequence } = flowOf(frame);
    const last = this.#last.get(flow) ?? -1;
    this.received++;
    if (sequence <= last) this.reordered++;
    else this.missing += sequence - last - 1;
    this.#last.set(flow, Math.max(last, sequence));
  }
}

interface WorldOptions extends Partial<Omit<LagGroupOptions, "lacp">> {
  readonly hasLacp?: boolean;
  readonly isWeighted?: boolean;
}

/** A guest that sends to another by two engines and the cables between them. */
export class World {
  readonly log = new Log();
  readonly random: Random;
  readonly sender: TestGroup;
  readonly receiver: TestGroup;
  readonly partition: Partition;
  readonly links: Links;
  readonly cables: readonly Cable[];

  constructor(ends: readonly [TestGroup, TestGroup], partition: Partition, links: Links, random: Random) {
    [this.sender, this.receiver] = ends;
    this.partition = partition;
    this.random = random;
    this.links = links;
    const first = random.below(PORTS);
    const delayMs = (i: number) => ((first + i) % PORTS) * 3 + random.below(3);
    this.cables = this.sender.ports.map((port, i) => links.join(port, this.receiver.ports[i] as Port, delayMs(i)));
    for (const cable of this.cables) links.tell(cable);
  }

  /** So many steps with traffic: a few flows send most of it, so that there is something to rebalance. */
  busy(ms: number): void {
    this.links.run(ms, () => {
      this.#receive();
      for (let n = this.random.below(24); n > 0; n--) {
        const flow = this.random.below(this.random.pick([4, 40, FLOWS]));
        const sequence = this.log.sent.get(flow) ?? 0;
        const frame = flowFrame({ flow, sequence, dst: macBytes(2), src: macBytes(1) });
        // A guest whose ring is full waits.
        if ((this.sender.vnics[0] as Port).receive(frame)) this.log.sent.set(flow, sequence + 1);
      }
      // Were a flow's frames on a port outside the set or on two at once, the sender would have lost track of them.
      expect(this.sender.engine.census().holds).toBe(true);
    });
  }

  /** So many steps without. */
  quiet(ms: number): void {
    this.links.run(ms, () => this.#receive());
  }

  change(cable: Cable, isCut: boolean): void {
    this.links.setCut(cable, isCut);
    this.links.tell(cable);
  }

  get slowest(): Cable {
    return [...this.cables].sort((a, b) => b.delayMs - a.delayMs)[0] as Cable;
  }

  /** Links go while nobody sends and come back while all do, one after the other. */
  comeAndGo(backMs: number, stays = this.random.pick(this.cables)): void {
    const others = this.cables.filter((cable) => cable !== stays);
    const gone = others.slice(0, this.random.between(1, others.length));
    this.quiet(100);
    for (const cable of gone) this.change(cable, true);
    this.quiet(100);
    this.busy(30);
    for (const cable of gone) {
      this.change(cable, false);
      this.busy(backMs);
    }
  }

  /** Guests' frames that cables have lost. */
  get lost(): { flow: number; sequence: number }[] {
    return this.cables.flatMap(({ lost }) => lost.filter((frame) => frame[0] === 0x02).map(flowOf));
  }

  /** Everything has arrived but for what cables have lost. */
  finish(): void {
    this.quiet(2500);
    const sent = [...this.log.sent.values()].reduce((sum, count) => sum + count, 0);
    expect(sent).toBeGreaterThan(500);
    for (const { engine } of [this.sender, this.receiver]) {
      for (const { name, counters } of engine.ports)
        expect({ name, drops: counters.drops }).toEqual({ name, drops: {} });
    }
    expect(this.log.received).toBe(sent - this.lost.length);
    expect(this.links.inFlight).toBe(0);
    expect(this.partition.moving).toBe(0);
  }

  #receive(): void {
    for (const { bytes } of drain(this.receiver.vnics[0] as Port)) this.log.receive(bytes);
  }
}

export async function makeWorld(
  build: Build,
  options: WorldOptions,
  completes: LinkOptions["completes"],
  more: Partial<LinkOptions> = {},
): Promise<World> {
  const { isWeighted = false, hasLacp = false, ...group } = options;
  const random = new Random();
  const makeEnd = async (number: number) => {
    const end = await makeGroup(build, {
      ...{ portCount: PORTS, buckets: 64, ...group },
      ...(hasLacp ? { lacp: { systemMac: macOf(0x1000 * number) } } : {}),
      engine: { mbufs: 2048, queueSize: 512 },
    });
    const members = end.ports.map((port, i) => ({ port, weight: isWeighted ? (WEIGHTS[i] as number) : 1 }));
    return {
      end,
      partition: end.group.addPartition({ name: "vm", vnic: end.vnics[0] as Port, macs: [macOf(number)], members }),
    };
  };
  const [a, b] = [await makeEnd(1), await makeEnd(2)];
  const links = new Links([a.end.engine, b.end.engine], [a.end.group, b.end.group], { completes, random, ...more });
  return new World([a.end, b.end], a.partition, links, random);
}
