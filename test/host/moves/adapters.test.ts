/** What moves with a VM: all of its adapters or none, whatever the underlay, its uplinks' set, its limits, and what the others know of it. */
import { expect, test } from "vitest";
import type { Attachment } from "../../../src/host/attachment.js";
import type { IncomingVm } from "../../../src/host/moves/options.js";
import type { AttachOptions } from "../../../src/host/options.js";
import { counting, macFrom, u32 } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import { Guest, hexOf, makeWorld, type World, type WorldOptions } from "../../helpers/overlay-world.js";

censusAfterEach();

const NETWORKS = {
  blue: { vni: 42, default: "allow" },
  red: { vni: 43, default: "allow" },
} as const satisfies WorldOptions["networks"];

type Places = (vm: IncomingVm, world: World) => readonly AttachOptions[] | string;

/** Each adapter at an idle port. */
const anywhere: Places = ({ adapters }, world) => {
  const host = world.host(1);
  const idle = host.vnics.filter((port) => !host.core.attachments.some((other) => other.vnic === port));
  return adapters.map((adapter, i) => ({ ...adapter, vnic: idle[i] as AttachOptions["vnic"] }));
};

/** Three hosts; VMs go to h1. */
async function makeMoving(options: Partial<WorldOptions> = {}, places: Places = anywhere): Promise<World> {
  const { host = {}, engine, ...rest } = options;
  const world: World = await makeWorld({
    ...{ networks: NETWORKS, hosts: 3, ...rest },
    engine: { migration: {}, mbufs: 1024, queueSize: 256, ...engine },
    host: (i) => ({
      ...(typeof host === "function" ? host(i) : host),
      ...(i === 1 && { moves: { incoming: (vm: IncomingVm) => places(vm, world) } }),
    }),
  });
  return world;
}

/** Guests that send numbered frames to each other, one after the other. */
class Talk {
  readonly #world: World;
  readonly #pairs: { from: Guest; to: Guest; readonly sent: string[]; readonly got: string[] }[] = [];
  #number = 0;

  constructor(world: World) {
    this.#world = world;
  }

  add(from: Guest, to: Guest): void {
    this.#pairs.push({ from, to, sent: [], got: [] });
  }

  /** A guest is another's successor, on another host. */
  replace(before: Guest, now: Guest): void {
    for (const pair of this.#pairs) {
      if (pair.from === before) pair.from = now;
      if (pair.to === before) pair.to = now;
    }
  }

  run(steps: number, stepMs = 0.2): void {
    for (let i = 0; i < steps; i++) {
      for (const { from, to, sent } of this.#pairs) {
        const frame = from.udp(to, { payload: [...u32(this.#number++), ...counting(20)] });
        if (from.vnic.receive(frame)) sent.push(...hexOf([frame]));
      }
      this.rest(stepMs);
    }
  }

  rest(forMs: number): void {
    this.#world.run(forMs);
    for (const to of new Set(this.#pairs.map((pair) => pair.to))) {
      for (const frame of hexOf(to.take())) {
        const pair = this.#pairs.find((one) => one.to === to && frame.slice(12, 24) === hexOf([one.from.mac])[0]);
        pair?.got.push(frame);
      }
    }
  }

  /** Each frame came once, in order. */
  expectWhole(): void {
    for (const { drops } of this.#world.hosts) expect(drops).toEqual({});
    for (const { from, to, sent, got } of this.#pairs) {
      expect(sent.length).toBeGreaterThan(50);
      expect(got, `${from.attachment.partition} to ${to.attachment.partition}`).toEqual(sent);
    }
  }
}

/** Moves guests, which are adapters of one VM, from h0 to h1; what became of them. */
function move(world: World, talk: Talk, adapters: readonly Guest[], outcome = "moved"): Guest[] {
  const [source, target] = [world.host(0), world.host(1)];
  const name = source.core.move(
    { attachments: adapters.map(({ attachment }) => attachment), to: "h1" },
    world.fabric.nowMs,
  );
  const moved = new Map<Guest, Guest>();
  for (let i = 0; i < 100; i++) {
    talk.run(1, 0.1);
    for (const guest of adapters) {
      const { network, mac } = guest.attachment;
      const here = target.core.attachments.find((one) => one.mac === mac && one.network.vni === network.vni);
      if (moved.has(guest) || here?.state !== "live") continue;
      moved.set(guest, new Guest(world, target, here, guest.n));
      talk.replace(guest, moved.get(guest) as Guest);
    }
  }
  talk.rest(300);
  const ended = source.core.moves.find((one) => one.name === name);
  expect(ended?.outcome, ended?.reason).toBe(outcome);
  if (outcome !== "moved") {
    expect(adapters.map(({ attachment }) => attachment.state)).toEqual(adapters.map(() => "live"));
    expect(moved.size).toBe(0);
  } else expect(moved.size).toBe(adapters.length);
  return adapters.map((guest) => moved.get(guest) ?? guest);
}

/** A VM with an adapter in each network, and a peer of each, on h0, h1 and h2. */
function addVm(world: World, talk: Talk, more: Partial<AttachOptions> = {}): Guest[] {
  const adapters = (["blue", "red"] as const).map((network, i) => {
    const { network: _, ...rest } = more;
    return world.attach(0, 8 + i, { ...rest, partition: "vm", network });
  });
  for (const host of [0, 1, 2]) {
    for (const [i, network] of ["blue", "red"].entries()) {
      const peer = world.attach(host, 1 + 2 * host + i, { network });
      talk.add(peer, adapters[i] as Guest);
      talk.add(adapters[i] as Guest, peer);
    }
  }
  world.run(50);
  talk.run(20);
  return adapters;
}

test.each([4, 6] as const)(
  "two adapters in two networks over IPv%i: no frame is lost, doubled or overtaken",
  async (family) => {
    const world = await makeMoving({ family });
    const talk = new Talk(world);
    const adapters = addVm(world, talk);
    const moved = move(world, talk, adapters);
    talk.run(40);
    talk.rest(50);
    talk.expectWhole();
    const generations = moved.map(({ attachment }) => attachment.generation);
    expect(new Set(generations)).toEqual(new Set([(adapters[0]?.attachment.generation as number) + 1]));
    for (const { attachment } of moved)
      expect(world.directory.store.resolve({ vni: attachment.vni, mac: attachment.mac })?.endpoint.host).toBe("h1");
  },
);

test.each<[string, Places, RegExp]>([
  [
    "is at a port that another has",
    (vm, world) =>
      anywhere(vm, world).slice(0, 1).concat() && [
        (anywhere(vm, world) as AttachOptions[])[0] as AttachOptions,
        {
          ...((anywhere(vm, world) as AttachOptions[])[1] as AttachOptions),
          vnic: world.host(1).core.attachments[0]?.vnic as AttachOptions["vnic"],
        },
      ],
    /vnic is "v\d"/,
  ],
  [
    "is given another address",
    (vm, world) =>
      (anywhere(vm, world) as AttachOptions[]).map((one, i) => (i === 1 ? { ...one, mac: "02:00:00:00:00:99" } : one)),
    /incoming\[1\]\.mac/,
  ],
  [
    "is in a network that is not there",
    (vm, world) =>
      (anywhere(vm, world) as AttachOptions[]).map((one, i) => (i === 1 ? { ...one, network: "green" } : one)),
    /network is "green"/,
  ],
])("of two adapters none moves when the second %s", async (_, places, reason) => {
  const world = await makeMoving({}, places);
  const talk = new Talk(world);
  const adapters = addVm(world, talk);
  const before = world.host(1).core.attachments;
  move(world, talk, adapters, "stayed");
  expect(world.host(0).core.moves[0]?.reason).toMatch(reason);
  expect(world.host(1).core.attachments).toEqual(before);
  talk.run(40);
  talk.rest(50);
  talk.expectWhole();
});

test("with a group of uplinks and a set for the VM: its frames leave by that set at its new host", async () => {
  const world = await makeMoving({ uplinks: 3, group: {} }, (vm, w) =>
    (anywhere(vm, w) as AttachOptions[]).map((one) => ({ ...one, members: w.host(1).uplinks.slice(1, 3) })),
  );
  // So that what is for the VM comes by its set.
  for (const host of [0, 1]) world.fabric.link(`h${host}.up0`).cut();
  const talk = new Talk(world);
  const adapters = addVm(world, talk, { members: world.host(0).uplinks.slice(1, 3) });
  const moved = move(world, talk, adapters);
  const from = world.wire.length;
  talk.run(60);
  talk.rest(50);
  talk.expectWhole();
  const macs = moved.map(({ mac }) => Buffer.from(mac).toString("hex"));
  const used = world.wire
    .slice(from)
    .filter((one) => one.from === "h1" && macs.includes(Buffer.from(one.bytes.subarray(56, 62)).toString("hex")));
  expect(used.length).toBeGreaterThan(50);
  for (const { uplink } of used) expect(["up1", "up2"]).toContain(uplink);
});

test("a set with another number of buckets is refused, and the reason says so", async () => {
  const world = await makeMoving({ uplinks: 3, group: (i) => ({ buckets: i === 1 ? 64 : 128 }) });
  const talk = new Talk(world);
  move(world, talk, addVm(world, talk), "stayed");
  expect(world.host(0).core.moves[0]?.reason).toMatch(/lag/);
  talk.run(40);
  talk.rest(50);
  talk.expectWhole();
});

test("limits of mbufs go with the VM, and hold at its new host", async () => {
  // Room for what is held while the VM stands, and given to it at once: beyond it frames are dropped as "mbuf-limit".
  const mbufs = { policy: { floor: 400, preset: 500, ceiling: 600 }, peers: { floor: 80, preset: 90, ceiling: 100 } };
  const world = await makeMoving({ limits: { wall: 1500 }, engine: { mbufs: 2048 } }, (vm, w) =>
    (anywhere(vm, w) as AttachOptions[]).map((one) => ({ ...one, mbufs })),
  );
  const talk = new Talk(world);
  const adapters = addVm(world, talk, { mbufs });
  const peersAt = (host: number) =>
    world
      .host(host)
      .engine.limits?.reports()
      .flatMap(({ peer }) => peer ?? [])
      .sort();
  const before = world.host(0).engine.limits?.report("vm");
  const peers = peersAt(0);
  expect(peers?.length).toBeGreaterThan(1);
  move(world, talk, adapters);
  talk.run(40);
  talk.rest(50);
  talk.expectWhole();
  const after = world.host(1).engine.limits?.report("vm");
  expect(before?.frames).toBeGreaterThan(100);
  expect(after).toMatchObject({ inUse: 0, floor: 400, ceiling: 600, refused: 0 });
  expect(after?.limit).toBeLessThanOrEqual(before?.limit as number);
  expect(peersAt(1)).toEqual(peers);
  expect(world.host(0).engine.limits?.reports()).toEqual([]);
});

test("in a network that floods, each copy of a broadcast comes once, and the others hear where the VM is", async () => {
  const world = await makeMoving({ networks: { blue: { ...NETWORKS.blue, flood: true }, red: NETWORKS.red } });
  const vm = world.attach(0, 9, { partition: "vm" });
  const peers = [0, 1, 2].map((host) => world.attach(host, 1 + host));
  world.run(50);
  const all = { mac: macFrom("ff:ff:ff:ff:ff:ff"), ip: Uint8Array.of(10, 0, 0, 255) };
  const sent: string[] = [];
  const got = new Map<Guest, string[]>([vm, ...peers].map((guest) => [guest, []]));
  const name = world.host(0).core.move({ attachments: [vm.attachment], to: "h1" }, world.fabric.nowMs);
  let current = vm;
  for (let i = 0; i < 150; i++) {
    const [from] = peers.slice(i % 3) as [Guest];
    const frame = from.udp(all, { payload: [...u32(i), ...counting(20)] });
    from.send(frame);
    sent.push(...hexOf([frame]));
    world.run(i < 100 ? 0.1 : 20);
    const here = world.host(1).core.attachments.find(({ partition }) => partition === "vm") as Attachment | undefined;
    if (current === vm && here?.state === "live") current = new Guest(world, world.host(1), here, 9);
    for (const guest of [current, ...peers]) got.get(guest === current ? vm : guest)?.push(...hexOf(guest.take()));
  }
  expect(world.host(0).core.moves.find((one) => one.name === name)?.outcome).toBe("moved");
  expect(current).not.toBe(vm);
  const isBroadcast = (hex: string) => sent.includes(hex);
  const ofVm = (got.get(vm) as string[]).filter(isBroadcast);
  expect([...ofVm].sort()).toEqual([...sent].sort());
  for (const [i, peer] of peers.entries()) {
    const others = sent.filter((_, n) => n % 3 !== i);
    expect((got.get(peer) as string[]).filter(isBroadcast).sort()).toEqual(others.sort());
    // ARP and neighbour discovery are answered by each guest's own host, and go no further.
    const announced = (got.get(peer) as string[]).filter(
      (hex) => !isBroadcast(hex) && hex.slice(12, 24) === "020000000009",
    );
    expect(
      announced.filter((hex) => hex.slice(24, 28) === "8035"),
      `peer ${i}`,
    ).toHaveLength(5);
  }
});
