/** Frames between queue pairs on a test bed: tunnels of both forms, CRC tables, and the kernels around them. */
import fc from "fast-check";
import * as layout from "../../assembly/layout.js";
import { encodeInfinibandTunnel, encodeRoceTunnel } from "../../src/gqp/tunnel.js";
import type { GqpOuter, InfinibandOuter, Numbers, Opened, RoceOuter } from "../model/gqp.js";
import { type Bed, UNTOUCHED } from "./bed.js";
import { anyOuterOf, OUTER_V4, OUTER_V6, optionsOf } from "./tunnels.js";

export const ROCE_V4: RoceOuter = { ...OUTER_V4, form: "rocev2" };
export const ROCE_V6: RoceOuter = { ...OUTER_V6, form: "rocev2", udpChecksum: "zero" };
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

const number24 = fc.nat(0xffffff);
/** Most frames fit. */
const anyMtu = fc.constantFrom(undefined, undefined, 1500, 350);

const anyRoce: fc.Arbitrary<GqpOuter> = anyOuterOf("vxlan").map(({ encapsulation: _, ...outer }) => ({
  ...outer,
  form: "rocev2",
}));
const anyInfiniband: fc.Arbitrary<GqpOuter> = fc.record({
  form: fc.constant("infiniband" as const),
  vni: number24,
  slid: fc.integer({ min: 1, max: 0xbfff }),
  dlid: fc.integer({ min: 1, max: 0xbfff }),
  sl: fc.nat(15),
  vl: fc.nat(14),
  innerVlan: fc.boolean(),
  mtuBytes: anyMtu,
});

export const anyGqpOuter = fc.oneof({ weight: 3, arbitrary: anyRoce }, { weight: 2, arbitrary: anyInfiniband });
export const anyNumbers: fc.Arbitrary<Numbers> = fc.record({
  destQpn: number24.filter((qpn) => qpn !== 0xfffffe),
  sourceQpn: number24,
  psn: number24,
});

export function recordOf(outer: GqpOuter): Uint8Array {
  if (outer.form === "infiniband") return encodeInfinibandTunnel(outer).record;
  return encodeRoceTunnel(optionsOf(outer)).record;
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
