/** RoCEv2 packets of a reliable connection by hand (IBTA volume 1, 9.2 to 9.3, and annex A17): UDP checksum 0, ICRC right. */
import { icrcOf } from "../model/crc.js";
import { concat, u16, u24, u32 } from "./bytes.js";
import { ethernet, ipv4, udp } from "./frames.js";

const ROCEV2_PORT = 4791;
const ETHERNET_BYTES = 14;
/** By opcode: which have a RETH, which immediate data or a key to invalidate. */
const WITH_RETH = [0x06, 0x0a, 0x0b];
const WITH_IMMEDIATE = [0x03, 0x05, 0x09, 0x0b, 0x16, 0x17];

export interface RcOptions {
  readonly opcode: number;
  readonly destQpn: number;
  readonly psn: number;
  /** What the RETH says of the whole transfer; by default the payload's length. */
  readonly transferBytes?: number;
  /** 0x01020304 by default. */
  readonly imm?: number;
}

export function rcFrame(
  payload: Uint8Array,
  { opcode, destQpn, psn, transferBytes, imm = 0x01020304 }: RcOptions,
): Uint8Array {
  const pad = -payload.length & 3;
  const bth = concat([opcode, pad << 4], u16(0xffff), [0], u24(destQpn), [0x80], u24(psn));
  const reth = WITH_RETH.includes(opcode)
    ? concat(u32(0x7fff), u32(0x1000), u32(0xabcd), u32(transferBytes ?? payload.length))
    : [];
  const immediate = WITH_IMMEDIATE.includes(opcode) ? u32(imm) : [];
  const datagram = concat(bth, reth, immediate, payload, new Uint8Array(pad), u32(0));
  const frame = ethernet(ipv4(udp(datagram, { sport: 49_152, dport: ROCEV2_PORT, checksum: "zero" })));
  new DataView(frame.buffer).setUint32(frame.length - 4, icrcOf("ipv4", frame.subarray(ETHERNET_BYTES)), true);
  return frame;
}
