/**
 * Microsoft's "Verifying the RSS hash calculation" (Windows driver documentation, NDIS): its secret key, and for each pair of
 * endpoints the hash of the addresses alone and of addresses and ports.
 */
import { hex } from "../helpers/bytes.js";

export const RSS_KEY = hex(
  "6d5a56da 255b0ec2 4167253d 43a38fb0 d0ca2bcb",
  "ae7b30b4 77cb2da3 8030f20c 6a42b73b beac01fa",
);

/** An endpoint's address and port, in the documentation's order: destination first. */
export interface RssVector {
  readonly destination: readonly [address: string, port: number];
  readonly source: readonly [address: string, port: number];
  readonly addresses: number;
  readonly withPorts: number;
}

export const RSS_IPV4: readonly RssVector[] = [
  {
    destination: ["161.142.100.80", 1766],
    source: ["66.9.149.187", 2794],
    addresses: 0x323e8fc2,
    withPorts: 0x51ccc178,
  },
  {
    destination: ["65.69.140.83", 4739],
    source: ["199.92.111.2", 14230],
    addresses: 0xd718262a,
    withPorts: 0xc626b0ea,
  },
  {
    destination: ["12.22.207.184", 38024],
    source: ["24.19.198.95", 12898],
    addresses: 0xd2d0a5de,
    withPorts: 0x5c2b394a,
  },
  {
    destination: ["209.142.163.6", 2217],
    source: ["38.27.205.30", 48228],
    addresses: 0x82989176,
    withPorts: 0xafc7327f,
  },
  {
    destination: ["202.188.127.2", 1303],
    source: ["153.39.163.191", 44251],
    addresses: 0x5d1809c5,
    withPorts: 0x10e828a2,
  },
];

export const RSS_IPV6: readonly RssVector[] = [
  {
    destination: ["3ffe:2501:200:3::1", 1766],
    source: ["3ffe:2501:200:1fff::7", 2794],
    addresses: 0x2cc18cd5,
    withPorts: 0x40207d3d,
  },
  {
    destination: ["ff02::1", 4739],
    source: ["3ffe:501:8::260:97ff:fe40:efab", 14230],
    addresses: 0x0f0c461c,
    withPorts: 0xdde51bbf,
  },
  {
    destination: ["fe80::200:f8ff:fe21:67cf", 38024],
    source: ["3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251],
    addresses: 0x4b61e985,
    withPorts: 0x02d1feef,
  },
];
