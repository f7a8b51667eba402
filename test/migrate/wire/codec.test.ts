/** Packets of moves as bytes: there and back, cut, changed, in pieces that come in any order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MoveMessage, MovePacket } from "../../../src/migrate/move/message.js";
import { decodeMovePacket, encodeMovePacket } from "../../../src/migrate/wire/codec.js";
import type { MovingFrame } from "../../../src/migrate/wire/frame.js";
import { isPiece, PieceAssembly, splitPacket } from "../../../src/migrate/wire/pieces.js";
import { holds, Random } from "../../helpers/property.js";

type Message = MoveMessage<MovingFrame>;

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.constant("ü € 😀"));
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const size = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 200 });
const owner = fc.record({ host: text, generation: u32, start: fc.constantFrom("state", "blank", "kept") });
const place = { adapter: text, name: text };
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant("reserve"),
    host: text,
    generation: u32,
    adapters: fc.array(text, { maxLength: 9 }),
    stateBytes: size,
  }),
  fc.constantFrom(...(["reserved", "done", "released", "flushed", "probe", "void"] as const)).map((type) => ({ type })),
  fc.record({ type: fc.constantFrom("refused", "failed"), reason: text }),
  fc.record({
    type: fc.constant("chunk"),
    chunk: fc.record({ ...place, dirty: u32, offsetBytes: size, totalBytes: size, digest: u32, bytes }),
  }),
  fc.record({
    type: fc.constant("complete"),
    manifest: fc.record({ digest: u32, sections: fc.array(fc.record({ ...place, lenBytes: size }), { maxLength: 9 }) }),
  }),
  fc.record({ type: fc.constantFrom("live", "kept"), owner }),
  fc.record({
    type: fc.constant("frame"),
    sender: text,
    frame: fc
      .record({
        adapter: text,
        data: fc.uint8Array({ minLength: 14, maxLength: 200 }),
        more: fc.nat(2000),
        timestampNs: fc.bigInt(0n, 2n ** 64n - 1n),
        isSent: fc.boolean(),
      })
      .map(({ more, ...frame }) => ({ ...frame, originalLength: frame.data.length + more })),
  }),
) as fc.Arbitrary<Message>;
const packet: fc.Arbitrary<MovePacket<MovingFrame>> = fc.oneof(
  fc.record({ move: text, ack: u32 }),
  fc.record({ move: text, ack: u32, isUnknown: fc.constant(true as const) }),
  fc.record({ move: text, ack: u32, message: fc.record({ number: u32, body: message }) }),
);

describe("a packet's bytes", () => {
  it("say the packet again", () => {
    const property = fc.property(packet, (said) => {
      expect(decodeMovePacket(encodeMovePacket(said))).toEqual(said);
    });
    holds(property, 1000);
  });

  it("cut anywhere, or with bytes behind them, are no packet", () => {
    const property = fc.property(packet, (said) => {
      const whole = encodeMovePacket(said);
      for (let n = 0; n < whole.length; n++) expect(decodeMovePacket(whole.subarray(0, n))).toBeUndefined();
      expect(decodeMovePacket(Uint8Array.of(...whole, 0))).toBeUndefined();
    });
    holds(property, 100);
  });

  it("changed anyhow are a packet that is written alike, or none: 20,000 times", () => {
    const random = new Random(1);
    const samples = fc.sample(packet, { numRuns: 200, seed: 1 }).map(encodeMovePacket);
    let taken = 0;
    for (let i = 0; i < 20_000; i++) {
      const changed = random.pick(samples).slice();
      for (let n = random.between(1, 4); n > 0; n--) changed[random.below(changed.length)] = random.below(256);
      const found = decodeMovePacket(changed);
      if (!found) continue;
      taken++;
      expect(encodeMovePacket(found)).toEqual(changed);
    }
    expect(taken).toBeGreaterThan(1000);
  });
});

describe("pieces", () => {
  it("come together in any order, doubled, and among those of others", () => {
    const random = new Random(2);
    for (let round = 0; round < 200; round++) {
      const assembly = new PieceAssembly({ packets: 8, pieces: 1000, bytes: 2 ** 20 });
      const packets = Array.from({ length: 5 }, () => random.bytes(random.below(3000)));
      const pieces = packets.flatMap((one, i) => splitPacket(one, i, 200 + random.below(200)));
      const shuffled = pieces.map((piece) => [random.below(2 ** 30), piece] as const).sort(([a], [b]) => a - b);
      const found = shuffled.flatMap(([, piece]) => {
        expect(isPiece(piece)).toBe(true);
        // Padding to whole words is no part of it.
        const padded = Uint8Array.of(...piece, 0, 0);
        const whole = assembly.take(padded);
        return whole ? [whole] : [];
      });
      const sorted = (list: readonly Uint8Array[]) => list.map((one) => Buffer.from(one).toString("hex")).sort();
      expect(sorted(found)).toEqual(sorted(packets));
    }
  });

  it("of which the oldest packets are incomplete are given up, and nothing grows", () => {
    const assembly = new PieceAssembly({ packets: 4, pieces: 1000, bytes: 2 ** 20 });
    const [first, last] = splitPacket(new Uint8Array(100), 0, 80) as [Uint8Array, Uint8Array];
    expect(assembly.take(first)).toBeUndefined();
    for (let number = 1; number <= 4; number++)
      assembly.take(splitPacket(new Uint8Array(100), number, 80)[0] as Uint8Array);
    expect(assembly.take(last)).toBeUndefined();
  });

  it("that lie are nothing: 20,000 changed ones", () => {
    const random = new Random(3);
    const assembly = new PieceAssembly({ packets: 64, pieces: 100, bytes: 2 ** 16 });
    const pieces = splitPacket(random.bytes(2000), 7, 300);
    let whole = 0;
    for (let i = 0; i < 20_000; i++) {
      const changed = random.pick(pieces).slice();
      changed[random.below(20)] = random.below(256);
      const found = isPiece(changed) ? assembly.take(changed) : undefined;
      if (!found) continue;
      whole++;
      expect(found.length).toBeLessThanOrEqual(2 ** 17);
    }
    expect(whole).toBeGreaterThan(0);
  });

  it("of packets that never end are kept as far as the bounds go", () => {
    const random = new Random(4);
    const assembly = new PieceAssembly({ packets: 1000, pieces: 5000, bytes: 2 ** 16 });
    for (let i = 0; i < 20_000; i++) {
      const number = random.below(2 ** 32);
      for (const piece of splitPacket(new Uint8Array(1000), number, 100 + random.below(1000)).slice(1))
        assembly.take(piece);
      expect(assembly.lenBytes).toBeLessThanOrEqual(2 ** 16);
    }
    expect(assembly.lenBytes).toBeGreaterThan(0);
  });
});
