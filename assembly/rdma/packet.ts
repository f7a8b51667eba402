// Making a packet: an mbuf for all from the BTH to the ICRC, headers and payload written by the caller, then the path's headers in
// front, the ICRC behind, and onto the endpoint's port. What is sent is a copy: the buffer goes back when the device has read it.
import { store16be, store32be } from "../be";
import { fold32 } from "../checksum";
import { Copy } from "../copy";
import { icrcIp } from "../crc/icrc";
import { queueFree } from "../dma/queue";
import { RDMA_COUNT_BUSY, RDMA_COUNT_SENT, RDMA_PATH_TEMPLATE } from "../layout";
import { Charge } from "../mbuf/ledger";
import { Mbuf, prepend } from "../mbuf/mbuf";
import { alloc, free, Pool } from "../mbuf/pool";
import { Port } from "../path/port";
import { announce, Single } from "../path/single";
import { BTH_BYTES, ICRC_BYTES } from "../wire/ib";
import { IPV4_CHECKSUM, IPV4_TOTAL_LENGTH } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_PAYLOAD_LENGTH } from "../wire/ipv6";
import { UDP_BYTES, UDP_LENGTH } from "../wire/transport";
import { Endpoint, tally } from "./endpoint";
import { Path } from "./path";

/** BTH flags: solicited event. */
export const BTH_SOLICITED: u32 = 0x80;
/** The bit above the PSN: an acknowledgement is asked for. */
export const BTH_ACK_REQUEST: u32 = 0x80000000;
/** The default partition, as a full member of it. */
const PARTITION: u32 = 0xffff;

/** An mbuf with a BTH, headers of headerBytes, payload of len bytes, pad and ICRC to be written; 0 when it must wait. */
export function begin(endpoint: usize, headerBytes: u32, len: u32): usize {
  const e = changetype<Endpoint>(endpoint);
  if (e.budget == 0) return 0;
  const port = changetype<Port>(e.port as usize);
  if (queueFree(port.txQueue as usize) == 0) return busy(endpoint);
  const pool = changetype<Pool>(e.pool as usize);
  const bytes = BTH_BYTES + headerBytes + ((len + 3) & ~3) + ICRC_BYTES;
  if (pool.bufBytes - pool.headroom < bytes) return busy(endpoint);
  const m = alloc(e.pool as usize);
  if (m == 0) return busy(endpoint);
  const mbuf = changetype<Mbuf>(m);
  mbuf.len = bytes;
  mbuf.pktLen = bytes;
  mbuf.wireLen = bytes;
  // What is sent is the port's owner's, as what arrives is. Nothing is lost at its limit: the packet waits, as for an mbuf.
  if (port.owner != 0 && !Charge.chain(pool.ledger as usize, port.owner as usize, m)) {
    free(e.pool as usize, m);
    return busy(endpoint);
  }
  e.budget -= 1;
  return m;
}

function busy(endpoint: usize): usize {
  tally(endpoint, RDMA_COUNT_BUSY, 1);
  return 0;
}

/** Writes the BTH of a packet of len bytes of payload; flags and psn with the bits above. Returns what is behind it. */
export function writeBth(m: usize, op: u32, flags: u32, len: u32, destQpn: u32, psn: u32): usize {
  const bth = changetype<Mbuf>(m).data as usize;
  store<u8>(bth, op as u8);
  store<u8>(bth, (flags | (((0 - len) & 3) << 4)) as u8, 1);
  store16be(bth + 2, PARTITION);
  store32be(bth + 4, destQpn);
  store32be(bth + 8, psn);
  return bth + BTH_BYTES;
}

/** Headers in front, pad and ICRC behind a packet whose payload ends at end; posts it. */
export function finish(endpoint: usize, path: usize, m: usize, end: usize): void {
  const e = changetype<Endpoint>(endpoint);
  const p = changetype<Path>(path);
  const mbuf = changetype<Mbuf>(m);
  const icrc = ((mbuf.data + mbuf.len) as usize) - ICRC_BYTES;
  for (; end < icrc; end++) store<u8>(end, 0);
  const outer = prepend(m, p.headerLen);
  Copy.bytes(outer, path + RDMA_PATH_TEMPLATE, p.headerLen);
  const ip = outer + p.l3;
  const length = mbuf.len - p.l3;
  store16be(outer + p.headerLen - UDP_BYTES + UDP_LENGTH, mbuf.len - p.headerLen + UDP_BYTES);
  if (p.ipv6 != 0) {
    store16be(ip + IPV6_PAYLOAD_LENGTH, length - IPV6_BYTES);
  } else {
    store16be(ip + IPV4_TOTAL_LENGTH, length);
    const sum = p.ipSum + (bswap<u16>(length as u16) as u32);
    store<u16>(ip, (fold32(sum) ^ 0xffff) as u16, IPV4_CHECKSUM);
  }
  store<u32>(icrc, e.crc == 0 ? 0 : icrcIp(e.crc as usize, ip, length));
  Single.post(e.port as usize, m);
  e.sent += 1;
  tally(endpoint, RDMA_COUNT_SENT, 1);
}

/** Rings the port's doorbell, once for all that was sent since; returns how many. */
export function settleSent(endpoint: usize): u32 {
  const e = changetype<Endpoint>(endpoint);
  const sent = e.sent;
  if (sent != 0) announce(e.port as usize);
  e.sent = 0;
  return sent;
}
