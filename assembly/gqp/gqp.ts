// Global queue pairs: a VM's frame as an unreliable datagram between queue pairs, whose numbers belong to the VMs and stay with them
// wherever they run. Only the outer address (RoCEv2) or the local identifier (InfiniBand) is the host's. wire/ib.ts draws both forms.
import { encapDatagram } from "./encap";
import { openInfiniband, openRoce } from "./open";
import { stripDatagram } from "./strip";

export class Gqp {
  /**
   * Puts headers around a parsed frame, by a tunnel of kind ENCAP_ROCEV2 or ENCAP_INFINIBAND, and pad and CRCs behind it. destQpn,
   * sourceQpn and psn count by their low 24 bits. Returns OK, or the cause with the frame untouched: DROP_INNER_VLAN,
   * DROP_TOO_BIG, DROP_NO_HEADROOM, or DROP_NO_TAILROOM when the last segment's buffer, of bufBytes, has no room behind the data. A frame may
   * be a chain, and must have no second owner. What a capture cut gets its headers only: what is behind the cut is not here.
   */
  static encap(
    m: usize,
    tunnel: usize,
    destQpn: u32,
    sourceQpn: u32,
    psn: u32,
    crc32Table: usize,
    crc16Table: usize,
    bufBytes: u32,
  ): u32 {
    return encapDatagram(m, tunnel, destQpn, sourceQpn, psn, crc32Table, crc16Table, bufBytes);
  }

  /**
   * Opens a RoCEv2 datagram in a frame that parse accepted: checks headers, lengths, outer checksums and, where the packet is whole
   * here, the ICRC. OK fills in found (found.ts), and the mbuf's vni and payload, the offset of what is inside. Any cause leaves
   * both as they were. Whether the queue pair is here, and its sender permitted, is the caller's question.
   */
  static open(m: usize, found: usize, crc32Table: usize): u32 {
    return openRoce(m, found, crc32Table);
  }

  /** The same for a packet that begins with a local route header, and has a VCRC too. Parse has no part in it. */
  static openIb(m: usize, found: usize, crc32Table: usize, crc16Table: usize): u32 {
    return openInfiniband(m, found, crc32Table, crc16Table);
  }

  /** Takes headers, pad and CRCs off a packet that open or openIb has accepted. What is left is for parse to look at. */
  static strip(m: usize): void {
    stripDatagram(m);
  }
}
