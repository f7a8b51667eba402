// The receive loop: packets from the port's ring to their queue pairs, then what those owe for it: one acknowledgement for a burst's
// worth of packets, and one doorbell.
import { ringDequeueBurst } from "../dma/ring";
import {
  BURST_MAX,
  DROP_RDMA_NO_QP,
  DROP_RDMA_OPCODE,
  DROP_RDMA_PEER,
  DROP_RDMA_QP_STATE,
  OK,
  QP_F_TOUCHED,
  QP_UD,
  RDMA_COUNT_RECEIVED,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { freeBurst } from "../mbuf/pool";
import { drop, Port } from "../path/port";
import { BTH_BYTES, bthDestQpn, bthOpcode, bthPad, bthPsn, ICRC_BYTES } from "../wire/ib";
import { opIsKnown, opIsResponse } from "../wire/rc";
import { UDP_BYTES, udpLength } from "../wire/transport";
import { takeDatagram } from "./datagram";
import { activate, Endpoint, findQp, tally } from "./endpoint";
import { headerBytesOf, openPacket } from "./open";
import { settleSent } from "./packet";
import { isFrom } from "./path";
import { isRequesting, isResponding, Qp } from "./qp";
import { sendDue } from "./reply";
import { respond } from "./respond";
import { settle } from "./settle";

/** Types of service: the opcode's upper three bits. */
const SERVICE_RC: u32 = 0;
const SERVICE_UD: u32 = 3;

/** Takes at most n packets (BURST_MAX at most) that arrived; returns how many. */
export function rdmaReceiveBurst(endpoint: usize, n: u32): u32 {
  const e = changetype<Endpoint>(endpoint);
  const port = e.port as usize;
  const list = e.list as usize;
  const took = ringDequeueBurst(changetype<Port>(port).rxRing as usize, list, min<u32>(n, BURST_MAX));
  let kept: u32 = 0;
  for (let i: u32 = 0; i < took; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    const cause = take(endpoint, m);
    if (cause != OK) {
      drop(port, m, cause);
      continue;
    }
    store<u32>(list + ((kept as usize) << 2), m as u32);
    kept++;
  }
  freeBurst(e.pool as usize, list, kept);
  tally(endpoint, RDMA_COUNT_RECEIVED, kept);
  answer(endpoint);
  return took;
}

/** The queue pairs that the burst touched send what they owe; what finds no room waits for rdmaSendBurst. */
function answer(endpoint: usize): void {
  const e = changetype<Endpoint>(endpoint);
  e.budget = BURST_MAX;
  for (let i: u32 = 0; i < e.touchedCount; i++) {
    const qp = load<u32>((e.touched as usize) + ((i as usize) << 2)) as usize;
    changetype<Qp>(qp).flags &= ~QP_F_TOUCHED;
    if (!sendDue(endpoint, qp)) activate(endpoint, qp);
  }
  e.touchedCount = 0;
  settleSent(endpoint);
}

function take(endpoint: usize, m: usize): u32 {
  const e = changetype<Endpoint>(endpoint);
  const cause = openPacket(e.pool as usize, e.crc as usize, m);
  if (cause != OK) return cause;
  const mbuf = changetype<Mbuf>(m);
  const bth = (mbuf.data + mbuf.payload) as usize;
  const op = bthOpcode(bth);
  const qp = findQp(endpoint, bthDestQpn(bth));
  if (qp == 0) return DROP_RDMA_NO_QP;
  const q = changetype<Qp>(qp);
  const isDatagram = q.type == QP_UD;
  if (op >> 5 != (isDatagram ? SERVICE_UD : SERVICE_RC)) return DROP_RDMA_OPCODE;
  const headers = headerBytesOf(op);
  const payload = bth + BTH_BYTES + headers;
  const len = udpLength(bth - UDP_BYTES) - UDP_BYTES - BTH_BYTES - headers - ICRC_BYTES - bthPad(bth);
  if (isDatagram) {
    // Others of the service carry no payload that anybody here could take.
    if (headers == 0) return DROP_RDMA_OPCODE;
    if (!isResponding(q)) return DROP_RDMA_QP_STATE;
    return takeDatagram(endpoint, qp, m, op, bth, payload, len);
  }
  const isResponse = opIsKnown(op) && opIsResponse(op);
  if (!(isResponse ? isRequesting(q) : isResponding(q))) return DROP_RDMA_QP_STATE;
  if (!isFrom(q.path as usize, m)) return DROP_RDMA_PEER;
  if (isResponse) settle(endpoint, qp, op, bthPsn(bth), bth, payload, len);
  else respond(endpoint, qp, op, bthPsn(bth), bth, payload, len);
  return OK;
}
