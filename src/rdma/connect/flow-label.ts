/**
 * A connection's UDP source port, by which networks spread connections over paths. Both ends make it of the flow label in the REQ, as
 * Linux does (rdma_flow_label_to_udp_sport in include/rdma/ib_verbs.h): the label's two parts folded, in the range of dynamic ports.
 */
const LOW_BITS = 14;
/** The first of them (IANA): the ones behind it differ in their low 14 bits. */
export const DYNAMIC_PORTS = 0xc000;

/** flowLabel has 20 bits. The port is 49152 to 65535. */
export function flowLabelPort(flowLabel: number): number {
  return DYNAMIC_PORTS | ((flowLabel & 0x3fff) ^ (flowLabel >> LOW_BITS));
}
