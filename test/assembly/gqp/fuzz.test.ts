import { expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { causeName } from "../../../src/causes.js";
import { makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { fuzzed } from "../../helpers/corpus.js";
import type { Build } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { FORMS, GqpBed, NUMBERS } from "../../helpers/gqp.js";
import { Random } from "../../helpers/property.js";
import { roceFrames } from "../../helpers/roce.js";
import { encapsulate, type GqpOuter, open } from "../../model/gqp.js";

/** 200,000 mutated RoCEv2 inputs: no trap, no leak, each opened or dropped under the cause that the twin names. */
const RUNS: readonly [build: Build, inputs: number, form: GqpOuter["form"]][] = [
  ["release", 200_000, "rocev2"],
  ["release", 50_000, "infiniband"],
  ["debug", 10_000, "rocev2"],
  ["debug", 5_000, "infiniband"],
];
const BURST = 32;

const INNER = [
  f.ethernet(f.ipv4(f.tcp(counting(40)))),
  f.ethernet(f.ipv6(f.udp(counting(7)))),
  f.ethernet(f.arp()),
  counting(14),
];

test.each(RUNS)("%s build: %i inputs, %s", async (build, count, form) => {
  const bed = await makeBed(build, { mbufs: 2 * BURST, headroomBytes: 96, bufBytes: 2112 });
  const gqp = new GqpBed(bed);
  const random = new Random(count);
  const outers = FORMS.flatMap(([, outer]) => (outer.form === form ? [outer] : []));
  const ours = INNER.flatMap((frame) => outers.map((outer) => encapsulate(frame, outer, NUMBERS).bytes));
  const captured = form === "rocev2" ? await roceFrames("rocev2-rping-cm", "rocev2-ud-pingpong", "rocev2-rc-ipv6") : [];
  // Mostly ours, so that much of it gets past the opcode.
  const corpus = [...Array(10).fill(ours).flat(), ...captured] as Uint8Array[];
  const causes = new Map<string, number>();
  for (let done = 0; done < count; done += BURST) {
    const frames = Array.from({ length: BURST }, () => fuzzed(random, corpus));
    const splits = frames.map(({ data }) => (random.below(4) === 0 ? random.below(data.length + 1) : data.length));
    const mbufs = frames.map(({ data, wire }, i) => {
      const at = splits[i] as number;
      return bed.frame(at < data.length ? [data.subarray(0, at), data.subarray(at)] : data, wire);
    });
    gqp.decap(mbufs, form);
    for (const [i, { data, wire }] of frames.entries()) {
      const m = mbufs[i] as number;
      const cause = bed.u16(m + layout.MBUF_CAUSE);
      const opened = open(data, form, { wire, here: splits[i] as number });
      const expected = "cause" in opened ? opened.cause : layout.OK;
      if (cause !== expected) expect(cause, `${Buffer.from(data).toString("hex")}`).toBe(expected);
      const rest = "cause" in opened || opened.isControl ? data : opened.bytes;
      if (Buffer.compare(bed.bytes(m), rest) !== 0) expect(bed.bytes(m)).toEqual(rest);
      const name = cause === layout.OK ? "opened" : causeName(cause);
      causes.set(name, (causes.get(name) ?? 0) + 1);
    }
    bed.kernels.freeBurst(bed.pool, bed.listOf(...mbufs), mbufs.length);
    const { free, doubles } = bed.census();
    if (free !== 2 * BURST || doubles !== 0) expect({ free, doubles }).toEqual({ free: 2 * BURST, doubles: 0 });
  }
  expect(causes.get("opened")).toBeGreaterThan(count / 20);
  const known = ["not-ib", "ib-truncated", "ib-opcode", "ib-header", "ib-qkey", "headers-split"];
  const sums = form === "rocev2" ? ["ib-icrc", "outer-ipv4-checksum", "outer-udp-checksum"] : ["ib-vcrc"];
  for (const name of [...known, ...sums]) expect(causes.get(name), name).toBeGreaterThan(0);
});
