// The hash of receive-side scaling over frames (Microsoft, "RSS hashing types", NDIS 6.0): the Toeplitz hash (toeplitz.ts) of the addresses,
// and of the ports behind them for whole TCP and UDP. All of a datagram must go one way, so fragments hash addresses only; so does
// all else that IP carries. What is no IP hashes to 0. In a plain frame the tuple is contiguous: addresses end the IP header and ports begin
// the transport's. One table serves every length, since the rows of a shorter tuple are the first of a longer one's.
import { HASH_F_ADDRESSES, HASH_F_INNER, TOEPLITZ_ROW_BYTES } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { PLAIN_L4, Plain } from "../path/plain";
import { ETHERNET_BYTES, ETHERTYPE_IPV4 } from "../wire/ethernet";
import { IPV4_SRC } from "../wire/ipv4";
import { IPV6_SRC } from "../wire/ipv6";
import { ports } from "../wire/transport";
import { HashConfig } from "./config";
import { findTransport, hasTransportPorts } from "./headers";
import { look } from "./inner";
import { NOT_PLAIN, PlainFlow } from "./plain";
import { Rows } from "./toeplitz";

const IPV4_ADDRESS_ROWS: u32 = 8 * TOEPLITZ_ROW_BYTES;
const IPV6_ADDRESS_ROWS: u32 = 32 * TOEPLITZ_ROW_BYTES;

/** The hashes of the plain IPv4 frames among n; true when others are left, as NOT_PLAIN. */
export function rssBurst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  const table = config.table as usize;
  const hasPorts = (config.flags & HASH_F_ADDRESSES) == 0;
  if ((config.flags & HASH_F_INNER) == 0) {
    return hasPorts ? Rss.plain(table, list, out, n, true, false) : Rss.plain(table, list, out, n, false, false);
  }
  return hasPorts ? Rss.plain(table, list, out, n, true, true) : Rss.plain(table, list, out, n, false, true);
}

/** A class because asc inlines on demand only decorated methods: a loop for each case, which then asks nothing. */
class Rss {
  @inline
  static plain(table: usize, list: usize, out: usize, n: u32, hasPorts: bool, isInner: bool): bool {
    const end = list + ((n as usize) << 2);
    const toOut = out - list;
    let isLeft = false;
    for (let at = list; at < end; at += 4) {
      const m = load<u32>(at) as usize;
      const data = changetype<Mbuf>(m).data as usize;
      if (
        Plain.differs(m) == 0 &&
        changetype<Mbuf>(m).payload != 0 &&
        !(isInner && PlainFlow.mayHoldFrame(ports(data + PLAIN_L4)))
      ) {
        const tuple = data + ETHERNET_BYTES + IPV4_SRC;
        store<u32>(at + toOut, hasPorts ? Rows.of12(table, tuple) : Rows.of8(table, tuple));
      } else {
        store<u32>(at + toOut, NOT_PLAIN);
        isLeft = true;
      }
    }
    return isLeft;
  }
}

/** The hash of any frame. */
export function rssOf(config: HashConfig, m: usize): u32 {
  if (!look(config, m) || !findTransport(config)) return 0;
  const table = config.table as usize;
  const ip = config.network as usize;
  const isIpv4 = config.type == ETHERTYPE_IPV4;
  const hash = isIpv4 ? Rows.of8(table, ip + IPV4_SRC) : Rows.of32(table, ip + IPV6_SRC);
  if ((config.flags & HASH_F_ADDRESSES) != 0 || !hasTransportPorts(config)) return hash;
  return hash ^ Rows.of4(table + (isIpv4 ? IPV4_ADDRESS_ROWS : IPV6_ADDRESS_ROWS), config.transport as usize);
}
