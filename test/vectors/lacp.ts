/**
 * LACPDUs between two Cisco switches: packets of tests/LACP.pcap of tcpdump 4.99.3 (BSD licence), without the 50 zero
 * bytes at their end. What is expected of them is what tcpdump's own expectation, tests/lacp-ev.out, prints for the
 * same packets.
 */
import { hex } from "../helpers/bytes.js";

const RESERVED_BYTES = 50;

function frame(...lines: string[]): Uint8Array {
  const bytes = hex(...lines);
  const whole = new Uint8Array(bytes.length + RESERVED_BYTES);
  whole.set(bytes);
  return whole;
}

const A = { systemPriority: 32768, system: "00:13:c4:12:0f:00", key: 13, portPriority: 32768, port: 22 };
const B = { systemPriority: 32768, system: "00:0e:83:16:f5:00", key: 13, portPriority: 32768, port: 25 };
const NOBODY = { systemPriority: 0, system: "00:00:00:00:00:00", key: 0, portPriority: 0, port: 0, state: 0 };
const [A_PORT, B_PORT] = ["00:13:c4:12:0f:0d", "00:0e:83:16:f5:10"];

export const CISCO_LACPDUS = [
  {
    name: "packet 1: expired",
    frame: frame(
      "0180c20000020013c4120f0d88090101",
      "011480000013c4120f00000d8000001685000000",
      "02148000000e8316f500000d8000001936000000",
      "031080000000000000000000000000000000",
    ),
    pdu: {
      version: 1,
      source: A_PORT,
      actor: { ...A, state: 0x85 },
      partner: { ...B, state: 0x36 },
      collectorMaxDelay: 32768,
    },
  },
  {
    name: "packet 5: defaulted, and in use",
    frame: frame(
      "0180c20000020013c4120f0d88090101",
      "011480000013c4120f00000d800000167d000000",
      "0214000000000000000000000000000000000000",
      "031080000000000000000000000000000000",
    ),
    pdu: {
      version: 1,
      source: A_PORT,
      actor: { ...A, state: 0x7d },
      partner: NOBODY,
      collectorMaxDelay: 32768,
    },
  },
  {
    name: "packet 9: in synchronization, the other not yet",
    frame: frame(
      "0180c2000002000e8316f51088090101",
      "01148000000e8316f500000d800000190c000000",
      "021480000013c4120f00000d8000001675000000",
      "031080000000000000000000000000000000",
    ),
    pdu: {
      version: 1,
      source: B_PORT,
      actor: { ...B, state: 0x0c },
      partner: { ...A, state: 0x75 },
      collectorMaxDelay: 32768,
    },
  },
  {
    name: "packet 17: collecting and distributing",
    frame: frame(
      "0180c20000020013c4120f0d88090101",
      "011480000013c4120f00000d800000163d000000",
      "02148000000e8316f500000d800000190c000000",
      "031080000000000000000000000000000000",
    ),
    pdu: {
      version: 1,
      source: A_PORT,
      actor: { ...A, state: 0x3d },
      partner: { ...B, state: 0x0c },
      collectorMaxDelay: 32768,
    },
  },
  {
    name: "packet 18: the same of the other switch",
    frame: frame(
      "0180c2000002000e8316f51088090101",
      "01148000000e8316f500000d800000193c000000",
      "021480000013c4120f00000d800000160d000000",
      "031080000000000000000000000000000000",
    ),
    pdu: {
      version: 1,
      source: B_PORT,
      actor: { ...B, state: 0x3c },
      partner: { ...A, state: 0x0d },
      collectorMaxDelay: 32768,
    },
  },
  {
    name: "packet 20: both ends up",
    frame: frame(
      "0180c20000020013c4120f0d88090101",
      "011480000013c4120f00000d800000163d000000",
      "02148000000e8316f500000d800000193c000000",
      "031080000000000000000000000000000000",
    ),
    pdu: {
      version: 1,
      source: A_PORT,
      actor: { ...A, state: 0x3d },
      partner: { ...B, state: 0x3c },
      collectorMaxDelay: 32768,
    },
  },
];
