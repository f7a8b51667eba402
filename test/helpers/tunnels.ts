/** Tunnels for tests: one description for the twin, the same as an engine's options, and as a record on a test bed. */
import fc from "fast-check";
import { TUNNEL_BYTES } from "../../assembly/layout.js";
import { encodeTunnel, type TunnelOptions } from "../../src/overlay/tunnel.js";
import type { Form, Outer } from "../model/encapsulation.js";
import type { Bed } from "./bed.js";
import { macText } from "./bytes.js";

export const OUTER_V4: Outer = {
  vni: 4242,
  local: [192, 0, 2, 1],
  remote: [198, 51, 100, 2],
  sourceMac: [0x02, 0x11, 0x22, 0x33, 0x44, 0x55],
  nextHopMac: [0x02, 0x66, 0x77, 0x88, 0x99, 0xaa],
  ttl: 64,
  udpChecksum: "zero",
  sourcePorts: [49152, 65535],
};

export const OUTER_V6: Outer = {
  ...OUTER_V4,
  local: [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd],
  remote: [0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0xef, 0x01],
  udpChecksum: "full",
};

const bytes = (length: number) => fc.array(fc.nat(255), { minLength: length, maxLength: length });
const ports = fc
  .tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }))
  .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);

/** Options of at most 120 bytes together. */
const geneveOptions = fc.array(
  fc.record({
    class: fc.nat(0xffff),
    type: fc.nat(127),
    critical: fc.boolean(),
    data: fc.nat(6).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
  }),
  { maxLength: 4 },
);

/** What all encapsulations have. */
const common = fc.constantFrom(4, 16).chain((size) =>
  fc.record({
    vni: fc.integer({ min: 0x1000, max: 0xfffffe }),
    local: bytes(size),
    remote: bytes(size),
    sourceMac: bytes(6),
    nextHopMac: bytes(6),
    vlan: fc.option(fc.integer({ min: 1, max: 4094 }), { nil: undefined }),
    ttl: fc.integer({ min: 1, max: 255 }),
    dscp: fc.oneof(fc.constantFrom(0, "uniform" as const), fc.nat(63)),
    ecn: fc.constantFrom(true, true, false),
    mtuBytes: fc.constantFrom(undefined, undefined, 1500, 350),
  }),
);
const overUdp = fc.record({
  udpChecksum: fc.constantFrom("zero" as const, "full" as const),
  sourcePorts: fc.oneof(fc.constant<[number, number]>([49152, 65535]), ports),
  innerVlan: fc.boolean(),
});

export function anyOuterOf(encapsulation: Form): fc.Arbitrary<Outer> {
  if (encapsulation === "nvgre") return common.map((outer) => ({ ...outer, encapsulation }));
  const options = encapsulation === "geneve" ? geneveOptions : fc.constant(undefined);
  return fc
    .tuple(common, overUdp, options)
    .map(([outer, udp, geneveOptions]) => ({ ...outer, ...udp, encapsulation, geneveOptions }));
}

export const FORMS = ["vxlan", "geneve", "vxlan-gpe", "nvgre"] as const;
export const anyOuter: fc.Arbitrary<Outer> = fc.oneof(...FORMS.map(anyOuterOf));

export function optionsOf(outer: Outer): TunnelOptions {
  const { local, remote, sourceMac, nextHopMac, ...rest } = outer;
  return {
    ...rest,
    local: addressText(local),
    remote: addressText(remote),
    sourceMac: macText(sourceMac),
    nextHopMac: macText(nextHopMac),
  };
}

/** The tunnel's record at an address of the bed's arena. */
export function writeTunnel(bed: Bed, outer: Outer, at = bed.arena.take(TUNNEL_BYTES)): number {
  bed.arena.u8.set(encodeTunnel(optionsOf(outer)).record, at);
  return at;
}

export function addressText(address: readonly number[]): string {
  if (address.length === 4) return address.join(".");
  return Array.from({ length: 8 }, (_, i) => pair(address, i).toString(16)).join(":");
}

function pair(address: readonly number[], i: number): number {
  return ((address[2 * i] as number) << 8) | (address[2 * i + 1] as number);
}
