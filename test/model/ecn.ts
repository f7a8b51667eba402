/** What leaves a tunnel takes over from the outer header: RFC 6040 section 4.2 for ECN, RFC 2983 for DSCP, RFC 1624 for the checksum. */
import * as layout from "../../assembly/layout.js";
import { onesSum } from "./checksum.js";
import { tosOf } from "./encapsulation.js";
import type { Parsed } from "./parse.js";

type Ecn = "Not-ECT" | "ECT(0)" | "ECT(1)" | "CE";
/** RFC 3168 section 5: the field's value. */
const CODEPOINTS: readonly Ecn[] = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"];

/** RFC 6040 figure 4: by the inner header that arrived, then the outer one, what goes on. */
const FIGURE_4: Readonly<Record<Ecn, Readonly<Record<Ecn, Ecn | "drop">>>> = {
  "Not-ECT": { "Not-ECT": "Not-ECT", "ECT(0)": "Not-ECT", "ECT(1)": "Not-ECT", CE: "drop" },
  "ECT(0)": { "Not-ECT": "ECT(0)", "ECT(0)": "ECT(0)", "ECT(1)": "ECT(1)", CE: "CE" },
  "ECT(1)": { "Not-ECT": "ECT(1)", "ECT(0)": "ECT(1)", "ECT(1)": "ECT(1)", CE: "CE" },
  CE: { "Not-ECT": "CE", "ECT(0)": "CE", "ECT(1)": "CE", CE: "CE" },
};

/** The field that goes on; undefined for a drop. Numbers are the field's values. */
export function ecnOut(inner: number, outer: number): number | undefined {
  const out = FIGURE_4[CODEPOINTS[inner] as Ecn][CODEPOINTS[outer] as Ecn];
  return out === "drop" ? undefined : CODEPOINTS.indexOf(out);
}

/** The frame with what the outer header says; uniform takes over its DSCP. What is not IP, or not whole here, stays as it is. */
export function leaveTunnel(
  frame: Uint8Array,
  parsed: Parsed,
  outerTos: number,
  uniform: boolean,
): { cause: number; bytes: Uint8Array } {
  const { flags, l3, l4 } = parsed;
  const isV4 = (flags & layout.FLAG_IPV4) !== 0;
  if (l4 === 0 || !(isV4 || (flags & layout.FLAG_IPV6) !== 0)) return { cause: layout.OK, bytes: frame };
  const inner = tosOf(frame, parsed);
  const ecn = ecnOut(inner % 4, outerTos % 4);
  if (ecn === undefined) return { cause: layout.DROP_ECN_CE, bytes: frame };
  const tos = ((uniform ? outerTos : inner) & 0xfc) + ecn;
  const bytes = frame.slice();
  if (isV4) {
    bytes[l3 + 1] = tos;
    if (tos !== inner) bytes.set(updated(frame.subarray(l3, l3 + 20), bytes.subarray(l3, l3 + 20)), l3 + 10);
  } else {
    bytes[l3] = 0x60 | (tos >> 4);
    bytes[l3 + 1] = ((tos % 16) << 4) | ((frame[l3 + 1] as number) % 16);
  }
  return { cause: layout.OK, bytes };
}

/** RFC 1624 equation 3 for a changed first word: HC' = ~(~HC + ~m + m'). A checksum that was wrong stays wrong. */
function updated(before: Uint8Array, after: Uint8Array): number[] {
  const not = (bytes: Uint8Array) => bytes.map((byte) => ~byte);
  const sum = onesSum([...not(before.subarray(10, 12)), ...not(before.subarray(0, 2)), ...after.subarray(0, 2)]);
  return [(sum >> 8) ^ 0xff, (sum & 0xff) ^ 0xff];
}
