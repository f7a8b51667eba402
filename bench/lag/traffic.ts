/** Mixed traffic of partitions for measurements of link aggregation: the same frames in every run. */
import { flowFrame } from "../../src/lag/flow.js";
import { macText } from "../../src/overlay/address.js";
import { randomU32 } from "../workload.js";

/** The partitions of every measurement: what sets there can be side by side on the same four ports. */
export const PARTITIONS = [
  { name: "web", mac: 0x0a, vlan: 0, members: [0, 1] },
  { name: "db", mac: 0x0b, vlan: 0, standalone: 2 },
  { name: "app", mac: 0x0c, vlan: 0, members: [1, 2, 3] },
  { name: "batch", mac: 0x0d, vlan: 20, members: [0], backup: [3] },
] as const;
export const PORTS = 4;

/** MAC addresses of partitions, and of those that they talk to, end in a number of 16 bits that tells them apart. */
export function macOf(number: number): string {
  return macText([0x02, 0, 0, 0, number >> 8, number & 0xff]);
}

const PEER = 0x99;
const ETHERTYPE_AT = 12;

type Partition = (typeof PARTITIONS)[number];

/** count frames from a partition: UDP over IPv4, each a flow of its own. */
export function flowFrames(partition: Partition, count: number): Uint8Array[] {
  const random = randomU32(partition.mac);
  return Array.from({ length: count }, () =>
    randomFrame(random, partition, { isTowards: false, isIpv6: false, protocol: "udp" }),
  );
}

/**
 * count frames from a partition, or towards it: IPv4 and IPv6, TCP, UDP and others, fragments, and no IP at all, each as likely as
 * another, of any flow.
 */
export function mixedFrames(partition: Partition, isTowards: boolean, count: number): Uint8Array[] {
  const random = randomU32(partition.mac + (isTowards ? 100 : 0));
  return Array.from({ length: count }, () => {
    const kind = random() % 10;
    const protocol = kind % 3 === 0 ? "tcp" : kind % 3 === 1 ? "udp" : ESP;
    const frame = randomFrame(random, partition, { isTowards, isIpv6: kind >= 7, protocol });
    const type = ETHERTYPE_AT + (partition.vlan === 0 ? 0 : 4);
    if (kind === 6) frame[type + 2 + 6] = 0x20; // IPv4: more fragments follow
    if (kind === 0) frame.set([0x88, 0xb5], type); // local experimental EtherType: no IP
    return frame;
  });
}

const ESP = 50;

interface Kind {
  readonly isTowards: boolean;
  readonly isIpv6: boolean;
  readonly protocol: "udp" | "tcp" | number;
}

function randomFrame(
  random: () => number,
  { mac, vlan }: Partition,
  { isTowards, isIpv6, protocol }: Kind,
): Uint8Array {
  const word = () => (random() & 0xffff).toString(16);
  const byte = () => random() & 0xff;
  const address = () => (isIpv6 ? `2001:db8::${word()}:${word()}` : `10.${byte()}.${byte()}.${byte()}`);
  const [here, there] = [macOf(mac), macOf(PEER)];
  return flowFrame({
    source: address(),
    destination: address(),
    protocol,
    vlan,
    sourcePort: random() & 0xffff,
    destinationPort: random() & 0xffff,
    sourceMac: isTowards ? there : here,
    destinationMac: isTowards ? here : there,
  });
}
