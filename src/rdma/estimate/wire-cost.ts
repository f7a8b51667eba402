/**
 * What a transfer costs on the wire: a RoCEv2 message of a reliable connection, in packets of at most a path MTU of payload (IBTA volume 1,
 * 9.2 to 9.4, annex A17). Without the frame check sequence and without acknowledgements.
 *
 *   Ethernet 14 │ IPv4 20 or IPv6 40 │ UDP 8 │ BTH 12 │ RETH 16: WRITE, first packet only │ payload │ pad 0-3 │ ICRC 4
 */

/** An RDMA WRITE says in its first packet where its bytes go; a SEND leaves that to the receiver. */
export const ESTIMATE_OPERATIONS = ["write", "send"] as const;
export type EstimateOperation = (typeof ESTIMATE_OPERATIONS)[number];

/** Those that a queue pair can have (IBTA volume 1, 11.2.4.2). */
export const PATH_MTUS = [256, 512, 1024, 2048, 4096] as const;

export interface Framing {
  readonly operation: EstimateOperation;
  /** Payload of a packet at most, a multiple of 4. */
  readonly mtuBytes: number;
  readonly ipVersion: 4 | 6;
}

export interface WireCost {
  readonly packets: number;
  readonly wireBytes: number;
}

const ETHERNET_BYTES = 14;
const IP_BYTES = { 4: 20, 6: 40 } as const;
const UDP_BYTES = 8;
const BTH_BYTES = 12;
const RETH_BYTES = 16;
const ICRC_BYTES = 4;

/** Of a transfer with so many bytes of payload, sub-headers included. */
export function wireCost(payloadBytes: number, { operation, mtuBytes, ipVersion }: Framing): WireCost {
  const packets = Math.max(1, Math.ceil(payloadBytes / mtuBytes));
  const headers = ETHERNET_BYTES + IP_BYTES[ipVersion] + UDP_BYTES + BTH_BYTES + ICRC_BYTES;
  // Packets before the last are full, and need no pad.
  const padBytes = -payloadBytes & 3;
  const rethBytes = operation === "write" ? RETH_BYTES : 0;
  return { packets, wireBytes: packets * headers + rethBytes + payloadBytes + padBytes };
}
