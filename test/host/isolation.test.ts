/**
 * Tenants with the same addresses, on hosts that they share: whoever should get a frame gets it, once, and nobody else does. Random
 * hosts, networks, policies, encapsulations, frames, moves and changes of policy; the judge is the twin (test/model/overlay.ts).
 */
import { describe, expect, test } from "vitest";
import { DROP_POLICY, OK } from "../../assembly/layout.js";
import type { Port } from "../../src/buffer/port.js";
import { causeName } from "../../src/causes.js";
import type { EncapsulationName } from "../../src/directory/records.js";
import type { Attachment } from "../../src/host/attachment.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { censusAfterEach } from "../helpers/census.js";
import type { Build } from "../helpers/engines.js";
import { makeOverlayWorld, type OverlayWorld } from "../helpers/moving-world.js";
import { drain } from "../helpers/ports.js";
import { Random } from "../helpers/property.js";
import {
  answerOf,
  randomNetworks,
  randomTemplates,
  randomTenants,
  type Template,
  type Tenant,
  writeNumber,
} from "../helpers/tenants.js";
import { type Outcome, OverlayModel } from "../model/overlay.js";
import type { ModelNetwork } from "../model/policy.js";

censusAfterEach();

const TICK_MS = 50;
const FRAGMENT_TICKS = 20;
const ENCAPSULATIONS: readonly EncapsulationName[] = ["vxlan", "geneve", "vxlan-gpe", "nvgre", "rocev2"];
/** Frames that are sent before time passes. */
const BATCH = 192;

type Tally = Record<string, number>;

/** Tenants and their frames, in the world and in the twin. */
class Tenancy {
  readonly world: OverlayWorld;
  readonly tenants: readonly Tenant[];
  readonly random: Random;
  readonly templates: readonly Template[];
  readonly flowTicks: number;
  readonly attachments = new Map<string, Attachment>();
  readonly where = new Map<string, string>();
  networks: Record<string, ModelNetwork>;
  twin: OverlayModel;
  readonly expectedDrops: Tally = {};
  readonly senderDrops = new Map<Port, Tally>();
  frames = 0;
  delivered = 0;
  answers = 0;
  #number = 0;
  chosen: Set<Template> = new Set();

  constructor(
    world: OverlayWorld,
    random: Random,
    networks: Record<string, ModelNetwork>,
    tenants: readonly Tenant[],
    flowTicks: number,
  ) {
    this.world = world;
    this.random = random;
    this.networks = networks;
    this.tenants = tenants;
    this.flowTicks = flowTicks;
    this.templates = randomTemplates(random, tenants, 1500);
    for (const tenant of tenants) {
      this.where.set(tenant.name, tenant.host);
      this.attachments.set(tenant.name, world.attach(tenant, hostNumber(tenant.host)));
    }
    expect(world.fabric.settle(1000)).toBe(true);
    this.twin = this.#newTwin();
  }

  /** A guest goes to another host. */
  move(): void {
    const { world, random } = this;
    const { name, host: _, ...guest } = random.pick(this.tenants);
    const before = this.where.get(name) as string;
    const after = `h${random.below(world.hosts.length)}`;
    if (after === before) return;
    const left = this.attachments.get(name) as Attachment;
    this.attachments.set(name, world.place(guest, hostNumber(after)));
    expect(left.state).toBe("moved");
    world.release(hostNumber(before), left.vnic);
    this.where.set(name, after);
    this.twin.move(name, after);
  }

  /** Other rules, in force everywhere: what was let in before is forgotten. */
  changePolicy(): void {
    const fresh = randomNetworks(this.random, Object.keys(this.networks).length);
    const networks = Object.entries(fresh).map(([name, network]) => {
      const { vni } = this.networks[name] as ModelNetwork;
      return [name, { ...network, vni }] as const;
    });
    this.networks = Object.fromEntries(networks);
    const policy = definePolicy({ networks: this.networks as never });
    for (const { core } of this.world.hosts) core.setPolicy(policy, this.world.fabric.nowMs);
    expect(this.world.fabric.settle(1000)).toBe(true);
    this.twin = this.#newTwin();
  }

  /** Sends frames that do not depend on each other's times, but for those of a line, which keep their order. */
  batch(size: number): void {
    const { fabric } = this.world;
    fabric.run({ untilMs: (Math.floor(fabric.nowMs / TICK_MS) + 1) * TICK_MS + 1 });
    const tick = Math.floor(fabric.nowMs / TICK_MS);
    const chosen = this.#choose(size);
    this.chosen = chosen;
    const outcomes = new Map<number, Outcome>();
    const answers = new Map<string, string[]>();
    const given = new Map<string, { data: Uint8Array }[]>();
    for (const template of chosen) {
      const { name } = template.sender;
      writeNumber(template, ++this.#number);
      const outcome = this.twin.send(name, template.bytes, tick);
      outcomes.set(this.#number, outcome);
      if (template.answer !== undefined) listOf(answers, name).push(template.answer);
      listOf(given, name).push({ data: template.bytes });
      this.#expectDrop(name, template, outcome);
    }
    for (const [name, arrivals] of given) expect(this.#port(name).receiveBurst(arrivals)).toBe(arrivals.length);
    expect(fabric.settle(TICK_MS - 2), "all is said within a tick").toBe(true);
    this.#compare(outcomes, answers);
    this.frames += chosen.size;
    if (process.env.DBG)
      try {
        this.expectDrops();
      } catch (e) {
        for (const t of chosen)
          console.log(
            t.sender.name,
            (this.attachments.get(t.sender.name) as Attachment).vnic.name,
            this.where.get(t.sender.name),
            Buffer.from(t.bytes).toString("hex").slice(0, 140),
            [...outcomes.values()][[...chosen].indexOf(t)]?.cause,
          );
        throw e;
      }
  }

  /** Every drop has the cause that the twin says; those at a sender's port are of its own frames. */
  expectDrops(): void {
    const found: Tally = {};
    for (const { engine } of this.world.hosts) {
      for (const port of engine.ports) {
        for (const [cause, count] of Object.entries(port.counters.drops)) {
          add(found, cause, count);
          if (port.name === "up") continue;
          expect(count, `${port.name}: ${cause}`).toBeLessThanOrEqual(this.senderDrops.get(port)?.[cause] ?? 0);
        }
      }
    }
    expect(found).toEqual(this.expectedDrops);
  }

  #newTwin(): OverlayModel {
    return new OverlayModel({
      networks: this.networks,
      endpoints: this.tenants.map((tenant) => ({ ...tenant, host: this.where.get(tenant.name) as string })),
      ...{ flowTicks: this.flowTicks, fragmentTicks: FRAGMENT_TICKS, answersNeighbours: true },
    });
  }

  #choose(size: number): Set<Template> {
    const chosen = new Set<Template>();
    const lines = new Map<string, string>();
    for (let tries = 0; tries < size; tries++) {
      // Neighbours in the list belong together: what returns, the later fragments.
      const first = this.random.below(this.templates.length);
      for (const template of this.templates.slice(first, first + this.random.between(1, 3))) {
        if (chosen.size === size || chosen.has(template)) continue;
        if (template.touches.some((key) => (lines.get(key) ?? template.line) !== template.line)) continue;
        for (const key of template.touches) lines.set(key, template.line);
        chosen.add(template);
      }
    }
    return chosen;
  }

  #expectDrop(name: string, { bytes }: Template, { cause }: Outcome): void {
    // Of a frame to many that nobody may have there is no drop: each host decides for its own.
    const isToMany = ((bytes[0] as number) & 1) === 1 && cause === DROP_POLICY;
    if (cause === OK || isToMany) return;
    add(this.expectedDrops, causeName(cause), 1);
    const port = this.#port(name);
    const tally = this.senderDrops.get(port) ?? {};
    this.senderDrops.set(port, tally);
    add(tally, causeName(cause), 1);
  }

  #compare(outcomes: Map<number, Outcome>, answers: Map<string, string[]>): void {
    const missing = new Map([...outcomes].map(([number, { deliveries }]) => [number, [...deliveries]]));
    for (const { name } of this.tenants) {
      const answered: string[] = [];
      for (const { bytes } of drain(this.#port(name))) {
        const answer = answerOf(bytes);
        if (answer !== undefined) {
          answered.push(answer);
          continue;
        }
        const number = new DataView(bytes.buffer).getUint32(bytes.length - 4);
        const left = missing.get(number);
        const at = left?.findIndex(({ to }) => to === name) ?? -1;
        const [delivery] = left && at >= 0 ? left.splice(at, 1) : [];
        if (!delivery) throw new Error(`${name} got frame ${number}, which is not for it or came before`);
        if (Buffer.compare(delivery.bytes, bytes) !== 0) {
          expect(bytes, `frame ${number} for ${name}`).toEqual(delivery.bytes);
        }
        this.delivered++;
      }
      expect(answered.sort(), `answers to ${name}`).toEqual((answers.get(name) ?? []).sort());
      this.answers += answered.length;
    }
    for (const [number, left] of missing) {
      if (left.length > 0) {
        const t = [...this.chosen].find(
          (x) => x.numberAt !== undefined && new DataView(x.bytes.buffer).getUint32(x.numberAt) === number,
        ) as Template;
        console.log(
          "MISSING",
          t.sender,
          t.line,
          t.touches,
          Buffer.from(t.bytes).toString("hex"),
          outcomes.get(number),
          JSON.stringify(this.networks[t.sender.network]),
          [...this.tenants]
            .filter((x) => x.network === t.sender.network)
            .map((x) => ({ ...x, host: this.where.get(x.name) })),
          this.world.hosts.map((h) =>
            [h.core.name, h.core.counters, h.engine.ports.map((p) => [p.name, JSON.stringify(p.counters.drops)])].flat(
              3,
            ),
          ),
          this.expectedDrops,
        );
      }
      if (left.length > 0) throw new Error(`frame ${number} did not reach ${left.map(({ to }) => to).join(", ")}`);
    }
  }

  #port(name: string): Port {
    return (this.attachments.get(name) as Attachment).vnic;
  }
}

async function makeTenancy(random: Random, build: Build): Promise<Tenancy> {
  const hosts = random.between(2, 5);
  const flowTicks = random.between(20, 200);
  const networks = randomNetworks(random, random.between(2, 3));
  const names = Array.from({ length: hosts }, (_, i) => `h${i}`);
  const tenants = randomTenants(random, Object.keys(networks), names);
  const common = random.pick(ENCAPSULATIONS);
  const lists = names.map(() =>
    [...ENCAPSULATIONS].sort(() => random.below(3) - 1).filter((name) => name === common || random.below(3) === 0),
  );
  const udpChecksum = random.pick(["zero", "full"] as const);
  const world = await makeOverlayWorld({
    ...{ hosts, build, seed: random.below(2 ** 32), family: random.pick([4, 6]) },
    policy: definePolicy({ networks: networks as never }),
    encapsulations: (host) => lists[host] as EncapsulationName[],
    host: {
      times: { tickMs: TICK_MS, flowMs: flowTicks * TICK_MS, fragmentMs: FRAGMENT_TICKS * TICK_MS },
      ...(random.below(2) === 0 && { paths: { udpChecksum, ttl: random.between(1, 255), dscp: random.below(64) } }),
    },
    guests: tenants.length,
    engine: {
      ...{ mbufs: 4096, queueSize: 1024, payloadBytes: 512 },
      overlay: { flows: 16_384, heldFrames: 512, controlFrames: 1024, policyBytes: 2 ** 18 },
    },
  });
  return new Tenancy(world, random, networks, tenants, flowTicks);
}

/** Plays one random tenancy. */
async function play(run: number, build: Build, rounds: number): Promise<Tenancy> {
  const random = new Random(run);
  const tenancy = await makeTenancy(random, build);
  const { world } = tenancy;
  try {
    for (let round = 0; round < rounds; round++) {
      for (let batch = 0; batch < 8; batch++) tenancy.batch(round === 0 && batch < 4 ? 24 : BATCH);
      tenancy.expectDrops();
      world.expectCensus();
      if (random.below(3) === 0) world.fabric.run({ forMs: random.below(2 * tenancy.flowTicks) * TICK_MS });
      if (random.below(4) === 0) tenancy.changePolicy();
      for (let moves = random.below(4); moves > 0; moves--) tenancy.move();
    }
  } catch (error) {
    throw new Error(`tenancy ${run}, frame ${tenancy.frames}: ${error}`, { cause: error });
  } finally {
    world.close();
  }
  return tenancy;
}

describe("tenants with the same addresses", () => {
  test("debug build: a few tenancies", async () => {
    for (let run = 0; run < 4; run++) await play(run, "debug", 3);
  });

  test("1,000,000 frames: none is delivered that the twin would not, none is missing", async () => {
    let [frames, delivered, answers, tenancies] = [0, 0, 0, 0];
    for (; frames < Number(process.env.RINGLANE_FRAMES ?? 1_000_000); tenancies++) {
      const tenancy = await play(1000 + tenancies, "release", 12);
      frames += tenancy.frames;
      delivered += tenancy.delivered;
      answers += tenancy.answers;
    }
    console.info(`${frames} frames in ${tenancies} tenancies: ${delivered} delivered, ${answers} questions answered`);
    expect(frames).toBeGreaterThanOrEqual(1_000_000);
    // Not a policy that denies all.
    expect(delivered).toBeGreaterThan(frames / 10);
  });
});

function hostNumber(name: string): number {
  return Number(name.slice(1));
}

function listOf<K, T>(map: Map<K, T[]>, key: K): T[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function add(tally: Tally, key: string, count: number): void {
  tally[key] = (tally[key] ?? 0) + count;
}
