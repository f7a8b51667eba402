/**
 * The encapsulations of a tunnel, by name: how the data plane numbers them, the UDP port that IANA assigned (NVGRE has none: it lies
 * directly in IP), the networks that it can number, and the header that names the network.
 */
import { ENCAP_GENEVE, ENCAP_GPE, ENCAP_NVGRE, ENCAP_VXLAN } from "../../assembly/layout.js";
import { VNI_MAX } from "../directory/records.js";
import { encodeGeneveOptions, type GeneveOption, hasCritical } from "./geneve-options.js";

export type TunnelEncapsulation = "vxlan" | "geneve" | "vxlan-gpe" | "nvgre";

export interface Encapsulation {
  /** One of ENCAP_. */
  readonly kind: number;
  readonly udpPort: number | undefined;
  readonly vniMin: number;
  readonly vniMax: number;
  /** Whether a VLAN tag inside may be agreed on. */
  readonly takesInnerVlan: boolean;
  /** The header's bytes, in front of the inner frame. */
  readonly header: (vni: number, options: readonly GeneveOption[]) => number[];
}

/** Ethernet in a protocol type field: transparent Ethernet bridging. */
const TEB = [0x65, 0x58];

export const ENCAPSULATIONS: Readonly<Record<TunnelEncapsulation, Encapsulation>> = {
  /** RFC 7348 section 5. */
  vxlan: {
    ...{ kind: ENCAP_VXLAN, udpPort: 4789, vniMin: 0, vniMax: VNI_MAX, takesInnerVlan: true },
    header: (vni) => [0x08, 0, 0, 0, ...u24(vni), 0],
  },
  /** RFC 8926 section 3.4. */
  geneve: {
    ...{ kind: ENCAP_GENEVE, udpPort: 6081, vniMin: 0, vniMax: VNI_MAX, takesInnerVlan: true },
    header: (vni, options) => {
      const bytes = encodeGeneveOptions(options);
      return [bytes.length / 4, hasCritical(options) ? 0x40 : 0, ...TEB, ...u24(vni), 0, ...bytes];
    },
  },
  /** draft-ietf-nvo3-vxlan-gpe-13 section 3: flags I and P, next protocol 3 is Ethernet. */
  "vxlan-gpe": {
    ...{ kind: ENCAP_GPE, udpPort: 4790, vniMin: 0, vniMax: VNI_MAX, takesInnerVlan: true },
    header: (vni) => [0x0c, 0, 0, 3, ...u24(vni), 0],
  },
  /** RFC 7637 sections 3.2 and 3.3: the lowest 4096 numbers and the highest are reserved, and a tag inside is forbidden. */
  nvgre: {
    ...{ kind: ENCAP_NVGRE, udpPort: undefined, vniMin: 0x1000, vniMax: VNI_MAX - 1, takesInnerVlan: false },
    header: (vni) => [0x20, 0, ...TEB, ...u24(vni), 0],
  },
};

export const ENCAPSULATION_NAMES = Object.keys(ENCAPSULATIONS) as TunnelEncapsulation[];

/** The name of a kind that the data plane has found. */
export function encapsulationName(kind: number): TunnelEncapsulation {
  const name = ENCAPSULATION_NAMES.find((known) => ENCAPSULATIONS[known].kind === kind);
  if (name === undefined) throw new Error(`encapsulation ${kind} has no name`);
  return name;
}

function u24(value: number): number[] {
  return [value >> 16, (value >> 8) & 0xff, value & 0xff];
}
