import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { type BedPort, makePort } from "../../helpers/port-record.js";
import { holds } from "../../helpers/property.js";

const PORTS = 4;
const QUEUE = 8;
const MBUFS = 48;

describe.each(BUILDS)("spread (%s build)", (build) => {
  let bed: Bed;
  let ports: BedPort[];
  let table: number;
  let picksAt: number;
  let spans: number;
  let ids: number;

  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: MBUFS, bufBytes: 128, headroomBytes: 32 });
    ports = Array.from({ length: PORTS }, (_, i) => makePort(bed, i, QUEUE));
    table = bed.arena.take(PORTS * 4);
    picksAt = bed.arena.take(layout.BURST_MAX * 4);
    spans = bed.arena.take(QUEUE * layout.SPAN_BYTES);
    ids = bed.arena.take(QUEUE * 4);
    for (const [i, port] of ports.entries()) bed.poke32(table + i * 4, port.ptr);
  });

  function spread(list: readonly number[], picks: readonly number[]): number {
    for (const [i, pick] of picks.entries()) bed.poke32(picksAt + i * 4, pick);
    return bed.kernels.spreadBurst(bed.listOf(...list), picksAt, list.length, table);
  }

  /** The frames that lie posted on a port, in order; they are completed and given back. */
  function sent(port: BedPort): number[] {
    const n = bed.kernels.takeBurst(port.queue, spans, QUEUE);
    const mbufs = Array.from({ length: n }, (_, i) => bed.u32(spans + i * layout.SPAN_BYTES + layout.SPAN_MBUF));
    for (let i = 0; i < n; i++) bed.poke32(ids + i * 4, bed.u16(spans + i * layout.SPAN_BYTES + layout.SPAN_ID));
    bed.kernels.completeBurst(port.queue, ids, n);
    expect(bed.kernels.reapFree(port.queue, bed.pool, ids, n)).toBe(n);
    return mbufs;
  }

  test("every frame leaves by the port that was picked, in order, with one doorbell a port that got any", () => {
    holds(
      fc.property(fc.array(fc.nat(PORTS - 1), { maxLength: 24 }), (wanted) => {
        const before = ports.map((port) => port.counter(layout.COUNTER_TX_DOORBELLS));
        const list = wanted.map((_, i) => bed.frame(Uint8Array.of(i, 2, 3)));
        // A full queue stops the burst; what comes before it has gone.
        const room = Array<number>(PORTS).fill(QUEUE);
        const stop = wanted.findIndex((pick) => (room[pick] as number)-- === 0);
        const expected = stop < 0 ? wanted.length : stop;
        expect(spread(list, wanted)).toBe(expected);
        const gone = list.slice(0, expected);
        for (const [p, port] of ports.entries()) {
          const mine = gone.filter((_, i) => wanted[i] === p);
          expect(port.counter(layout.COUNTER_TX_DOORBELLS) - (before[p] as number)).toBe(mine.length > 0 ? 1 : 0);
          expect(sent(port)).toEqual(mine);
        }
        for (const m of list.slice(expected)) bed.free(m);
        expect(bed.census()).toMatchObject({ free: MBUFS, doubles: 0 });
      }),
      200,
    );
  });

  test("frames, bytes and descriptors count where they left, a full queue where it refused", () => {
    const list = Array.from({ length: QUEUE + 2 }, (_, i) => bed.frame(new Uint8Array(i + 1)));
    const picks = list.map((_, i) => (i === 0 ? 2 : 1));
    expect(spread(list, picks)).toBe(QUEUE + 1);
    const counts = (port: number) =>
      [layout.COUNTER_TX_FRAMES, layout.COUNTER_TX_BYTES, layout.COUNTER_TX_DESCRIPTORS, layout.COUNTER_TX_REFUSED].map(
        (counter) => (ports[port] as BedPort).counter(counter),
      );
    expect(counts(2)).toEqual([1, 1, 1, 0]);
    expect(counts(1)).toEqual([QUEUE, 44, QUEUE, 1]);
    expect(counts(0)).toEqual([0, 0, 0, 0]);
  });

  test("a chain that its port cannot send is dropped by name, counts as taken, and goes back to the pool", () => {
    const chain = bed.frame([new Uint8Array(60), new Uint8Array(60)]);
    const plain = bed.frame(new Uint8Array(20));
    expect(spread([chain, plain], [3, 3])).toBe(2);
    const port = ports[3] as BedPort;
    expect(port.counter(layout.COUNTER_DROP + layout.DROP_NEEDS_SCATTER_GATHER)).toBe(1);
    expect(port.counter(layout.COUNTER_TX_FRAMES)).toBe(1);
    expect(sent(port)).toEqual([plain]);
    expect(bed.census()).toMatchObject({ free: MBUFS, doubles: 0 });
  });
});
