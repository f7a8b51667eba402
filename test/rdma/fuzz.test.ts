/** Real packets with bytes changed, their ICRC made right again: no trap, no lost buffer, and only known states. */
import { expect, test } from "vitest";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { Random } from "../helpers/property.js";
import { ALL_ACCESS, makeEnd, takeFrames } from "../helpers/rdma.js";
import { roceFrames } from "../helpers/roce.js";
import { icrcOf } from "../model/crc.js";

censusAfterEach();

const L3 = 14;
const L4 = 34;

test.each(BUILDS)("mutated packets, %s", async (build) => {
  const random = new Random(21);
  const frames = await roceFrames("rocev2-rc-pingpong", "rocev2-write", "rocev2-atomic");
  const end = await makeEnd({ build, qpn: 0x17, rdma: { queuePairs: 32, regions: 16 } });
  const region = end.pd.register(65536, { access: ALL_ACCESS, va: 0x55f8d0fd1000n, key: 0x8f4 });
  const address = { local: "10.9.0.2", remote: "10.9.0.1" };
  let alive = 0;
  for (let i = 0; i < (build === "release" ? 6000 : 1000); i++) {
    if (end.qp.state === "reset" || end.qp.state === "error") {
      end.qp.modify({ state: "reset" });
      end.qp.modify({ state: "init", access: ALL_ACCESS });
      end.qp.modify({ state: "rtr", address, destQpn: 0x17, rqPsn: 2293350, mtu: 1024 });
      end.qp.modify({ state: "rts", sqPsn: 2293350 });
      end.qp.postRecv({ local: { region } });
      const remote = { va: region.va, rkey: 0x8f4 };
      end.qp.postSend({ opcode: "rdma-read", local: { region, length: 3000 }, remote });
      end.qp.postSend({ opcode: "send", local: { region, length: 2000 } });
    }
    const frame = random.pick(frames).slice();
    const bth = L4 + 8;
    frame[bth] = random.below(24);
    frame[bth + 7] = 0x17;
    frame.set([0x22, 0xfe, 0x66 + random.below(8)], bth + 9);
    for (let n = random.below(3); n > 0; n--) frame[bth + random.below(frame.length - bth - 4)] = random.below(256);
    const icrc = icrcOf("ipv4", frame.subarray(L3));
    new DataView(frame.buffer, frame.byteOffset).setUint32(frame.length - 4, icrc, true);
    end.port.receive(frame);
    while (end.device.poll() > 0) takeFrames(end.port);
    takeFrames(end.port);
    if (random.below(10) === 0) end.device.tick(i);
    end.cq.poll();
    end.device.takeErrors();
    if (end.qp.state === "rts") alive++;
    expect(["rts", "error"]).toContain(end.qp.state);
  }
  expect(alive).toBeGreaterThan(100);
  expect(Number(end.device.counters.received)).toBeGreaterThan(500);
});
