/** What commander has read of encap's options: all that any form has. */
import type { GeneveOption } from "../../overlay/geneve-options.js";

export interface EncapOptions {
  /** Given in every form. */
  readonly vni: number;
  readonly json?: boolean;
  readonly mtu?: number;
  /** Given over IP. */
  readonly src?: string;
  readonly dst?: string;
  readonly srcMac?: string;
  readonly dstMac?: string;
  readonly vlan?: number;
  readonly ttl?: number;
  readonly dscp?: "uniform" | number;
  readonly ecn: boolean;
  readonly udpChecksum?: "zero" | "full";
  readonly innerVlan?: boolean;
  readonly option?: readonly GeneveOption[];
  /** Given between queue pairs. */
  readonly qpn?: number;
  readonly sourceQpn?: number;
  readonly psn: number;
  /** Given for InfiniBand. */
  readonly slid?: number;
  readonly dlid?: number;
  readonly sl?: number;
  readonly vl?: number;
}

/** The ends of a form over IP, as tunnels have them. */
export function endsOf({ vni, src = "", dst = "", srcMac, dstMac }: EncapOptions) {
  return { vni, local: src, remote: dst, sourceMac: srcMac, nextHopMac: dstMac };
}
