/** What the verify kernel reports of one frame, in the words of the twin. */
import * as layout from "../../assembly/layout.js";
import type { Layer, Verdict, Verdicts } from "../model/verify.js";
import { type Bed, UNTOUCHED } from "./bed.js";

const WORDS: readonly Verdict[] = [undefined, "good", "bad", "absent", "unchecked", "offloaded"];

/** Verifies a frame that is laid for it and freed after; reports stands behind UNTOUCHED bytes. */
export function verifyFrame(bed: Bed, frame: Uint8Array | readonly Uint8Array[], wire?: number): Verdicts {
  const m = bed.frame(frame, wire);
  const report = bed.list + 64;
  bed.view(report, layout.REPORT_BYTES + 16).fill(UNTOUCHED);
  bed.kernels.verifyBurst(bed.listOf(m), 1, report);
  bed.free(m);
  if (bed.arena.u8[report + layout.REPORT_BYTES] !== UNTOUCHED) throw new Error("verify wrote behind its report");
  const layer = (flags: number, l3: number, l4: number): Layer => ({
    flags: bed.u32(report + flags),
    l3: WORDS[bed.arena.u8[report + l3] as number],
    l4: WORDS[bed.arena.u8[report + l4] as number],
  });
  const hasInner = bed.arena.u8[report + layout.REPORT_HAS_INNER] === 1;
  return {
    cause: bed.u16(report + layout.REPORT_CAUSE),
    outer: layer(layout.REPORT_OUTER_FLAGS, layout.REPORT_OUTER_L3, layout.REPORT_OUTER_L4),
    inner: hasInner ? layer(layout.REPORT_INNER_FLAGS, layout.REPORT_INNER_L3, layout.REPORT_INNER_L4) : undefined,
  };
}
