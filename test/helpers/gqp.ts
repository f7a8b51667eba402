/** Frames between queue pairs on a test bed: tunnels of both forms, CRC tables, and the kernels around them. */
import fc from "fast-check";
import * as layout from "../../assembly/layout.js";
import { encodeInfinibandTunnel, encodeRoceTunnel } from "../../src/gqp/tunnel.js";
import type { Outer } from "../model/encapsulation.js";
import type { GqpOuter, InfinibandOuter, Numbers, Opened, RoceOuter } from "../model/gqp.js";
import { type Bed, UNTOUCHED } from "./bed.js";
import { macText } from "./bytes.js";
import { addressText, OUTER_V4, OUTER_V6 } from "./tunnels.js";

export const ROCE_V4: RoceOuter = roce(OUTER_V4);
export const ROCE_V6: RoceOuter = roce(OUTER_V6);
export const INFINIBAND: InfinibandOuter = { form: "infiniband", vni: 4242, slid: 0x17, dlid: 0xbffe, sl: 5, vl: 3 };
export const NUMBERS: Numbers = { destQpn: 0x123456, sourceQpn: 0xabcdef, psn: 0xfffffe };

/** Both forms, RoCEv2 over both versions of IP and behind a VLAN tag. */
export const FORMS: readonly (readonly [name: string, outer: GqpOuter])[] = [
  ["RoCEv2 over IPv4", ROCE_V4],
  ["RoCEv2 over IPv6", ROCE_V6],
  ["RoCEv2 over IPv4 in a VLAN", { ...ROCE_V4, vlan: 77 }],
  ["RoCEv2 over IPv6 in a VLAN", { ...ROCE_V6, vlan: 4094 }],
  ["InfiniBand", INFINIBAND],
];

/** The same ends, between queue pairs. */
function roce({ vni, local, remote, sourceMac, nextHopMac, ttl = 64, sourcePorts = [49152, 65535] }: Outer): RoceOuter {
  const ends = { vni, local, remote, sourceMac, nextHopMac, ttl, sourcePorts };
  return { form: "rocev2", tos: 0, tosKeep: 3, udpChecksum: "zero", ...ends };
}

const bytes = (length: number) => fc.array(fc.nat(255), { minLength: length, maxLength: length });
const number24 = fc.nat(0xffffff);

const anyRoce: fc.Arbitrary<GqpOuter> = fc.constantFrom(4, 16).chain((size) =>
  fc.record({
    form: fc.constant("rocev2" as const),
    vni: number24,
    local: bytes(size),
    remote: bytes(size),
    sourceMac: bytes(6),
    nextHopMac: bytes(6),
    vlan: fc.option(fc.integer({ min: 1, max: 4094 }), { nil: undefined }),
    ttl: fc.integer({ min: 1, max: 255 }),
    tos: fc.nat(255),
    tosKeep: fc.constantFrom(0, 3, 0xff, 0xfc),
    udpChecksum: fc.constantFrom("zero" as const, "full" as const),
    sourcePorts: fc.constantFrom<[number, number][]>([49152, 65535], [1, 65535], [50000, 50000]),
  }),
);
const anyInfiniband: fc.Arbitrary<GqpOuter> = fc.record({
  form: fc.constant("infiniband" as const),
  vni: number24,
  slid: fc.integer({ min: 1, max: 0xbfff }),
  dlid: fc.integer({ min: 1, max: 0xbfff }),
  sl: fc.nat(15),
  vl: fc.nat(14),
});

export const anyGqpOuter = fc.oneof({ weight: 3, arbitrary: anyRoce }, { weight: 2, arbitrary: anyInfiniband });
export const anyNumbers: fc.Arbitrary<Numbers> = fc.record({
  destQpn: number24.filter((qpn) => qpn !== 0xfffffe),
  sourceQpn: number24,
  psn: number24,
});

export function recordOf(outer: GqpOuter): Uint8Array {
  if (outer.form === "infiniband") return encodeInfinibandTunnel(outer).record;
  const { local, remote, sourceMac, nextHopMac, form: _, ...rest } = outer;
  return encodeRoceTunnel({
    ...rest,
    local: addressText(local),
    remote: addressText(remote),
    sourceMac: macText(sourceMac),
    nextHopMac: macText(nextHopMac),
  }).record;
}

/** What the kernels need beside a bed. */
export class GqpBed {
  readonly bed: Bed;
  readonly tunnel: number;
  readonly crc32: number;
  readonly crc16: number;
  readonly founds: number;

  /** Takes about 60 KiB of the bed's arena. */
  constructor(bed: Bed) {
    const { arena, kernels } = bed;
    this.bed = bed;
    this.tunnel = arena.take(layout.TUNNEL_BYTES);
    this.crc32 = arena.take(layout.CRC_TABLE_BYTES);
    this.crc16 = arena.take(layout.CRC_TABLE_BYTES);
    this.founds = arena.take(layout.BURST_MAX * layout.GQP_BYTES);
    kernels.crcInit(this.crc32, layout.CRC_POLYNOMIAL_32);
    kernels.crcInit(this.crc16, layout.CRC_POLYNOMIAL_16);
  }

  setTunnel(outer: GqpOuter): void {
    this.bed.arena.u8.set(recordOf(outer), this.tunnel);
  }

  /** Encapsulates mbufs by the tunnel that was set; returns the next PSN. */
  encap(mbufs: readonly number[], { destQpn, sourceQpn, psn }: Numbers): number {
    const { kernels } = this.bed;
    const list = this.bed.listOf(...mbufs);
    const { tunnel, crc32, crc16 } = this;
    return kernels.gqpEncapBurst(list, mbufs.length, tunnel, destQpn, sourceQpn, psn, crc32, crc16, this.bed.bufBytes);
  }

  decap(mbufs: readonly number[], form: GqpOuter["form"], vni = -1): void {
    const kind = form === "rocev2" ? layout.ENCAP_ROCEV2 : layout.ENCAP_INFINIBAND;
    const list = this.bed.listOf(...mbufs);
    this.bed.view(this.founds, mbufs.length * layout.GQP_BYTES).fill(UNTOUCHED);
    this.bed.kernels.gqpDecapBurst(list, mbufs.length, kind, vni, this.founds, this.crc32, this.crc16);
  }

  /** What opening the i-th packet of a burst found. */
  found(i = 0): Omit<Opened, "bytes"> {
    const at = this.founds + i * layout.GQP_BYTES;
    return {
      destQpn: this.bed.u32(at + layout.GQP_DEST_QPN),
      sourceQpn: this.bed.u32(at + layout.GQP_SOURCE_QPN),
      psn: this.bed.u32(at + layout.GQP_PSN),
      qkey: this.bed.u32(at + layout.GQP_QKEY),
      isControl: this.bed.u32(at + layout.GQP_CARRIES) === layout.CARRIES_CONTROL,
      offset: this.bed.u32(at + layout.GQP_OFFSET),
      length: this.bed.u32(at + layout.GQP_LENGTH),
    };
  }

  /** Whether the i-th record has been written to. */
  isFound(i = 0): boolean {
    return this.bed.view(this.founds + i * layout.GQP_BYTES, layout.GQP_BYTES - 4).some((byte) => byte !== UNTOUCHED);
  }
}
