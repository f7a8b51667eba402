/** Prepared headers (assembly/rdma/path.ts) as what they were made of, and back. */
import { RDMA_PATH_HEADER_LEN, RDMA_PATH_IPV6, RDMA_PATH_L3, RDMA_PATH_TEMPLATE } from "../../../../assembly/layout.js";
import type { Arena } from "../../../memory.js";
import { demand } from "../../../migrate/state/refusal.js";
import { ipText, macText } from "../../../overlay/address.js";
import type { AddressOptions } from "../../verbs/path.js";
import type { PathImage } from "./image.js";

const MAC_BYTES = 6;
const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const UDP_BYTES = 8;

export function pathImage({ u8, u32 }: Arena, ptr: number): PathImage {
  const word = (field: number) => u32[(ptr + field) >> 2] as number;
  const l3 = word(RDMA_PATH_L3);
  const isIpv6 = word(RDMA_PATH_IPV6) !== 0;
  const bytes = u8.subarray(ptr + RDMA_PATH_TEMPLATE, ptr + RDMA_PATH_TEMPLATE + word(RDMA_PATH_HEADER_LEN));
  const at16 = (at: number) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const ip = bytes.subarray(l3);
  const tos = isIpv6 ? (at16(l3) >> 4) & 0xff : (ip[1] as number);
  return {
    ipVersion: isIpv6 ? 6 : 4,
    vlan: l3 === ETHERNET_BYTES ? 0 : at16(ETHERNET_BYTES) & 0xfff,
    dscp: tos >> 2,
    ttl: ip[isIpv6 ? 7 : 8] as number,
    sourcePort: at16(bytes.length - UDP_BYTES),
    sourceMac: macNumber(bytes.subarray(MAC_BYTES, 2 * MAC_BYTES)),
    nextHopMac: macNumber(bytes.subarray(0, MAC_BYTES)),
    local: address16(isIpv6 ? ip.subarray(8, 24) : ip.subarray(12, 16)),
    remote: address16(isIpv6 ? ip.subarray(24, 40) : ip.subarray(16, 20)),
  };
}

/** The image of options whose defaults are filled in. */
export function pathOptions(image: PathImage): AddressOptions {
  const { ipVersion, vlan, dscp, ttl, sourcePort } = image;
  const ip = (address: Uint8Array) => ipText(ipVersion === 6 ? address : address.subarray(12));
  return {
    local: ip(image.local),
    remote: ip(image.remote),
    sourceMac: macText(macBytes(image.sourceMac)),
    nextHopMac: macText(macBytes(image.nextHopMac)),
    vlan: vlan === 0 ? undefined : vlan,
    ttl,
    sourcePort,
    dscp,
  };
}

/** Refuses what no options say, and more header than there is headroom. */
export function checkPath(image: PathImage, path: string, headroomBytes: number): void {
  const { ipVersion, vlan } = image;
  demand(ipVersion !== 5, `${path}.ipVersion`, ipVersion, "4 or 6");
  for (const end of ["local", "remote"] as const) {
    const isBare = ipVersion === 6 || image[end].subarray(0, 12).every((byte) => byte === 0);
    demand(isBare, `${path}.${end}`, ipText(image[end]), "an IPv4 address behind zeros");
  }
  const bytes = ETHERNET_BYTES + (vlan === 0 ? 0 : VLAN_BYTES) + (ipVersion === 6 ? 40 : 20) + UDP_BYTES;
  demand(bytes <= headroomBytes, path, `${bytes} bytes of headers`, `at most the headroom of ${headroomBytes} bytes`);
}

function address16(address: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(address, 16 - address.length);
  return bytes;
}

export function macNumber(mac: Uint8Array): bigint {
  return mac.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function macBytes(mac: bigint): number[] {
  return Array.from({ length: MAC_BYTES }, (_, i) => Number((mac >> BigInt(8 * (MAC_BYTES - 1 - i))) & 0xffn));
}
