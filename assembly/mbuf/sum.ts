// The Internet checksum over a chain of mbufs.
import { sumBytes, swapSum } from "../checksum";
import { Mbuf } from "./mbuf";

/** Sum of len bytes of a chain from byte off on, added to sum; the chain holds that many. */
export function sumChain(m: usize, off: u32, len: u32, sum: u64): u64 {
  let segment = changetype<Mbuf>(m);
  if (off + len <= segment.len) return sumBytes((segment.data + off) as usize, len, sum);
  let odd = false;
  while (len > 0) {
    if (off < segment.len) {
      const run = min(segment.len - off, len);
      const part = sumBytes((segment.data + off) as usize, run, 0);
      // A segment that starts at an odd byte of the whole has its bytes in the other halves of the words.
      sum += odd ? swapSum(part) : part;
      if (run & 1) odd = !odd;
      len -= run;
      off = 0;
    } else {
      off -= segment.len;
    }
    if (len > 0) segment = changetype<Mbuf>(segment.next as usize);
  }
  return sum;
}
