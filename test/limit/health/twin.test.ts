/** The kernel finds what its slow twin finds, whatever passes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOLES_MAX, MBUF_TIMESTAMP_NS } from "../../../assembly/layout.js";
import type { ConnectionHealth } from "../../../src/limit/health/health.js";
import { HealthMonitor } from "../../../src/limit/health/monitor.js";
import { healthLimits } from "../../../src/limit/health/sizes.js";
import { anyFrame } from "../../helpers/arbitraries.js";
import { makeBed } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { healthBed, modelFindings, type Seen, sumOf } from "../../helpers/health.js";
import { holds, Random } from "../../helpers/property.js";
import { chatter } from "../../helpers/tcp-chatter.js";
import { type Finding, TcpHealthModel } from "../../model/tcp-health.js";

describe.each(BUILDS)("the health kernel is its twin (%s build)", (build) => {
  test.each([false, true])("frame by frame, wild: %s", async (wild) => {
    const bed = await healthBed(build);
    const all: Finding[] = [];
    for (let run = 0; run < 10; run++) {
      const random = new Random(run + (wild ? 100 : 0));
      // Of another network each, so that runs know nothing of each other.
      const frames = chatter(random, 1000, wild).map((seen) => ({ ...seen, network: (seen.network ?? 0) + 16 * run }));
      const model = new TcpHealthModel(HOLES_MAX);
      const before = bed.monitor.counters.forgottenHoles;
      const found = bed.findings(frames);
      const expected = modelFindings(model, frames);
      for (const [i, finding] of found.entries()) expect(finding, `frame ${i} of run ${run}`).toEqual(expected[i]);
      expect(bed.monitor.counters.forgottenHoles - before).toBe(model.forgotten);
      all.push(...found);
    }
    // There was something to find.
    for (const name of ["retransmission", "outOfOrder", "duplicateAck", "zeroWindow", "roundTripUs"] as const) {
      expect(all.filter((finding) => finding[name] !== undefined).length, name).toBeGreaterThan(20);
    }
  });

  test("in bursts of any size, peer by peer", async () => {
    const bed = await healthBed(build);
    const random = new Random(7);
    const open = Array.from({ length: 8 }, () => bed.monitor.open());
    // The last peer is nobody: its connections are followed, and it counts nothing.
    const peerOf = (peer: number | undefined) => (peer === 7 ? undefined : open[peer as number]);
    const frames = chatter(random, 20_000, true).map((seen) => ({ ...seen, peer: peerOf(seen.peer) }));
    for (let at = 0; at < frames.length; ) {
      const part = frames.slice(at, at + random.between(1, 700));
      bed.feed(part, random.between(1, 256));
      at += part.length;
    }
    const findings = modelFindings(new TcpHealthModel(HOLES_MAX), frames);
    for (const peer of open) {
      const own = frames.flatMap((frame, i) => (frame.peer === peer ? [i] : []));
      const expected = sumOf(
        own.map((i) => frames[i] as Seen),
        own.map((i) => findings[i] ?? {}),
      );
      expectSame(bed.monitor.totals(peer), expected);
    }
  });

  test("one frame at a time, as other kernels call it", async () => {
    const bed = await makeBed(build, { spareBytes: 2 ** 20 });
    const { kernels, arena } = bed;
    const owner = { kernels, arena, checkOpen: () => undefined };
    const monitor = new HealthMonitor(owner, healthLimits({ connections: 64, peers: 1 }));
    const peer = monitor.open();
    const frames = chatter(new Random(17), 3000, true);
    for (const { data, timestampNs, network = 0 } of frames) {
      const m = bed.frame(data);
      arena.u64[(m + MBUF_TIMESTAMP_NS) >> 3] = timestampNs;
      kernels.parseBurst(bed.listOf(m), 1);
      kernels.healthObserve(monitor.ptr, m, monitor.address(peer), network);
      bed.free(m);
    }
    expectSame(monitor.totals(peer), sumOf(frames, modelFindings(new TcpHealthModel(HOLES_MAX), frames)));
  });

  test("with more holes than it keeps, only what fills the forgotten ones is called another name", async () => {
    const bed = await healthBed(build);
    const frames = chatter(new Random(11), 10_000, true);
    const bounded = bed.findings(frames);
    const unbounded = modelFindings(new TcpHealthModel(), frames);
    const differ = bounded.flatMap((finding, i) => {
      const { outOfOrder, retransmission, ...rest } = unbounded[i] ?? {};
      const { outOfOrder: late, retransmission: again, ...others } = finding;
      expect(others).toEqual(rest);
      return late === outOfOrder && again === retransmission ? [] : [`${outOfOrder} ${again}`];
    });
    expect(bed.monitor.counters.forgottenHoles).toBeGreaterThan(0);
    // Late by right; called a retransmission, or (with new data behind) nothing.
    for (const what of differ) expect(["true true", "true undefined"]).toContain(what);
  });

  test("on mutated, truncated, cut and lying frames", async () => {
    const bed = await healthBed(build);
    const model = new TcpHealthModel(HOLES_MAX);
    let timestampNs = 0n;
    holds(
      fc.property(fc.array(anyFrame(), { minLength: 1, maxLength: 20 }), (list) => {
        const frames = list.map(({ data, wire }): Seen => {
          timestampNs += 100_000n;
          return { data, originalLength: wire, timestampNs };
        });
        // The monitor knows a bounded number of connections, the twin all.
        if (model.size > 3500) return;
        expect(bed.findings(frames)).toEqual(modelFindings(model, frames));
      }),
      400,
    );
  });

  test("on damaged segments of connections that go on", async () => {
    const bed = await healthBed(build);
    const random = new Random(13);
    const frames = chatter(random, 6000, true).map((seen) => {
      const data = seen.data.slice();
      for (let i = random.below(4); i > 1; i--) data[random.between(12, 90)] = random.below(256);
      const cut = random.below(4) === 0 ? data.subarray(0, random.between(0, data.length)) : data;
      return { ...seen, data: cut, originalLength: data.length };
    });
    expect(bed.findings(frames)).toEqual(modelFindings(new TcpHealthModel(HOLES_MAX), frames));
  });
});

function expectSame(found: ConnectionHealth, expected: ConnectionHealth): void {
  const { roundTripMs: trips, bytesPerMbuf: bytes, ...counts } = found;
  const { roundTripMs, bytesPerMbuf, ...expectedCounts } = expected;
  expect(counts).toEqual(expectedCounts);
  // -1: there is none.
  expect(trips?.least ?? -1).toBeCloseTo(roundTripMs?.least ?? -1, 9);
  expect(trips?.mean ?? -1).toBeCloseTo(roundTripMs?.mean ?? -1, 6);
  expect(bytes ?? -1).toBeCloseTo(bytesPerMbuf ?? -1, 6);
}
