/**
 * How far a queue pair's requests are. Four PSNs say it all, since each request takes as many PSNs as it has packets, one behind another:
 *
 *   request 0            request 1          request 2
 *   │ ...              │ ...              │ ...            never sent
 *   oldest   acked          next     fresh
 *
 * acked lies in request 0: what is answered as a whole has left the queue.
 */
import { QP_UD, WR_RDMA_READ } from "../../../../assembly/layout.js";
import { demand } from "../../../migrate/state/refusal.js";
import type { QpImage } from "./image.js";

export interface Requester {
  /** For each request that was ever sent, from the oldest. */
  readonly begun: readonly { readonly firstPsn: number; readonly packets: number }[];
  /** The request that sends next, and how many of its PSNs have gone out. */
  readonly sent: number;
  readonly sentPackets: number;
  /** READs and atomics without their answer. */
  readonly reads: number;
}

/** Half of the space of PSNs. */
const SPAN_MAX = 0x7fffff;

/** Packets of a message of that many bytes: one of none, too. */
export function packetsOf(length: number, mtu: number): number {
  return Math.max(1, Math.ceil(length / mtu));
}

/** Refuses PSNs that do not belong to the requests. */
export function requesterOf(qp: QpImage, path: string): Requester {
  const { sends, oldestPsn, mtu } = qp;
  const span = (psn: number) => (psn - oldestPsn) & 0xffffff;
  const [acked, next, fresh] = [span(qp.ackedPsn), span(qp.nextPsn), span(qp.freshPsn)];
  demand(acked <= next, `${path}.ackedPsn`, qp.ackedPsn, `from ${oldestPsn} to nextPsn, ${qp.nextPsn}`);
  demand(next <= fresh, `${path}.nextPsn`, qp.nextPsn, `from ackedPsn to freshPsn, ${qp.freshPsn}`);
  demand(fresh <= SPAN_MAX, `${path}.freshPsn`, qp.freshPsn, `at most ${SPAN_MAX} from ${oldestPsn}`);
  const begun: { firstPsn: number; packets: number }[] = [];
  let end = 0;
  if (qp.type !== QP_UD) {
    for (const { length } of sends) {
      if (end >= fresh) break;
      const packets = packetsOf(length, mtu);
      begun.push({ firstPsn: (oldestPsn + end) & 0xffffff, packets });
      end += packets;
    }
  }
  demand(
    fresh <= end,
    `${path}.freshPsn`,
    qp.freshPsn,
    `within the requests, which end at ${(oldestPsn + end) & 0xffffff}`,
  );
  demand(acked < (begun[0]?.packets ?? 1), `${path}.ackedPsn`, qp.ackedPsn, "within the oldest request");
  const fetches = sends.map(({ opcode }) => opcode >= WR_RDMA_READ);
  demand(fresh === end || !fetches[begun.length - 1], `${path}.freshPsn`, qp.freshPsn, "not inside of a READ");
  let sent = 0;
  let first = 0;
  for (; sent < begun.length; sent++) {
    const { packets } = begun[sent] as { packets: number };
    if (next - first < packets) break;
    first += packets;
  }
  const sentPackets = sent < begun.length ? next - first : 0;
  demand(sentPackets === 0 || !fetches[sent] || next === acked, `${path}.nextPsn`, qp.nextPsn, "not inside of a READ");
  const open = fetches.slice(0, sentPackets === 0 ? sent : sent + 1);
  return { begun, sent, sentPackets, reads: open.filter((isFetch) => isFetch).length };
}
