/** The responder against its twin: random requests, sound and unsound, of which most are those that are expected next. */
import { describe, expect, test } from "vitest";
import { u32 } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { Random } from "../helpers/property.js";
import { ALL_ACCESS, makeEnd, takeFrames } from "../helpers/rdma.js";
import { packet, reth, u64 } from "../helpers/rdma-packet.js";
import { decode } from "../model/rdma-packet.js";
import { type Request, Responder } from "../model/rdma-responder.js";

censusAfterEach();

const VA = 0xffff_ffff_0000n;
const BYTES = 2048;
const MTU = 256;
const FIRST_PSN = 0xffffd0;

describe.each(BUILDS)("responder and twin, %s", (build) => {
  test("answer alike, and leave the same memory, receives and state", async () => {
    const random = new Random(11);
    const end = await makeEnd({ build });
    for (let round = 0; round < (build === "release" ? 600 : 40); round++) {
      const region = end.pd.register(BYTES, { access: ALL_ACCESS, va: VA });
      const inbox = end.pd.register(1024, { access: ["local-write"] });
      region.bytes.set(random.bytes(BYTES));
      const setting = { mtu: MTU, va: VA, key: region.rkey, psn: FIRST_PSN, rnrTimer: 9 };
      const twin = new Responder(region.bytes.slice(), setting);
      end.qp.modify({ state: "reset" });
      end.qp.modify({ state: "init", access: ALL_ACCESS });
      const address = { local: "10.9.0.2", remote: "10.9.0.1" };
      end.qp.modify({ state: "rtr", address, destQpn: 77, rqPsn: FIRST_PSN, mtu: MTU, minRnrTimer: 9 });
      let next = FIRST_PSN;
      let kind: number | undefined;
      for (let i = 0; i < 120 && !twin.isError; i++) {
        if (random.below(3) === 0 && twin.receives.length < 32) {
          const length = random.pick([1024, 1024, 300]);
          twin.receives.push(length);
          end.qp.postRecv({ local: { region: inbox, length } });
        }
        const request = make(random, next, kind, region.rkey);
        const answers = twin.take(request);
        end.port.receive(
          packet(end.qp.qpn, request.op, request.psn, headersOf(request), request.payload, request.ackRequest),
        );
        while (end.device.poll() > 0);
        const ours = takeFrames(end.port).map(decode);
        expect(ours.every(({ icrcHolds, destQpn }) => icrcHolds && destQpn === 77)).toBe(true);
        expect(
          ours.map(({ op, psn, aeth, original, payload }) => {
            return { op, psn, syndrome: aeth?.syndrome, msn: aeth?.msn, original, payload: [...payload] };
          }),
        ).toEqual(answers);
        if (request.psn === next && !answers.some(({ syndrome = 0 }) => syndrome >= 0x20)) {
          const packets = request.op === 12 ? Math.max(1, Math.ceil(request.length / MTU)) : 1;
          next = (next + packets) & 0xffffff;
          kind = [0, 1, 6, 7].includes(request.op) ? request.op - (request.op % 6) : undefined;
        }
        for (const { status, byteLen, opcode } of end.cq.poll()) {
          if (status !== "success") continue;
          const expected = twin.received.shift();
          expect([byteLen, opcode]).toEqual([expected?.length, expected?.bytes ? "recv" : "recv-rdma-imm"]);
          if (expected?.bytes) expect([...inbox.bytes.subarray(0, byteLen)]).toEqual(expected.bytes);
        }
        expect([twin.received.length, end.qp.state === "error"]).toEqual([0, twin.isError]);
        expect(Buffer.compare(region.bytes, twin.memory)).toBe(0);
      }
      region.deregister();
      inbox.deregister();
    }
  });
});

/** A request; kind is 0 or 6 while a SEND or WRITE is under way. */
function make(random: Random, next: number, kind: number | undefined, rkey: number): Request {
  const isOdd = random.below(25) === 0;
  let op = kind === undefined ? random.pick([0, 4, 5, 6, 10, 11, 12, 19, 20]) : kind + random.pick([1, 2, 3]);
  if (isOdd) op = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 19, 20, 21, 23]);
  const psn = random.below(6) === 0 ? (next + random.below(12) - 9) & 0xffffff : next;
  const isWhole = [0, 1, 6, 7].includes(op);
  let size = isWhole ? MTU : random.below(MTU + 1);
  if (random.below(40) === 0) size = random.below(MTU + 8);
  if (op >= 12) size = 0;
  let length = op === 6 ? MTU + 1 + random.below(700) : size;
  if (op === 12) length = random.below(900);
  if (random.below(40) === 0) length = random.below(3000);
  const va = VA + BigInt(op >= 19 ? 8 * random.below(BYTES / 8) : random.below(BYTES - 1024));
  return {
    op,
    psn,
    ackRequest: random.below(2) === 0,
    va: random.below(50) === 0 ? va + BigInt(random.below(2 * BYTES) - BYTES) : va,
    key: random.below(60) === 0 ? rkey ^ 1 : rkey,
    length,
    operands: [BigInt(random.below(2 ** 32)) << 20n, 0n],
    payload: random.bytes(size),
  };
}

function headersOf({ op, va, key, length, operands }: Request): number[] {
  const headers: number[] = [];
  if ([6, 10, 11, 12].includes(op)) headers.push(...reth(va, key, length));
  if ([3, 5, 9, 11].includes(op)) headers.push(...u32(0x12345678));
  if ([19, 20].includes(op)) headers.push(...u64(va), ...u32(key), ...u64(operands[0]), ...u64(operands[1]));
  return headers;
}
