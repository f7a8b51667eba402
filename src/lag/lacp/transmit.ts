/**
 * The Transmit machine (IEEE 802.1AX-2008 5.4.16, 2014 6.4.16): one PDU when one is needed, but no more than three in a
 * second. What does not go now goes later, with what is true then.
 */
import type { PortRecord } from "./port-record.js";
import { type Deadline, FAST_PERIODIC_MS, isDue, TRANSMIT_LIMIT } from "./timing.js";

/**
 * True when the caller must send a LACPDU now; the record counts it as sent. A port without periodic transmission
 * forgets the need.
 */
export function takeTransmission(port: PortRecord, nowMs: number): boolean {
  if (port.periodic === "NO_PERIODIC") port.ntt = false;
  if (!isDue(transmitDeadline(port, nowMs), nowMs)) return false;
  port.ntt = false;
  port.sentMs = [...port.sentMs, nowMs].slice(-TRANSMIT_LIMIT);
  port.counters.lacpdusOut++;
  return true;
}

/** When the PDU that is needed may go; undefined when none is needed. */
export function transmitDeadline(port: PortRecord, nowMs: number): Deadline {
  if (!port.ntt) return undefined;
  const [oldest] = port.sentMs;
  if (oldest === undefined || port.sentMs.length < TRANSMIT_LIMIT) return nowMs;
  return Math.max(nowMs, oldest + FAST_PERIODIC_MS);
}
