import { expect, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { testEngine } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { makeWorld } from "../../helpers/overlay-world.js";
import { drain, settle } from "../../helpers/ports.js";
import { ALICE, BOB, segmentFrame } from "../../helpers/tcp.js";

const BY_TCP = { floor: 8, preset: 64, ceiling: 128, reduce: { by: "tcp" } } as const;

/** A segment of 100 bytes that Alice sends, and what Bob, the guest, answers. */
const segment = (seq: number) => segmentFrame({ from: ALICE, to: BOB, seq, ack: 1, bytes: 100 });
const answer = (ack: number) => segmentFrame({ from: BOB, to: ALICE, seq: 1, ack });

test("a peer whose segments come again has its limit reduced, and the window says why", async () => {
  const engine = await testEngine({ mbufs: 256, queueSize: 64, limits: {}, health: {} });
  const [vnic, uplink] = [engine.addPort("vnic"), engine.addPort("uplink")];
  engine.addTunnel({ vni: 42, local: "192.0.2.1", remote: "192.0.2.2", vnic, uplink });
  const limits = engine.addLimits();
  limits.addPartition("web", [vnic], { floor: 8, preset: 8, ceiling: 200 }, BY_TCP);
  const outer = { src: [192, 0, 2, 2], dst: [192, 0, 2, 1] };
  const events = [];
  let seq = 1000;
  for (let ms = 0; ms < 400; ms++) {
    // Every fourth comes twice in the second half.
    const isAgain = ms > 200 && ms % 4 === 0;
    for (const at of isAgain ? [seq, seq] : [seq]) uplink.receive(f.ethernet(f.ipv4(f.vxlan(42, segment(at)), outer)));
    seq += 100;
    settle(engine);
    drain(vnic);
    vnic.receive(answer(seq));
    settle(engine);
    drain(uplink);
    events.push(...limits.tick(ms));
  }
  const reduced = events.filter(({ to, from }) => to < from);
  expect(reduced.map(({ peer, from, to, reason }) => ({ peer, from, to, code: reason.code }))).toContainEqual({
    ...{ peer: "10.0.0.1", from: 64, to: 32, code: "tcp-above" },
  });
  const { atMs, window } = reduced[0] ?? {};
  expect(atMs).toBeGreaterThan(200);
  expect(window?.health).toMatchObject({ dataSegments: expect.any(Number), outOfOrder: 0, duplicateAcks: 0 });
  expect(window?.health?.retransmissions).toBeGreaterThan(10);
});

test("the same through an overlay, where tenants have the same addresses", async () => {
  const networks = { blue: { vni: 42, default: "allow" as const }, red: { vni: 43, default: "allow" as const } };
  const world = await makeWorld({ networks, limits: {}, engine: { health: {} } });
  const mbufs = { policy: { floor: 8, preset: 8, ceiling: 200 }, peers: BY_TCP };
  const pairs = ["blue", "red"].map((network) => [
    world.attach(0, 1, { network, partition: `${network}-a` }),
    world.attach(1, 2, { network, partition: `${network}-b`, mbufs }),
  ]) as [ReturnType<typeof world.attach>, ReturnType<typeof world.attach>][];
  world.run(50);
  const codes: Record<string, string[]> = {};
  for (let i = 0; i < 300; i++) {
    for (const [n, [a, b]] of pairs.entries()) {
      // In red every third comes again instead of the next.
      const frame = segment(1000 + (n === 1 ? i - (i % 3 === 1 ? 1 : 0) : i) * 100);
      frame.set(b.mac);
      frame.set(a.mac, 6);
      a.send(frame);
    }
    world.run(1);
    for (const [, b] of pairs) b.take();
    for (const event of world.host(1).events) {
      if (event.type !== "limit" || event.event.to > event.event.from) continue;
      const { partition, reason } = event.event;
      codes[partition] = [...(codes[partition] ?? []), reason.code];
    }
  }
  expect(codes["red-b"]).toContain("tcp-above");
  expect(codes["blue-b"] ?? []).not.toContain("tcp-above");
});

test("an engine without health refuses a limit that goes by it", async () => {
  const engine = await testEngine({ limits: {} });
  const limits = engine.addLimits();
  const bound = "another one on an engine that was made without health";
  expect(() => limits.addPartition("web", [], BY_TCP)).toThrow(
    new ConfigError("partitions.web.reduce.by", "tcp", bound),
  );
  expect(() => limits.addPartition("web", [], {}, BY_TCP)).toThrow("partitions.web.peers.reduce.by");
  expect(limits.reports()).toEqual([]);
});
