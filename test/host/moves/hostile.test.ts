/** Peers that mean harm: what they say to a host's control queue pair moves no VM and takes no memory without bound. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { expect, test } from "vitest";
import type { MoveMessage } from "../../../src/migrate/move/message.js";
import { decodeMovePacket, encodeMovePacket } from "../../../src/migrate/wire/codec.js";
import type { MovingFrame } from "../../../src/migrate/wire/frame.js";
import { splitPacket } from "../../../src/migrate/wire/pieces.js";
import { Random } from "../../helpers/property.js";
import { closeAfterEach, expectWhole, settledWorld } from "./faults/settled.js";
import { type FaultyWorld, guest, VM } from "./faults/world.js";

closeAfterEach();

function moves(world: FaultyWorld, from: number, to: number, while_: () => void = () => undefined): void {
  const name = world.move(from, to);
  for (let i = 0; i < 20; i++) {
    while_();
    world.run(i < 10 ? 0.3 : 30);
  }
  expect(world.ended(from, name)).toMatchObject({ outcome: "moved" });
  expect(world.owning()).toEqual([to]);
}

const ALPHA = "192.0.2.1";
const STRANGER = "192.0.2.77";
let packets = 0;

function payloads(move: string, body: MoveMessage<MovingFrame>, number = 1): Uint8Array[] {
  return splitPacket(encodeMovePacket({ move, ack: 0, message: { number, body } }), ++packets, 1000);
}

function reserve(host: string, adapter: string, generation = 1): MoveMessage<MovingFrame> {
  return { type: "reserve", host, generation, adapters: [adapter], stateBytes: 1000 };
}

test("5,000 datagrams that are random, or like one of a move's, from strangers, while a VM moves and while it does not", async () => {
  const world = await settledWorld();
  const random = new Random();
  const real = record(world);
  const attack = () => {
    for (let i = 0; i < 122; i++) {
      const payload =
        random.below(2) === 0 || real.length === 0
          ? random.bytes(16 + random.below(200))
          : mutated(random, random.pick(real).payload);
      payload.set([0x52, 0x4c, 0x4d, 0x47, 1, 0]);
      world.inject(2, random.below(2), payload, random.pick([STRANGER, "192.0.2.78", "192.0.2.3"]));
    }
  };
  attack();
  world.run(5);
  expect(world.owning()).toEqual([0]);
  moves(world, 0, 1, attack);
  moves(world, 1, 0, attack);
  for (const host of [0, 1]) expect(world.core(host).moves).toHaveLength(2);
  expectWhole(world, 100);
});

/** Control datagrams as they come to hosts. */
interface Heard {
  readonly from: string;
  readonly to: number;
  readonly payload: Uint8Array;
}

function record(world: FaultyWorld): Heard[] {
  const all: Heard[] = [];
  const heard = world.ledger.heard.bind(world.ledger);
  world.ledger.heard = (bytes, to) => {
    all.push({ from: bytes.subarray(26, 30).join("."), to, payload: bytes.slice(62, bytes.length - 4) });
    heard(bytes, to);
  };
  return all;
}

function mutated(random: Random, payload: Uint8Array): Uint8Array {
  const changed = payload.slice();
  for (let i = random.between(1, 4); i > 0; i--) changed[16 + random.below(changed.length - 16)] = random.below(256);
  return changed;
}

test("a host asks for room for a VM that is on another, by its own name and by the other's", async () => {
  const world = await settledWorld();
  const answers = new Set<string>();
  const real = record(world);
  for (const payload of payloads("theft", reserve("h2", `5000/${VM.mac}`))) world.inject(2, 1, payload);
  for (const payload of payloads("lie", reserve("h0", `5000/${VM.mac}`))) world.inject(2, 1, payload);
  for (const payload of payloads("", reserve("h2", `5000/${VM.mac}`))) world.inject(2, 1, payload);
  for (const payload of payloads("nobody's", reserve("h2", "5000/of nobody"))) world.inject(2, 1, payload);
  for (const payload of payloads("nowhere", { type: "released" })) world.inject(2, 1, payload);
  world.run(50);
  for (const { to, payload } of real) {
    const body = to === 2 ? decodeMovePacket(payload.subarray(16, 16 + lengthOf(payload)))?.message?.body : undefined;
    // They are said again until somebody has heard them.
    if (body?.type === "refused") answers.add(body.reason);
  }
  expect([...answers].sort()).toEqual([
    "it has no port, or two adapters of one name",
    "it is not on h2, by the directory",
  ]);
  expect(world.core(1).attachments).toHaveLength(1);
  expect(world.owning()).toEqual([0]);
  expectWhole(world, 100);
});

function lengthOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint16(14);
}

test("floods: moves that are remembered, and questions to the directory, have a bound", async () => {
  const world = await settledWorld();
  world.isSending = false;
  const before = world.directory.link.counters.asked;
  for (let i = 0; i < 2000; i++) {
    const [payload] = payloads(`flood ${i}`, reserve(`host ${i}`, `5000/${VM.mac}`)) as [Uint8Array];
    world.inject(2, 1, payload, `198.51.100.${i % 250}`);
    if (i % 100 === 99) world.run(0.1);
  }
  // Leases are asked about too.
  expect(world.directory.link.counters.asked - before).toBeLessThan(200);
  world.run(20);
  expect(world.core(1).moves).toHaveLength(0);
  // A host that the directory knows, and a VM of its own.
  for (let i = 0; i < 2000; i++) {
    for (const payload of payloads(`own ${i}`, reserve("h2", `5000/${guest(3).mac}`))) world.inject(2, 1, payload);
    if (i % 10 === 9) world.run(1);
  }
  expect(world.core(1).moves.length).toBeGreaterThan(100);
  expect(world.core(1).moves.length).toBeLessThanOrEqual(256);
  expect(world.core(1).attachments.length).toBeLessThanOrEqual(2);
  expect(world.owning()).toEqual([0]);
});

test("all that was said in a move is said again: at once, after a move back, and when it is forgotten", async () => {
  const world = await settledWorld();
  const real = record(world);
  moves(world, 0, 1);
  const said = [...real];
  const again = () => {
    for (const { from, to, payload } of said) {
      world.inject(2, to, payload, from);
      world.run(0.05);
    }
    world.run(300);
  };
  again();
  expect(world.owning()).toEqual([1]);
  moves(world, 1, 0);
  again();
  expect(world.owning()).toEqual([0]);
  world.isSending = false;
  world.run(31_000, 500);
  for (const host of [0, 1]) expect(world.core(host).moves).toHaveLength(0);
  again();
  expect(world.owning()).toEqual([0]);
  for (const host of [0, 1]) expect(world.core(host).moves).toHaveLength(0);
  expect([...world.wrong]).toEqual([]);
});

test("a target that has lost its memory is asked again by a late packet, and hears that the VM stays", async () => {
  let isFull = true;
  const world = await settledWorld({
    restarting: [1],
    moves: (host) =>
      host === 1
        ? {
            incoming: ({ adapters }) =>
              isFull ? "full" : adapters.map((one) => ({ ...one, vnic: world.takeIdle(1) })),
          }
        : {},
  });
  const real = record(world);
  const name = world.move(0, 1);
  world.run(20);
  expect(world.ended(0, name)).toMatchObject({ outcome: "stayed", reason: "full" });
  world.kill(1);
  world.run(50);
  world.restart(1);
  world.run(250);
  isFull = false;
  const [late] = real;
  const sayAgain = () => world.inject(0, 1, (late as Heard).payload);
  sayAgain();
  world.run(50);
  expect(world.moveOf(1, name)).toMatchObject({ outcome: "stayed" });
  expect(world.core(1).attachments).toHaveLength(0);
  // The source's host is cut off for longer than its lease: nobody claims the VM.
  const repair = world.directory.link.cut("h0");
  world.run(400);
  repair();
  world.run(300);
  expect(world.owning()).toEqual([0]);
  expect([...world.wrong]).toEqual([]);
});

const TAG_BYTES = 16;
const KEY = "of these hosts alone";
/** A message of these hosts' and no other's: an HMAC-SHA-256 of it, and of who says it to whom. */
function sealing(host: number) {
  const own = `192.0.2.${host + 1}`;
  const tag = (message: Uint8Array, from: string, to: string) =>
    createHmac("sha256", KEY).update(`${from} ${to} `).update(message).digest().subarray(0, TAG_BYTES);
  return {
    seal: (message: Uint8Array, peer: string) => Uint8Array.of(...message, ...tag(message, own, peer)),
    open(sealed: Uint8Array, peer: string) {
      const message = sealed.subarray(0, Math.max(0, sealed.length - TAG_BYTES));
      const isTrue =
        sealed.length >= TAG_BYTES && timingSafeEqual(tag(message, peer, own), sealed.subarray(message.length));
      return isTrue ? message : undefined;
    },
  };
}

test("with a seal, what bears none or another's changes nothing, though it bears the peer's address", async () => {
  const world = await settledWorld({ moves: sealing });
  const real = record(world);
  const random = new Random();
  let move = "";
  const attack = () => {
    for (const payload of payloads("unsealed", reserve("h0", `5000/${VM.mac}`))) world.inject(2, 1, payload, ALPHA);
    for (let number = 1; number < 30; number++) {
      for (const payload of payloads(
        move,
        { type: "kept", owner: { host: "h0", generation: 99, start: "kept" } },
        number,
      ))
        world.inject(2, 1, payload, ALPHA);
    }
    for (const payload of splitPacket(encodeMovePacket({ move, ack: 0, isUnknown: true }), ++packets, 1000))
      for (const to of [0, 1]) world.inject(2, to, payload, `192.0.2.${2 - to}`);
    for (let i = 0; i < 20 && real.length > 0; i++) {
      const { from, to, payload } = random.pick(real);
      world.inject(2, to, mutated(random, payload), from);
    }
  };
  for (const [from, to] of [
    [0, 1],
    [1, 0],
  ] as const) {
    move = world.move(from, to);
    for (let i = 0; i < 60; i++) {
      attack();
      world.run(i < 40 ? 0.1 : 5);
    }
    expect(world.ended(from, move)).toMatchObject({ outcome: "moved" });
    expect(world.owning()).toEqual([to]);
    world.run(200);
  }
  expectWhole(world, 100);
});
