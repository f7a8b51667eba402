/** Frames for fuzzing: real captures, handmade tunnel frames, and both mutated, from one seed. */
import { readFileSync } from "node:fs";
import { CaptureReader } from "../../src/capture/index.js";
import type { WireFrame } from "./arbitraries.js";
import { concat, counting } from "./bytes.js";
import * as f from "./frames.js";
import type { Random } from "./property.js";

const CAPTURES = ["web-mix", "small-messages", "bulk", "kernel-vxlan-underlay"];
/** Values that mean something in some header, or are the edge of a length. */
const TELLING = [
  0, 1, 4, 5, 6, 8, 14, 15, 17, 20, 40, 43, 44, 45, 51, 58, 60, 0x45, 0x60, 0x7f, 0x80, 0x81, 0x88, 0xff,
];

/** Every frame of the example captures. */
export async function capturedFrames(): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (const name of CAPTURES) {
    const file = new Uint8Array(readFileSync(new URL(`../../examples/captures/${name}.pcap`, import.meta.url)));
    for await (const packet of new CaptureReader(file)) frames.push(packet.data.slice());
  }
  return frames;
}

/** Tunnel frames between two given addresses, in every encapsulation, of networks some of which exist. */
export function tunnelFrames(vni: number, src: readonly number[], dst: readonly number[]): Uint8Array[] {
  const inner = [
    f.ethernet(f.ipv4(f.tcp(counting(40)))),
    f.ethernet(f.ipv6(f.udp(counting(7)), { trafficClass: 2 })),
    f.ethernet(f.ipv4(f.udp(counting(9)), { tos: 0xb9 }), { tags: [{ tci: 5 }] }),
    f.ethernet(f.arp()),
    f.ethernet(f.ipv4(f.vxlan(5, f.ethernet(f.arp())))),
    counting(13),
    new Uint8Array(),
  ];
  return inner.flatMap((frame) =>
    [vni, vni + 1].flatMap((network) => {
      const layers = segments(network, frame).map((segment, i) => {
        const tos = i % 2 === 0 ? 0 : 1 + (frame.length % 3);
        return src.length === 4 ? f.ipv4(segment, { src, dst, tos }) : f.ipv6(segment, { src, dst, trafficClass: tos });
      });
      return layers.flatMap((layer) => [f.ethernet(layer), f.ethernet(layer, { tags: [{ tci: 3 }] })]);
    }),
  );
}

/** A frame in each encapsulation, with a UDP checksum and without one. */
function segments(vni: number, frame: Uint8Array): f.Layer4[] {
  const options = concat(f.geneveOption(0x0102, 1, [1, 2, 3, 4]), f.geneveOption(0xffff, 0x7f, []));
  const inUdp = ["zero" as const, undefined].flatMap((checksum) => {
    const o = checksum ? { checksum } : {};
    return [
      f.vxlan(vni, frame, o),
      f.geneve(vni, frame, { ...o, options }),
      f.geneve(vni, frame, o),
      f.gpe(vni, frame, o),
    ];
  });
  return [...inUdp, f.nvgre(vni, frame), f.nvgre(vni, frame, { flow: 0 })];
}

/** The next frame of a fuzz run: as it is, mutated, cut by a snaplen, or noise. */
export function fuzzed(random: Random, corpus: readonly Uint8Array[]): WireFrame {
  const kind = random.below(10);
  if (kind === 0) {
    const data = random.bytes(random.below(200));
    return { data, wire: data.length };
  }
  let data = random.pick(corpus);
  if (kind >= 3) for (let n = random.between(1, 4); n > 0; n--) data = mutated(random, data, corpus);
  if (kind < 8) return { data, wire: data.length };
  const snapLength = random.below(Math.min(data.length, 160) + 1);
  return { data: data.subarray(0, snapLength), wire: data.length };
}

function mutated(random: Random, data: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  if (data.length === 0) return random.bytes(1);
  // Headers are where it hurts; now and then anywhere.
  const at = random.below(random.below(8) === 0 ? data.length : Math.min(data.length, 90));
  const copy = data.slice();
  switch (random.below(6)) {
    case 0:
      copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
    case 1:
      copy[at] = random.pick(TELLING);
      return copy;
    case 2:
      return data.subarray(0, at);
    case 3:
      return concat(data, random.bytes(random.between(1, 60)));
    case 4:
      return concat(data.subarray(0, at), data.subarray(Math.min(data.length, at + random.between(1, 20))));
    default: {
      const other = random.pick(corpus);
      return concat(data.subarray(0, at), other.subarray(Math.min(at, other.length)));
    }
  }
}
