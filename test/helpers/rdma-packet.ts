/** RoCEv2 packets of a peer at 10.9.0.1 to an endpoint at 10.9.0.2, made field by field. */
import { internetChecksum } from "../model/checksum.js";
import { icrcOf } from "../model/crc.js";
import { concat, u16, u24, u32 } from "./bytes.js";

/** A packet from the peer: headers behind the BTH, and payload. */
export function packet(
  qpn: number,
  op: number,
  psn: number,
  headers: readonly number[],
  payload: Uint8Array,
  ack = true,
): Uint8Array {
  const pad = (4 - (payload.length % 4)) % 4;
  const bth = [op, pad << 4, 0xff, 0xff, 0, ...u24(qpn), ack ? 0x80 : 0, ...u24(psn)];
  const udp = 8 + 12 + headers.length + payload.length + pad + 4;
  const ip = [0x45, 0, ...u16(20 + udp), 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2];
  ip.splice(10, 2, ...u16(internetChecksum(Uint8Array.from(ip))));
  const bytes = concat(
    ip,
    [...u16(50_000), ...u16(4791), ...u16(udp), 0, 0],
    bth,
    headers,
    payload,
    new Uint8Array(pad + 4),
  );
  new DataView(bytes.buffer).setUint32(bytes.length - 4, icrcOf("ipv4", bytes), true);
  return concat([2, 0, 10, 9, 0, 2, 2, 0, 10, 9, 0, 1, 8, 0], bytes);
}

export const u64 = (value: bigint) => [
  ...u32(Number(BigInt.asUintN(64, value) >> 32n)),
  ...u32(Number(BigInt.asUintN(32, value))),
];
export const reth = (va: bigint, key: number, length: number) => [...u64(va), ...u32(key), ...u32(length)];
