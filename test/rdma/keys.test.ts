/**
 * A hostile peer: whatever requests come, no byte outside what the keys grant is read into a packet or written. Every byte that is not
 * granted holds a mark: written, it would change; read, it would leave in a response.
 */
import { describe, expect, test } from "vitest";
import { u32 } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { Random } from "../helpers/property.js";
import { type End, makeEnd, takeFrames } from "../helpers/rdma.js";
import { packet, reth, u64 } from "../helpers/rdma-packet.js";
import { decode } from "../model/rdma-packet.js";

censusAfterEach();

const VA = 0x7fff_0000_1000n;
const PSN = 500;
const MARK = 0xee;
const NAK = { invalid: 0x61, access: 0x62 };

function ready(end: End): void {
  end.qp.modify({ state: "reset" });
  end.qp.modify({ state: "init", access: ["remote-write", "remote-read", "remote-atomic"] });
  const address = { local: "10.9.0.2", remote: "10.9.0.1" };
  end.qp.modify({ state: "rtr", address, destQpn: 77, rqPsn: PSN, mtu: 256 });
  end.qp.modify({ state: "rts", sqPsn: 1 });
}

async function stand(build: (typeof BUILDS)[number]) {
  const end = await makeEnd({ build, rdma: { regions: 8, memoryBytes: 8192 } });
  const before = end.pd.register(1024);
  const open = end.pd.register(1024, { access: ["remote-write", "remote-read"], va: VA });
  const after = end.pd.register(1024);
  const readable = end.pd.register(64, { access: ["remote-read"] });
  const foreign = end.device.allocPd().register(64, { access: ["remote-write", "remote-read", "remote-atomic"] });
  for (const region of [before, after, readable, foreign]) region.bytes.fill(MARK);
  ready(end);
  const marksHold = () => [before, after, readable, foreign].every(({ bytes }) => bytes.every((byte) => byte === MARK));
  const ask = (...frame: [op: number, psn: number, headers: readonly number[], payload?: Uint8Array]) => {
    const [op, psn, headers, payload = new Uint8Array(0)] = frame;
    end.port.receive(packet(end.qp.qpn, op, psn, headers, payload));
    while (end.device.poll() > 0);
    return takeFrames(end.port).map(decode);
  };
  return { end, open, readable, foreign, before, marksHold, ask };
}

describe.each(BUILDS)("keys, %s", (build) => {
  test("what a key does not grant is refused: NAK, ERROR, and no byte moved", async () => {
    const { end, open, readable, foreign, before, marksHold, ask } = await stand(build);
    const bytes = new Uint8Array(16).fill(1);
    const write = (va: bigint, key: number) => [10, PSN, reth(va, key, 16), bytes] as const;
    const read = (va: bigint, key: number, length: number) => [12, PSN, reth(va, key, length)] as const;
    const cases: readonly (readonly [string, number, Parameters<typeof ask>])[] = [
      ["a key of nothing", NAK.access, [...write(VA, open.rkey ^ 0x100)]],
      ["an old key", NAK.access, [...write(VA, open.rkey ^ 1)]],
      ["key 0", NAK.access, [...write(0n, 0)]],
      ["a byte below", NAK.access, [...write(VA - 1n, open.rkey)]],
      ["a byte beyond", NAK.access, [...write(VA + 1009n, open.rkey)]],
      ["far beyond", NAK.access, [...write(VA + (1n << 32n), open.rkey)]],
      ["round the end of addresses", NAK.access, [...write((1n << 64n) - 8n, open.rkey)]],
      ["a WRITE to what is only readable", NAK.access, [...write(readable.va, readable.rkey)]],
      ["another protection domain", NAK.access, [...write(foreign.va, foreign.rkey)]],
      ["what nobody but this side has", NAK.access, [...read(before.va, before.rkey, 8)]],
      ["a READ of a byte too many", NAK.access, [...read(VA, open.rkey, 1025)]],
      ["a READ of nearly everything", NAK.access, [...read(VA, open.rkey, 0x7fffffff)]],
      ["a READ longer than any message", NAK.invalid, [...read(VA, open.rkey, 0xffffffff)]],
      ["an atomic without the right", NAK.access, [20, PSN, [...u64(VA), ...u32(open.rkey), ...u64(1n), ...u64(0n)]]],
      [
        "an atomic off its bounds",
        NAK.invalid,
        [20, PSN, [...u64(VA + 4n), ...u32(open.rkey), ...u64(1n), ...u64(0n)]],
      ],
      ["more payload than the header says", NAK.invalid, [10, PSN, reth(VA, open.rkey, 8), bytes]],
      ["less payload than the header says", NAK.invalid, [10, PSN, reth(VA, open.rkey, 24), bytes]],
      ["a middle without a first", NAK.invalid, [7, PSN, [], new Uint8Array(256)]],
      ["a first that is no full packet", NAK.invalid, [6, PSN, reth(VA, open.rkey, 300), bytes]],
      ["an operation that there is not", NAK.invalid, [22, PSN, []]],
    ];
    for (const [name, syndrome, frame] of cases) {
      ready(end);
      const answers = ask(...frame).map(({ op, psn, aeth }) => [op, psn, aeth?.syndrome]);
      expect([name, answers, end.qp.state]).toEqual([name, [[17, PSN, syndrome]], "error"]);
      expect([marksHold(), open.bytes.every((byte) => byte === 0)]).toEqual([true, true]);
    }
    // And what it grants is done.
    ready(end);
    expect(ask(...write(VA + 1008n, open.rkey)).map(({ aeth }) => aeth)).toEqual([{ syndrome: 0x1f, msn: 1 }]);
    expect(ask(12, PSN + 1, reth(VA + 1000n, open.rkey, 24)).map(({ op, payload }) => [op, [...payload]])).toEqual([
      [16, [...new Uint8Array(8), ...bytes]],
    ]);
  });

  test("a key that is withdrawn in the middle of a WRITE opens nothing more", async () => {
    const { end, open, marksHold, ask } = await stand(build);
    ask(6, PSN, reth(VA, open.rkey, 600), new Uint8Array(256).fill(1));
    open.deregister();
    end.pd.register(1024).bytes.fill(MARK);
    expect(ask(7, PSN + 1, [], new Uint8Array(256).fill(2)).map(({ aeth }) => aeth?.syndrome)).toEqual([NAK.access]);
    expect([marksHold(), open.bytes.every((byte) => byte === MARK)]).toEqual([true, true]);
  });

  test("whatever comes, marks hold and none leaves", async () => {
    const random = new Random(7);
    const { end, open, readable, foreign, before, marksHold, ask } = await stand(build);
    const inbox = end.pd.register(256, { access: ["local-write"] });
    const keys = [open.rkey, open.rkey, readable.rkey, foreign.rkey, before.rkey, 0];
    readable.deregister();
    let moved = 0;
    for (let i = 0; i < (build === "release" ? 20_000 : 1500); i++) {
      if (end.qp.state === "error") ready(end);
      if (random.below(20) === 0) end.qp.postRecv({ local: { region: inbox, length: random.below(256) } });
      const op = random.below(24);
      const psn = (PSN + random.below(4) - 1 + random.below(2) * moved) & 0xffffff;
      const headers: number[] = [];
      const va = VA + BigInt(random.below(2200) - 600);
      const aligned = random.below(2) === 0 ? va & ~7n : va;
      const length = random.pick([0, 8, 256, 300, 512, random.below(1200), random.below(2 ** 32)]);
      if ([6, 10, 11, 12].includes(op)) headers.push(...reth(va, random.pick(keys), length));
      if ([19, 20].includes(op)) headers.push(...u64(aligned), ...u32(random.pick(keys)), ...u64(5n), ...u64(0n));
      if ([3, 5, 9, 11].includes(op)) headers.push(...u32(1));
      if ([13, 15, 16, 17, 18].includes(op)) headers.push(...u32(random.below(2 ** 32)));
      if (op === 18) headers.push(...u64(1n));
      const payload = op === 12 || op > 16 ? 0 : random.pick([0, 256, 256, Math.min(length, 256), random.below(300)]);
      const answers = ask(op, psn, headers, new Uint8Array(payload).fill(0x11));
      for (const { payload: left, icrcHolds } of answers)
        expect([icrcHolds, left.includes(MARK)]).toEqual([true, false]);
      moved = answers.some(({ aeth }) => aeth?.syndrome === 0x1f) ? moved + 1 : moved;
      end.cq.poll();
      end.device.takeErrors();
    }
    expect(marksHold()).toBe(true);
    expect(Number(end.device.counters.remoteAccessNaksSent)).toBeGreaterThan(10);
  });
});
