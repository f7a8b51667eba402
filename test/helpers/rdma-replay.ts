/** Ours beside what a Linux host sent in its place. */
import { expect } from "vitest";
import { icrcOf } from "../model/crc.js";
import { decode, type RdmaPacket } from "../model/rdma-packet.js";

export interface RealPacket {
  readonly packet: RdmaPacket;
  readonly frame: Uint8Array;
}

/** Operations of a reliable connection's responder. */
export const RESPONSES: readonly number[] = [13, 14, 15, 16, 17, 18];

/** The UDP datagram without its checksum, which the kernel fills in over IPv6. */
function essence({ transport }: RdmaPacket): Uint8Array {
  const bytes = transport.slice();
  bytes.fill(0, 6, 8);
  return bytes;
}

/** Where ours goes, the real one's identification and so on put in: the ICRC must come to the real one's. */
export function expectSame(ours: Uint8Array, real: RealPacket): void {
  const packet = decode(ours);
  expect(essence(packet)).toEqual(essence(real.packet));
  expect([packet.icrcHolds, packet.sourceMac, packet.destMac]).toEqual([
    true,
    real.packet.sourceMac,
    real.packet.destMac,
  ]);
  const { isIpv4 } = real.packet;
  const l4 = isIpv4 ? 34 : 54;
  const mixed = new Uint8Array([...real.frame.subarray(14, l4), ...ours.subarray(l4)]);
  const icrc = real.frame.slice(l4 + real.packet.transport.length).subarray(0, 4);
  expect(icrcOf(isIpv4 ? "ipv4" : "ipv6", mixed) >>> 0).toBe(new DataView(icrc.buffer).getUint32(0, true));
}
