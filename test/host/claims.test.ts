/** How partitions become a host's, and stop being: generations, numbers, races, a directory out of reach, leases, withdrawals. */
import { expect, test } from "vitest";
import { censusAfterEach } from "../helpers/census.js";
import { macOf, makeWorld, type WorldOptions } from "../helpers/overlay-world.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" } } } as const satisfies WorldOptions;
const MAC = macOf(1);

test("a partition that moves keeps its number, by the next generation, and its old host says where it has gone", async () => {
  const world = await makeWorld({ ...OPEN, hosts: 3 });
  const first = world.attach(0, 1);
  world.run(20);
  expect(first.attachment).toMatchObject({ state: "live", generation: 1 });
  const { gqpn } = first.attachment;
  const second = world.move(first, 1);
  expect(second.attachment).toMatchObject({ state: "live", generation: 2, gqpn });
  expect(first.attachment.state).toBe("moved");
  expect(world.host(0).events.at(-1)).toEqual({ type: "moved", partition: "vm1", to: "h1", generation: 2 });
  const third = world.move(second, 0);
  expect(third.attachment).toMatchObject({ state: "live", generation: 3, gqpn });
  expect(world.host(0).core.attachments).toEqual([third.attachment]);
  expect(world.directory.store.resolve({ gqpn: gqpn as number })?.endpoint).toMatchObject({
    host: "h0",
    generation: 3,
  });
});

test("hosts take numbers from blocks of their own", async () => {
  const world = await makeWorld({ ...OPEN, hosts: 4, host: { blockSize: 2 } });
  const guests = [0, 1, 2, 3].flatMap((i) => [1, 2, 3].map((n) => world.attach(i, 4 * n + i)));
  world.run(100);
  const numbers = guests.map(({ attachment }) => attachment.gqpn);
  expect(new Set(numbers).size).toBe(12);
  expect(numbers.every((gqpn) => gqpn !== undefined && gqpn > 1 && gqpn < 0xfffffe)).toBe(true);
});

test("when two hosts attach the same partition at once, one has it, the other is told, and the number is one", async () => {
  const world = await makeWorld({ ...OPEN, hosts: 2 });
  const watcher = world.attach(1, 9);
  world.run(20);
  const [a, b] = [world.attach(0, 1), world.attach(1, 1)];
  const numbers = new Set<number>();
  for (let i = 0; i < 100; i++) {
    world.run(0.2);
    const known = world.directory.store.resolve({ vni: 42, mac: MAC });
    if (known) numbers.add(known.endpoint.gqpn);
  }
  world.run(100);
  const states = [a.attachment.state, b.attachment.state].sort();
  expect(states).toEqual(["live", "moved"]);
  expect(watcher.attachment.state).toBe("live");
  const winner = a.attachment.state === "live" ? a : b;
  expect(world.directory.store.resolve({ vni: 42, mac: MAC })?.endpoint).toMatchObject({
    ...{ host: winner.host.core.name, generation: winner.attachment.generation, gqpn: winner.attachment.gqpn },
  });
  // The partition's number is its own for life, from the first word that the directory has of it.
  expect([...numbers]).toEqual([winner.attachment.gqpn]);
});

test("an attach goes on when the directory can be reached again", async () => {
  const world = await makeWorld({ ...OPEN, directory: { timeoutMs: 100 } });
  const repair = world.cut();
  const a = world.attach(0, 1);
  world.run(2000);
  expect(a.attachment.state).toBe("claiming");
  expect(world.host(0).events).toContainEqual({ type: "directory", reachable: false });
  repair();
  world.run(1000);
  expect(a.attachment).toMatchObject({ state: "live", generation: 1 });
  expect(world.host(0).events).toContainEqual({ type: "directory", reachable: true });
});

test("an answer that is lost does no harm: a claim that was heard is heard again", async () => {
  for (let at = 0.1; at < 4; at += 0.3) {
    const world = await makeWorld({ ...OPEN, directory: { timeoutMs: 100 } });
    const a = world.attach(0, 1);
    world.run(at);
    const repair = world.cut();
    world.run(10);
    repair();
    world.run(2000);
    expect(a.attachment).toMatchObject({ state: "live", generation: 1 });
    expect(world.directory.store.resolve({ vni: 42, mac: MAC })?.endpoint.gqpn).toBe(a.attachment.gqpn);
  }
});

test("detaching withdraws, also when the directory is out of reach", async () => {
  const world = await makeWorld({ ...OPEN, directory: { timeoutMs: 100 } });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.run(20);
  a.host.core.detach(a.attachment, world.fabric.nowMs);
  world.run(20);
  expect(a.attachment.state).toBe("detached");
  expect(world.directory.store.resolve({ vni: 42, mac: MAC })).toBeUndefined();
  const repair = world.cut();
  b.host.core.detach(b.attachment, world.fabric.nowMs);
  world.run(500);
  expect(world.directory.store.size).toBe(1);
  repair();
  world.run(500);
  expect(world.directory.store.size).toBe(0);
  expect(b.host.events.at(-1)).toEqual({ type: "directory", reachable: true });
});

test("a partition that is detached while it is claimed leaves nothing behind, whenever that is", async () => {
  for (let at = 0; at < 5; at += 0.25) {
    const world = await makeWorld(OPEN);
    const a = world.attach(0, 1);
    world.run(at);
    a.host.core.detach(a.attachment, world.fabric.nowMs);
    world.run(1000);
    expect(a.attachment.state).toBe("detached");
    expect(world.directory.store.size).toBe(0);
    expect(a.host.core.attachments).toEqual([]);
  }
});

test("a partition that is attached again after it was detached continues its generations", async () => {
  const world = await makeWorld(OPEN);
  const a = world.attach(0, 1);
  world.run(20);
  a.host.core.detach(a.attachment, world.fabric.nowMs);
  const again = world.attach(0, 1);
  world.run(50);
  expect(again.attachment).toMatchObject({ state: "live", generation: 2 });
  again.host.core.detach(again.attachment, world.fabric.nowMs);
  world.run(50);
  const third = world.attach(1, 1);
  world.run(50);
  expect(third.attachment).toMatchObject({ state: "live", generation: 3 });
});

test("a host whose lease has ended counts as dead, and comes back with what it has", async () => {
  const world = await makeWorld({ ...OPEN, host: { times: { hostLeaseMs: 1000 } }, directory: { timeoutMs: 100 } });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.run(20);
  a.send(a.udp(b));
  b.send(b.udp(a));
  world.run(20);
  expect([a.take().length, b.take().length]).toEqual([1, 1]);
  const repair = world.cut([world.host(1)]);
  world.run(5000);
  expect(world.directory.store.host("h1")?.alive).toBe(false);
  a.send(a.udp(b));
  world.run(20);
  expect(a.drops).toEqual({ "no-path": 1 });
  repair();
  world.run(3000);
  expect(world.directory.store.host("h1")?.alive).toBe(true);
  expect(b.attachment.state).toBe("live");
  a.send(a.udp(b));
  world.run(20);
  expect(b.take()).toHaveLength(1);
});

test("a host that was overtaken while it was cut off stops when it hears", async () => {
  const world = await makeWorld({ ...OPEN, hosts: 3, directory: { timeoutMs: 100, resyncMs: 200 } });
  const [a, c] = [world.attach(0, 1), world.attach(2, 3)];
  world.run(20);
  const repair = world.cut([world.host(0)]);
  const b = world.attach(1, 1);
  world.run(500);
  expect([a.attachment.state, b.attachment.state]).toEqual(["live", "live"]);
  c.send(c.udp(b));
  world.run(20);
  expect([a.take().length, b.take().length]).toEqual([0, 1]);
  repair();
  world.run(1000);
  expect(a.attachment.state).toBe("moved");
  // What it still sent in the meantime nobody believes.
  expect(world.host(0).core.attachments).toEqual([]);
});

test("and also when the partition has gone altogether in the meantime", async () => {
  const world = await makeWorld({
    ...{ ...OPEN, hosts: 2, directory: { timeoutMs: 100, resyncMs: 200 } },
    host: { times: { hostLeaseMs: 1000 } },
  });
  const a = world.attach(0, 1);
  world.run(20);
  const repair = world.cut([world.host(0)]);
  world.run(3000);
  const b = world.attach(1, 1);
  world.run(500);
  b.host.core.detach(b.attachment, world.fabric.nowMs);
  world.run(100);
  repair();
  world.run(3000);
  expect(a.attachment.state).not.toBe("live");
  expect(world.directory.store.size).toBe(0);
});

test("of two that claim a number the higher generation has it, and the other is told and stops", async () => {
  const world = await makeWorld(OPEN);
  const [a, c] = [world.attach(0, 1), world.attach(1, 3)];
  world.run(20);
  const { gqpn } = a.attachment;
  const rival = { vni: 42, mac: macOf(7), ips: [], partition: "rival", labels: {}, host: "h1", gqpn: gqpn as number };
  const outcome = world.directory.store.publish({ ...rival, generation: 5 });
  expect(outcome.accepted).toBe(true);
  // The store's changes go to whoever watches, as for any host's request.
  if (outcome.accepted) for (const change of outcome.changes) a.host.core.change(change, world.fabric.nowMs);
  world.run(50);
  expect(a.attachment.state).toBe("refused");
  expect(a.host.events.at(-1)).toMatchObject({ type: "refused", partition: "vm1" });
  a.vnic.receive(a.udp(c));
  world.run(50);
  expect(c.take()).toEqual([]);
});

test("numbers that have run out refuse the attach, with the reason", async () => {
  const world = await makeWorld({ ...OPEN, host: { blockSize: 4 } });
  while (world.directory.store.allocateBlock("glutton", 65_536));
  for (let size = 32_768; size >= 4; size /= 2) while (world.directory.store.allocateBlock("glutton", size));
  const a = world.attach(0, 1);
  world.run(50);
  expect(a.attachment.state).toBe("refused");
  expect(a.host.events.at(-1)).toMatchObject({ type: "refused", reason: expect.stringContaining("numbers") });
  expect(world.directory.store.size).toBe(0);
});

test("an attach for which the host has no room is refused, and withdrawn", async () => {
  const world = await makeWorld({ ...OPEN, engine: { overlay: { endpoints: 16 } } });
  const ips = Array.from({ length: 20 }, (_, i) => `10.0.1.${i}`);
  const [a, b] = [world.attach(0, 1, { ips }), world.attach(0, 2)];
  world.run(50);
  expect([a.attachment.state, b.attachment.state]).toEqual(["refused", "live"]);
  expect(a.host.events).toContainEqual(
    expect.objectContaining({
      type: "refused",
      partition: "vm1",
      reason: expect.stringContaining("overlay.endpoints"),
    }),
  );
  expect(world.directory.store.size).toBe(1);
  // What it had taken is there again.
  const c = world.attach(0, 3);
  world.run(50);
  expect(c.attachment.state).toBe("live");
});
