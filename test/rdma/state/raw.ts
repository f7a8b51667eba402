/** What of a queue pair's record a section does not say in so many words: how far its requests are, by queue and by PSN. */
import * as layout from "../../../assembly/layout.js";
import type { RdmaDevice } from "../../../src/rdma/verbs/index.js";

export function progressOf(device: RdmaDevice) {
  const { u32 } = device.endpoint.owner.arena;
  return device.queuePairs.map((qp) => {
    const word = (field: number) => u32[(qp.ptr + field) >> 2] as number;
    const done = word(layout.QP_SQ_DONE);
    const requests = Array.from({ length: qp.sendsOpen }, (_, i) => {
      const at = qp.memory.sq + ((done + i) & word(layout.QP_SQ_MASK)) * layout.SEND_WQE_BYTES;
      const packets = u32[(at + layout.SEND_WQE_PACKETS) >> 2] as number;
      return packets === 0 ? [] : [packets, u32[(at + layout.SEND_WQE_FIRST_PSN) >> 2]];
    });
    return {
      qpn: qp.qpn,
      sent: word(layout.QP_SQ_SENT) - done,
      sentPackets: word(layout.QP_SQ_PACKETS),
      reads: qp.state === "error" ? 0 : word(layout.QP_READS),
      requests,
    };
  });
}
