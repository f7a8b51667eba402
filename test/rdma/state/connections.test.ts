/** Connections that are made and ended while the devices of their ends move, over a wire that loses, repeats and reorders. */
import { expect, it, test } from "vitest";
import type { QueuePair } from "../../../src/rdma/verbs/index.js";
import { PORT } from "../../helpers/connect.js";
import { Random } from "../../helpers/property.js";
import { ADDRESSES, type ManagedPlace, ManagedWorld } from "./managed.js";
import type { Faults } from "./wire.js";

const ATTEMPTS = 12;
const AT_A_TIME = 5;
const RDMA = { queuePairs: 32, addresses: 2, completionQueues: 2, memoryBytes: 2 ** 16 };

const ENDINGS = ["established disconnected closed", "rejected closed", "disconnected closed"];

/** States that connections were in when they moved, and what else there was. */
const seen = new Set<string>();

function kinds({ events }: ManagedPlace, id: number): string {
  return events
    .filter((event) => event.id === id)
    .map(({ type }) => type)
    .join(" ");
}

async function run(salt: number, faults: Faults): Promise<number> {
  const random = new Random(salt);
  const world = await ManagedWorld.make(random, RDMA, faults);
  const [a, b] = world.places;
  b.cm.listen(PORT);
  for (const place of world.places) place.device.createCq();
  const qpns = new Map<string, number>();
  const key = (at: ManagedPlace, id: number) => `${at.local} ${id}`;
  const newQp = (at: ManagedPlace): QueuePair => {
    const [sendCq, pd] = [at.device.completionQueue(1), at.device.protectionDomain(1)];
    if (!sendCq || !pd) throw new Error("no completion queue");
    return at.device.createQp({ pd, type: "rc", sendCq });
  };
  world.react = (at, event) => {
    const { id } = event;
    if (event.type === "requested") {
      const chance = random.below(6);
      // Some are answered later, or never.
      if (chance === 0) return at.cm.reject(id, "consumer-reject", world.nowMs);
      if (chance === 1) return;
      const qp = newQp(at);
      at.cm.accept(id, { qp, privateData: Uint8Array.of(id) }, world.nowMs);
      qpns.set(key(at, id), qp.qpn);
    }
    if (event.type === "established" && random.below(2) === 0) at.cm.disconnect(id, world.nowMs);
    if (event.type === "closed") {
      at.device.queuePair(qpns.get(key(at, id)) ?? 0)?.destroy();
      qpns.delete(key(at, id));
    }
  };
  const ids: number[] = [];
  let moveIn = random.between(1, 40);
  for (let steps = 0; ids.length < ATTEMPTS || a.cm.size + b.cm.size > 0; steps++) {
    if (steps > 100_000) throw new Error("never quiet");
    if (ids.length < ATTEMPTS && a.cm.size < AT_A_TIME) {
      const qp = newQp(a);
      const id = a.cm.connect({ remote: ADDRESSES[1], port: PORT, qp }, world.nowMs);
      qpns.set(key(a, id), qp.qpn);
      ids.push(id);
    }
    if (random.below(100) === 0) {
      const at = random.pick(world.places);
      const id = at.events[random.below(at.events.length)]?.id ?? 1;
      at.cm.disconnect(id, world.nowMs);
      // An owner may destroy its queue pair before it is told that nothing is under way any more.
      if (random.below(3) === 0) at.device.queuePair(qpns.get(key(at, id)) ?? 0)?.destroy();
      if (random.below(2) === 0) moveIn = 0;
    }
    // What happened last may be untold when it moves.
    if (moveIn > 0) world.step();
    if (moveIn-- > 0) continue;
    moveIn = random.between(1, 400);
    const { connections } = await world.move(random.pick(world.places));
    for (const { link, hasOutstanding } of connections.machines) {
      seen.add(`${link?.state}`);
      if (hasOutstanding) seen.add("outstanding");
      if (link && link.qpn !== 0 && !link.hasQp) seen.add("destroyed");
      if (link?.isAccepted) seen.add("accepted");
    }
    if (connections.events.length > 0) seen.add("events");
  }
  for (const id of ids) expect(ENDINGS).toContain(kinds(a, id));
  for (const id of new Set(b.events.map((event) => event.id))) {
    expect(ENDINGS.map((ending) => `requested ${ending}`)).toContain(kinds(b, id));
  }
  for (const place of world.places) expect(place.device.queuePairs.map(({ qpn }) => qpn)).toEqual([1]);
  return ids.filter((id) => kinds(a, id).startsWith("established")).length;
}

const FAULTS = { loss: 0.1, twice: 0.2, late: 0.3 };

test.each([
  ["that is good", {}],
  ["that loses a fifth", { loss: 0.2 }],
  ["that does it all", FAULTS],
] as const)("over a wire %s", async (_, faults) => {
  let established = 0;
  for (let salt = 0; salt < 3; salt++) established += await run(salt, faults);
  expect(established).toBeGreaterThan(ATTEMPTS);
});

it("they move in every state", async () => {
  const states = ["REQ_SENT", "REQ_RCVD", "REP_SENT", "ESTABLISHED", "DREQ_SENT", "TIMEWAIT"];
  const all = [...states, "outstanding", "accepted", "events", "destroyed"];
  const unseen = () => all.filter((what) => !seen.has(what));
  for (let salt = 3; unseen().length > 0 && salt < 100; salt++) await run(salt, FAULTS);
  expect(unseen()).toEqual([]);
});
