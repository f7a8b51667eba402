/**
 * Buckets of Open vSwitch's SLB hash, as Debian's openvswitch-switch 3.1.0-2+deb12u1 (amd64, without CRC32 instructions) printed them:
 * `ovs-appctl bond/hash MAC VLAN BASIS`, 2026-11-25. VLAN 0 is an untagged frame.
 */
export interface SlbVector {
  readonly mac: string;
  readonly vlan: number;
  readonly basis: number;
  /** The hash's lower 8 bits. */
  readonly bucket: number;
}

export const SLB_VECTORS: readonly SlbVector[] = [
  { mac: "02:00:00:00:0a:01", vlan: 0, basis: 0, bucket: 25 },
  { mac: "02:00:00:00:0a:01", vlan: 7, basis: 0, bucket: 188 },
  { mac: "02:00:00:00:0a:01", vlan: 4095, basis: 0, bucket: 205 },
  { mac: "02:00:00:00:0a:01", vlan: 7, basis: 99, bucket: 58 },
  { mac: "02:00:00:00:0a:02", vlan: 0, basis: 0, bucket: 250 },
  { mac: "02:00:00:00:0a:02", vlan: 7, basis: 0, bucket: 120 },
  { mac: "02:00:00:00:0a:02", vlan: 4095, basis: 0, bucket: 185 },
  { mac: "02:00:00:00:0a:02", vlan: 7, basis: 99, bucket: 243 },
  { mac: "00:00:00:00:00:00", vlan: 0, basis: 0, bucket: 252 },
  { mac: "00:00:00:00:00:00", vlan: 7, basis: 0, bucket: 158 },
  { mac: "00:00:00:00:00:00", vlan: 4095, basis: 0, bucket: 214 },
  { mac: "00:00:00:00:00:00", vlan: 7, basis: 99, bucket: 43 },
  { mac: "ff:ff:ff:ff:ff:fe", vlan: 0, basis: 0, bucket: 123 },
  { mac: "ff:ff:ff:ff:ff:fe", vlan: 7, basis: 0, bucket: 111 },
  { mac: "ff:ff:ff:ff:ff:fe", vlan: 4095, basis: 0, bucket: 238 },
  { mac: "ff:ff:ff:ff:ff:fe", vlan: 7, basis: 99, bucket: 125 },
  { mac: "52:54:00:12:34:56", vlan: 0, basis: 0, bucket: 11 },
  { mac: "52:54:00:12:34:56", vlan: 7, basis: 0, bucket: 48 },
  { mac: "52:54:00:12:34:56", vlan: 4095, basis: 0, bucket: 12 },
  { mac: "52:54:00:12:34:56", vlan: 7, basis: 99, bucket: 210 },
  { mac: "00:16:3e:5e:6c:00", vlan: 0, basis: 0, bucket: 53 },
  { mac: "00:16:3e:5e:6c:00", vlan: 7, basis: 0, bucket: 225 },
  { mac: "00:16:3e:5e:6c:00", vlan: 4095, basis: 0, bucket: 193 },
  { mac: "00:16:3e:5e:6c:00", vlan: 7, basis: 99, bucket: 27 },
  { mac: "78:9b:34:ca:f5:4f", vlan: 738, basis: 0, bucket: 2 },
  { mac: "cd:94:1e:71:b8:8d", vlan: 1414, basis: 456053774, bucket: 74 },
  { mac: "6d:0d:85:8b:63:54", vlan: 2538, basis: 5, bucket: 156 },
  { mac: "be:2c:ac:c6:7f:5b", vlan: 2026, basis: 2034044485, bucket: 19 },
  { mac: "2d:99:03:95:9f:63", vlan: 3391, basis: 5, bucket: 27 },
  { mac: "93:dc:e7:52:77:9c", vlan: 2127, basis: 0, bucket: 153 },
  { mac: "17:ec:8f:f1:af:4a", vlan: 1602, basis: 285351070, bucket: 36 },
  { mac: "67:e1:8d:5e:b6:df", vlan: 2626, basis: 853462379, bucket: 92 },
];
