import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { concat, counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";

const SHAPE = { mbufs: 8, headroomBytes: 64, bufBytes: 192 };

describe.each(BUILDS)("what does not fit leaves no trace (%s build)", (build) => {
  let bed: Bed;
  let m: number;
  beforeEach(async () => {
    bed = await makeBed(build, SHAPE);
    m = bed.frame([counting(100), counting(30, 2)]);
  });

  function refuses(operation: () => number, answer = 0): void {
    const before = concat(bed.recordsOf(m), ...bed.segments(m).map((s) => bed.buffer(s)));
    expect(operation() >>> 0).toBe(answer);
    expect(concat(bed.recordsOf(m), ...bed.segments(m).map((s) => bed.buffer(s)))).toEqual(before);
  }

  test("prepend beyond the headroom", () => {
    refuses(() => bed.kernels.prepend(m, 65));
    expect(bed.kernels.prepend(m, 64)).toBe(bed.u32(m + layout.MBUF_BUF));
    refuses(() => bed.kernels.prepend(m, 1));
    refuses(() => bed.kernels.prepend(m, 0xffff_ffff));
  });

  test("append beyond the last buffer", () => {
    refuses(() => bed.kernels.append(m, 192 - 64 - 30 + 1, SHAPE.bufBytes));
    expect(bed.kernels.append(m, 192 - 64 - 30, SHAPE.bufBytes)).not.toBe(0);
    refuses(() => bed.kernels.append(m, 1, SHAPE.bufBytes));
    refuses(() => bed.kernels.append(m, 0xffff_ffff, SHAPE.bufBytes));
  });

  test("adj beyond the head segment, trim beyond the chain", () => {
    refuses(() => bed.kernels.adj(m, 101));
    refuses(() => bed.kernels.trim(m, 131));
    expect(bed.kernels.trim(m, 130)).toBe(1);
    expect(bed.u32(m + layout.MBUF_PKT_LEN)).toBe(0);
  });

  test("chain beyond the most segments", () => {
    const tail = bed.frame(counting(5));
    refuses(() => bed.kernels.chain(m, tail, 2));
    expect(bed.kernels.chain(m, tail, 3)).toBe(1);
    expect(bed.segments(m)).toHaveLength(3);
  });

  test("linearize beyond the head's buffer, or with a second owner", () => {
    const long = bed.frame(counting(99, 3));
    bed.kernels.chain(m, long, 8);
    refuses(() => bed.kernels.linearize(bed.pool, m), 0xffff_ffff);
    const short = bed.frame([counting(9), counting(8)]);
    m = short;
    bed.kernels.retain(short);
    refuses(() => bed.kernels.linearize(bed.pool, short), 0xffff_ffff);
  });

  test("what fits moves no byte: prepend and append hand out untouched bytes beside the data", () => {
    const front = bed.kernels.prepend(m, 10);
    const behind = bed.kernels.append(m, 20, SHAPE.bufBytes);
    const blank = (length: number) => new Uint8Array(length).fill(UNTOUCHED);
    expect(bed.bytes(m)).toEqual(concat(blank(10), counting(100), counting(30, 2), blank(20)));
    expect(front).toBe(bed.u32(m + layout.MBUF_DATA));
    expect(bed.view(behind - 30, 30)).toEqual(counting(30, 2));
  });
});
