/**
 * A VM changes host twice while others send to it. Frames are numbered: each must come once, as it was sent, whatever the order in which
 * hosts hear of the move. What is not promised is said where it is not: what an old host may not send on comes again only by queue pairs.
 */
import { describe, expect, test } from "vitest";
import type { EncapsulationName } from "../../src/directory/records.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { censusAfterEach } from "../helpers/census.js";
import { type Guest, makeOverlayWorld, type OverlayWorld, type OverlayWorldOptions } from "../helpers/moving-world.js";
import { Random } from "../helpers/property.js";
import { type Carried, Streams, streamFrame, UnderlayWatch } from "../helpers/stream.js";

censusAfterEach();

const POLICY = definePolicy({ networks: { blue: { vni: 5000, default: "allow" } } });
const VM = guest(9);
/** Senders by the host where they are: two on one, one alone, one where the VM is first, one where it goes next. */
const HOMES = [0, 0, 1, 2, 3];
/** Hosts of the VM, one after the other. */
const [FIRST, SECOND, THIRD] = [2, 3, 4];
const STEP_MS = 0.05;
/** From host to host, over two links. */
const WAY_MS = 0.1;

function guest(n: number): Guest {
  return { partition: `p${n}`, network: "blue", mac: `02:00:00:00:00:0${n}`, ips: [`10.0.0.${n}`] };
}

interface Play {
  readonly world: OverlayWorld;
  readonly streams: Streams;
  readonly underlay: UnderlayWatch;
  readonly gqpn: number;
  /** Times when the VM was to move. */
  readonly movesMs: number[];
}

interface PlayOptions extends Partial<OverlayWorldOptions> {
  readonly encapsulation: EncapsulationName;
  readonly stepMs?: number;
  readonly frames?: number;
  /** After the frames of each move. */
  readonly restMs?: number;
  /** When all know each other, before the first move. */
  readonly before?: (world: OverlayWorld) => void;
}

/** The VM is on three hosts in turn, and everybody sends to it. */
async function play(options: PlayOptions): Promise<Play> {
  const { encapsulation, stepMs = STEP_MS, frames = 150, restMs = 50, before } = options;
  const underlay = new UnderlayWatch(encapsulation, VM);
  const world = await makeOverlayWorld({
    ...{ hosts: 5, policy: POLICY, encapsulations: () => [encapsulation], tap: underlay.tap },
    ...{ directory: { jitterMs: 1 } },
    ...options,
  });
  const senders = HOMES.map((home, i) => ({ guest: guest(i + 1), attachment: world.place(guest(i + 1), home) }));
  const first = world.place(VM, FIRST);
  const streams = new Streams(world, VM, senders);
  streams.watch(first.vnic);
  streams.run(20);
  streams.rest(10);
  before?.(world);
  const movesMs: number[] = [];
  let gqpn = first.gqpn;
  for (const host of [SECOND, THIRD]) {
    movesMs.push(world.fabric.nowMs);
    const attachment = world.attach(VM, host);
    streams.watch(attachment.vnic);
    streams.run(frames, stepMs);
    streams.rest(restMs);
    expect(attachment.state).toBe("live");
    expect(attachment.gqpn).toBe(gqpn);
    gqpn = attachment.gqpn;
  }
  streams.rest(200);
  world.expectCensus();
  return { world, streams, underlay, gqpn: gqpn as number, movesMs };
}

/** Everybody's frames came, once each. */
function expectAll(streams: Streams): void {
  for (const sender of HOMES.keys()) {
    expect(streams.lost(sender), `lost of sender ${sender}`).toEqual([]);
    expect(streams.twice(sender), `twice of sender ${sender}`).toEqual([]);
    expect(streams.got[sender]).toHaveLength(streams.sent);
  }
}

/** Inner bytes are as they were sent, on every host's wire. */
function expectSameInside({ underlay }: Play): void {
  for (const { inner, sender, number } of underlay.carried) {
    const sent = streamFrame(guest(sender + 1), VM, sender, number);
    if (Buffer.compare(inner, sent) !== 0) expect(inner, `frame ${number} of sender ${sender}`).toEqual(sent);
  }
}

/** The queue pair stays, and each host's packets to it are numbered one by one; what goes again keeps its number. */
function expectQueuePair({ underlay, gqpn }: Play): void {
  expect(new Set(underlay.carried.map(({ destQpn }) => destQpn))).toEqual(new Set([gqpn]));
  for (const home of new Set(HOMES)) {
    const numbers = new Map<number, string>();
    for (const { psn, sender, number } of underlay.carried.filter(({ sender }) => HOMES[sender] === home)) {
      const frame = `${sender} ${number}`;
      expect(numbers.get(psn) ?? frame, `PSN ${psn} from host ${home}`).toBe(frame);
      numbers.set(psn, frame);
    }
    const psns = [...numbers.keys()].sort((a, b) => a - b);
    expect(psns).toEqual(psns.map((_, i) => i));
    expect(new Set(numbers.values()).size).toBe(numbers.size);
  }
}

/** Outer headers of a sender's frames of one flow, without what a move and each frame may change. */
function constantHeaders(carried: readonly Carried[], home: string, isRoce: boolean): Set<string> {
  const headers = new Set<string>();
  for (const { bytes, inner, from, sender } of carried) {
    if (from !== home || sender !== 0) continue;
    const header = bytes.slice(0, inner.byteOffset - bytes.byteOffset);
    const is4 = header[12] === 0x08;
    const l4 = is4 ? 34 : 54;
    header.fill(0, 0, 6);
    if (is4) header.fill(0, 24, 26);
    header.fill(0, is4 ? 30 : 38, l4);
    // The UDP checksum covers the addresses; a PSN is each packet's own.
    if (header[is4 ? 23 : 20] === 17) header.fill(0, l4 + 6, l4 + 8);
    if (isRoce) header.fill(0, l4 + 17, l4 + 20);
    headers.add(`${inner[35]} ${Buffer.from(header).toString("hex")}`);
  }
  return headers;
}

/** Changes of the directory do not reach the senders' hosts: they hear of a move by *moved* alone. */
function deafen(world: OverlayWorld): void {
  for (const host of [0, 1]) Object.assign(world.host(host).core, { change: () => undefined });
}

/** A host loses the first messages that other hosts tell it. */
function loseMessages(world: OverlayWorld, host: number, count: number): void {
  const { control } = world.host(host).core.plane;
  const take = control.take.bind(control);
  let left = count;
  control.take = () =>
    take().filter((frame) => {
      if (frame.reason !== "queue-pair" || left-- <= 0) return true;
      frame.dispose();
      return false;
    });
}

const sumOf = (world: OverlayWorld, name: "forwardedFrames" | "resentFrames") =>
  world.hosts.reduce((sum, { core }) => sum + core.counters[name], 0);
const dropsOf = (world: OverlayWorld, cause: string) =>
  world.hosts.reduce((sum, { uplink }) => sum + (uplink.counters.drops[cause] ?? 0), 0);
const lostOf = (streams: Streams) => [...HOMES.keys()].reduce((sum, sender) => sum + streams.lost(sender).length, 0);

const ENCAPSULATIONS = ["vxlan", "geneve", "vxlan-gpe", "nvgre", "rocev2"] as const;

describe("a move alters only outer headers", () => {
  test.each(
    ENCAPSULATIONS.flatMap((encapsulation) => ([4, 6] as const).map((family) => [encapsulation, family] as const)),
  )("%s over IPv%i: nothing is lost, nothing comes twice, whoever hears first", async (encapsulation, family) => {
    const random = new Random(family);
    for (let run = 0; run < 4; run++) {
      const played = await play({ encapsulation, family, seed: random.below(2 ** 32) });
      expectAll(played.streams);
      expectSameInside(played);
      const isRoce = encapsulation === "rocev2";
      if (isRoce) expectQueuePair(played);
      // Seven flows, by their source port.
      const { address } = played.world.host(0);
      expect(constantHeaders(played.underlay.carried, address, isRoce).size).toBe(7);
      const seen = new Set(played.underlay.carried.filter(({ from }) => from === address).map(({ to }) => to));
      expect(seen).toEqual(new Set([FIRST, SECOND, THIRD].map((host) => played.world.host(host).address)));
      played.world.close();
    }
  });
});

describe("who hears of a move by *moved* alone", () => {
  test.each(["vxlan", "rocev2"] as const)("%s: not one frame goes to the old host after it", async (encapsulation) => {
    const random = new Random();
    let most = 0;
    for (let run = 0; run < 8; run++) {
      const { world, streams, underlay, movesMs } = await play({
        ...{ encapsulation, seed: random.below(2 ** 32), before: deafen },
      });
      expectAll(streams);
      for (const sender of [0, 1]) {
        const { address } = world.host(sender);
        for (const [i, host] of [FIRST, SECOND].entries()) {
          const old = world.host(host).address;
          const from = movesMs[i] as number;
          const told = underlay.told.find(({ from: by, to, atMs }) => by === old && to === address && atMs > from);
          const heardMs = (told?.atMs as number) + WAY_MS;
          const stale = underlay.carried.filter(({ from, to }) => from === address && to === old);
          expect(stale.filter(({ atMs }) => atMs > heardMs + 1e-6)).toEqual([]);
          // What is under way there and back from the first frame that found nobody.
          const inTime = stale.filter(({ atMs }) => atMs >= heardMs - 2 * WAY_MS - 1e-6).length;
          expect(inTime).toBeLessThanOrEqual(
            HOMES.filter((home) => home === sender).length * ((2 * WAY_MS) / STEP_MS + 1),
          );
          most = Math.max(most, inTime);
        }
      }
      world.close();
    }
    console.info(`${encapsulation}: at most ${most} stale frames of a host before it was told, 0 after`);
  });

  test("queue pairs, nothing sent on: all that was rejected comes again", async () => {
    const random = new Random();
    for (const sendOnMax of [0, 0, 0, 3]) {
      const played = await play({
        ...{ encapsulation: "rocev2", seed: random.below(2 ** 32), host: { sendOnMax }, before: deafen },
      });
      expectAll(played.streams);
      expectSameInside(played);
      expectQueuePair(played);
      const rejected = dropsOf(played.world, "gqpn-elsewhere");
      expect(rejected).toBeGreaterThan(0);
      expect(sumOf(played.world, "resentFrames")).toBe(rejected);
      expect(sumOf(played.world, "forwardedFrames")).toBeLessThanOrEqual(2 * sendOnMax);
      played.world.close();
    }
  });

  test("VXLAN, nothing sent on: what was under way is lost, each with its cause, and nothing else", async () => {
    const random = new Random();
    for (const before of [undefined, deafen]) {
      const { world, streams } = await play({
        ...{ encapsulation: "vxlan", seed: random.below(2 ** 32), host: { sendOnMax: 0 } },
        ...(before && { before }),
      });
      expect(lostOf(streams)).toBe(dropsOf(world, "endpoint-elsewhere"));
      expect(streams.got.flatMap((_, sender) => streams.twice(sender))).toEqual([]);
      world.close();
    }
  });

  test("queue pairs, nothing sent on, the first messages are lost: the next says all of it", async () => {
    const random = new Random();
    for (const count of [1, 3, 6]) {
      const played = await play({
        ...{ encapsulation: "rocev2", seed: random.below(2 ** 32), host: { sendOnMax: 0 } },
        before: (world) => {
          deafen(world);
          for (const host of [0, 1]) loseMessages(world, host, count);
        },
      });
      expectAll(played.streams);
      expectQueuePair(played);
      played.world.close();
    }
  });

  test("every message is lost: so many are sent on as may be, the rest is dropped with its cause", async () => {
    const { world, streams } = await play({
      ...{ encapsulation: "vxlan", host: { sendOnMax: 100 } },
      before: (world) => {
        deafen(world);
        for (const host of [0, 1]) loseMessages(world, host, Number.POSITIVE_INFINITY);
      },
    });
    expect(lostOf(streams)).toBe(dropsOf(world, "endpoint-elsewhere"));
    expect(world.host(FIRST).core.counters.forwardedFrames).toBe(100);
    // Who hears of moves loses nothing.
    for (const sender of [3, 4]) expect(streams.lost(sender)).toEqual([]);
    expect(streams.got.flatMap((_, sender) => streams.twice(sender))).toEqual([]);
    world.close();
  });
});

describe("hosts are cut off from the directory at any moment of a move", () => {
  test.each([
    ["vxlan", 256],
    ["rocev2", 256],
    ["rocev2", 0],
  ] as const)(
    "%s, %i sent on at most: shorter than a frame may wait, nothing is lost",
    async (encapsulation, sendOnMax) => {
      const random = new Random(sendOnMax);
      for (let run = 0; run < 10; run++) {
        const hosts = HOMES.concat(THIRD).filter(() => random.below(2) === 0);
        const { streams, world } = await play({
          ...{ encapsulation, seed: random.below(2 ** 32), host: { sendOnMax }, stepMs: 1, restMs: 500 },
          engine: { overlay: { heldFrames: 2048 }, mbufs: 8192, queueSize: 2048 },
          directory: { jitterMs: 1, timeoutMs: 20, resyncMs: 20 },
          before: ({ fabric }) => {
            const names = [...new Set(hosts)].map((host) => `h${host}`);
            const atMs = fabric.nowMs + random.below(600) / 100;
            const forMs = random.between(1, 60);
            if (names.length > 0) fabric.play([{ kind: "directory-cut", atMs, forMs, hosts: names }]);
          },
        });
        expectAll(streams);
        world.close();
      }
    },
  );
});
