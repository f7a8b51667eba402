// A reflector's work: each frame goes back where it came from. Destination and source address (IEEE 802.3 clause 3.2) change
// places in one shuffle of the frame's first 16 bytes; the two bytes behind the EtherType are written back as they were.
import { DROP_ETHERNET_TRUNCATED, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES } from "../wire/ethernet";

/** Swaps the addresses of n frames (list: u32 addresses); each frame's cause is left in its mbuf. */
export function macswapBurst(list: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const mbuf = changetype<Mbuf>(load<u32>(list + ((i as usize) << 2)) as usize);
    if (mbuf.len < ETHERNET_BYTES) {
      mbuf.cause = DROP_ETHERNET_TRUNCATED as u16;
      continue;
    }
    mbuf.cause = OK as u16;
    const data = mbuf.data as usize;
    const head = v128.load(data);
    v128.store(data, i8x16.shuffle(head, head, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15));
  }
}
