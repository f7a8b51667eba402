/** What is wrong with an aggregate: names for programs, texts for people, by the code in assembly/layout.ts. */
import * as layout from "../../../assembly/layout.js";

const FAULTS = [
  [layout.FAULT_TOO_MANY, "too-many", "more messages than were agreed on"],
  [layout.FAULT_TRUNCATED, "truncated", "ends inside a sub-header"],
  [layout.FAULT_FLAGS, "flags", "more than one of MORE, FIN and RST"],
  [layout.FAULT_RESET_DATA, "reset-data", "RST with bytes"],
  [layout.FAULT_LENGTH, "length", "a message's length beyond the transfer"],
  [layout.FAULT_SHORT_REST, "short-rest", "length 0 where under 4096 bytes are left"],
  [layout.FAULT_EMPTY, "empty", "no bytes, and neither FIN nor RST"],
  [layout.FAULT_LONG_FIN, "long-fin", "FIN with more than 4095 bytes"],
] as const;

/** Of these, empty and long-fin are of messages that cannot be packed; no aggregate can hold one. */
export type AggregateFault = (typeof FAULTS)[number][1];

/** The fault of that code; undefined for FAULT_NONE. */
export function faultName(code: number): AggregateFault | undefined {
  return FAULTS.find(([each]) => each === code)?.[1];
}

/** What a fault is, for people. */
export function faultText(name: AggregateFault): string {
  return FAULTS.find(([, each]) => each === name)?.[2] ?? name;
}
