/** Moves that cannot be: the VM goes on where it is, nothing is left at the other host, and the reason says what does not fit. */
import { expect, test } from "vitest";
import type { HostMoveOptions } from "../../../src/host/moves/options.js";
import { decodeMovePacket, encodeMovePacket } from "../../../src/migrate/wire/codec.js";
import { definePolicy } from "../../../src/overlay/policy/policy.js";
import { crc32c } from "../../migrate/move/crc32c.js";
import { closeAfterEach, expectWhole, settledWorld } from "./faults/settled.js";
import type { FaultyWorld, WorldOptions } from "./faults/world.js";

closeAfterEach();

/** The move comes to nothing; why. */
function refused(world: FaultyWorld): string {
  const others = world.core(1).attachments;
  const idle = world.idle(1);
  // Frames are with the VM that it has not taken.
  world.isAsleep = true;
  world.run(20);
  const name = world.move(0, 1);
  world.run(10);
  world.isAsleep = false;
  world.run(150);
  const ended = world.ended(0, name);
  expect(ended?.outcome).toBe("stayed");
  expect(world.owning()).toEqual([0]);
  expect(world.core(1).attachments).toEqual(others);
  expect(idle - world.idle(1)).toBeLessThanOrEqual(1);
  expectWhole(world);
  expect(world.explained(name)).toEqual({});
  return ended?.reason ?? "";
}

const RED = definePolicy({ networks: { red: { vni: 1 } } });
const onlyAt1 =
  <T extends object>(options: T) =>
  (host: number) =>
    host === 1 ? options : {};

test.each<[string, Partial<WorldOptions>, RegExp]>([
  ["takes no VMs", { host: onlyAt1({ moves: {} }) }, /takes no VMs/],
  ["has no port", { moves: onlyAt1({ incoming: () => "0 ports, 1 needed" }) }, /0 ports, 1 needed/],
  ["gives too few places", { moves: onlyAt1({ incoming: () => [] }) }, /incoming is 0; it must be 1 places/],
  ["has no such network", { host: onlyAt1({ policy: RED }) }, /network is 5000; it must be one of red/],
  [
    "takes no state of that size",
    { moves: onlyAt1({ limits: { stateBytesMax: 1000 } }) },
    /268435456 bytes exceeds 1000/,
  ],
  [
    "has planned too little memory",
    { engine: onlyAt1({ migration: { stateBytes: 4096 } }) },
    /length is \d+, at most 4096 bytes/,
  ],
  [
    "has no memory for states",
    { engine: onlyAt1({ migration: undefined }) },
    /migration is undefined; it must be given to createEngine/,
  ],
  [
    "is left by one that has planned too little",
    { engine: (host) => (host === 0 ? { migration: { stateBytes: 4096 } } : {}) },
    /migration.stateBytes is 4096/,
  ],
  ["has smaller rings", { engine: onlyAt1({ queueSize: 64 }) }, /queues/],
  [
    "finds its firmware changed",
    { moves: onlyAt1({ recheck: () => "firmware 2.1, not 2.0" }) },
    /firmware 2.1, not 2.0/,
  ],
])("a host that %s", async (_, options, reason) => {
  const isForeign = options.host?.(1).policy === RED;
  expect(refused(await settledWorld(options, isForeign ? [0, 2] : undefined))).toMatch(reason);
});

test("a host that the directory does not know, and one that is cancelled before it begins", async () => {
  const world = await settledWorld({});
  const [attachment] = world.core(0).attachments;
  const ask = (to: string) =>
    world.core(0).move({ attachments: attachment ? [attachment] : [], to }, world.fabric.nowMs);
  const unknown = ask("h9");
  expect(() => ask("h1")).toThrow(/not on the move/);
  world.run(10);
  expect(world.ended(0, unknown)).toMatchObject({ outcome: "stayed", reason: "the directory knows no host h9" });
  const cancelled = ask("h1");
  world.core(0).cancelMove(cancelled, world.fabric.nowMs);
  world.run(10);
  expect(world.ended(0, cancelled)).toMatchObject({ outcome: "stayed", reason: "cancelled" });
  expect(() => world.core(0).cancelMove("another", 0)).toThrow(/one that leaves this host/);
  expect(() =>
    world.core(0).move({ attachments: attachment ? [attachment] : [], to: "h1", limits: { retryMs: 0 } }, 0),
  ).toThrow(/retryMs/);
  expect(() => world.core(0).move({ attachments: attachment ? [attachment, attachment] : [], to: "h1" }, 0)).toThrow(
    /each named once/,
  );
  expect(refused(await settledWorld({ moves: onlyAt1({ incoming: () => "no" }) }))).toBe("no");
});

/** Alters the chunks that h0 sends. */
function damaging(alter: (bytes: Uint8Array) => Uint8Array, isSigned: boolean): Partial<HostMoveOptions> {
  return {
    seal(message) {
      const packet = decodeMovePacket(message);
      const body = packet?.message?.body;
      if (!packet?.message || body?.type !== "chunk") return message;
      const bytes = alter(body.chunk.bytes);
      const chunk = { ...body.chunk, bytes, digest: isSigned ? crc32c(bytes) : body.chunk.digest };
      return encodeMovePacket({ ...packet, message: { ...packet.message, body: { type: "chunk", chunk } } });
    },
  };
}

const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 9 ? byte ^ 0x10 : byte));

test.each<[string, Partial<HostMoveOptions>, RegExp]>([
  ["a bit is flipped", damaging(flip, false), /chunk-digest/],
  ["a bit is flipped, and the chunk's digest with it", damaging(flip, true), /state-digest/],
  ["a piece is missing", damaging((bytes) => bytes.subarray(0, bytes.length - 1), true), /chunk-order|missing/],
])("a state of which %s", async (_, moves, reason) => {
  expect(refused(await settledWorld({ moves: (host) => (host === 0 ? moves : {}) }))).toMatch(reason);
});
