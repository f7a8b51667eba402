/** An endpoint's mbufs are its port's owner's: those of what it sends as well as those of what arrives. */
import { expect, test } from "vitest";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { connect, makeEnd } from "../helpers/rdma.js";

censusAfterEach();

test.each(BUILDS)("at its limit an endpoint waits, and goes on when mbufs come back, %s", async (build) => {
  const [a, b] = [await makeEnd({ build, limits: {} }), await makeEnd({ build })];
  connect(a, b, { rts: { window: 64 } });
  const limits = a.engine.addLimits();
  limits.addPartition("guest", [a.port], { floor: 4, preset: 4, ceiling: 4 });
  limits.tick(0);
  const region = a.pd.register(20 * 256);
  const inbox = b.pd.register(20 * 256, { access: ["local-write"] });
  b.qp.postRecv({ local: { region: inbox } });
  region.bytes.fill(7);
  a.qp.postSend({ opcode: "send", local: { region } });
  const taken: number[] = [];
  for (let round = 0; round < 20 && taken.reduce((sum, n) => sum + n, 0) < 20; round++) {
    a.device.tick(0);
    a.device.poll();
    // Four packets wait to be read, and no more are made until they were.
    expect(limits.report("guest").inUse).toBeLessThanOrEqual(4);
    a.device.poll();
    const frames = a.port.takeBurst();
    taken.push(frames.length);
    for (const { spans } of frames) b.port.receive(spans[0] as Uint8Array);
    a.port.complete(frames);
    a.port.reap();
  }
  expect(taken).toEqual([4, 4, 4, 4, 4]);
  while (b.device.poll() > 0);
  expect(b.cq.poll()).toMatchObject([{ status: "success", byteLen: 20 * 256 }]);
  expect([limits.report("guest").inUse, limits.report("guest").refused]).toEqual([0, expect.any(Number)]);
  expect(a.device.counters.timeouts).toBe(0n);
});
