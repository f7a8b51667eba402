// Endpoints that were sent to lately, one for each value of a hash of the MAC address. What stands there may be anybody, or in no use by now:
// the record itself says whose it is, so nothing has to be taken out when it goes. Where the table of endpoints is larger than this, most
// would not be found, and it is not asked.
import { RECENT_ENTRIES, STATE_FREE } from "../layout";
import { Endpoint } from "./endpoint";

/** 2^64 over the golden ratio (D. Knuth, The Art of Computer Programming, 6.4): of the product the upper bits count. */
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const SHIFT: u64 = 64 - (ctz<u32>(RECENT_ENTRIES) as u64);

/** A class because asc inlines on demand only decorated methods. */
export class Recent {
  /** Where the endpoint of a MAC address would stand. */
  @inline
  static place(recent: usize, mac: u64): usize {
    return (recent + (((mac * MULTIPLIER) >> SHIFT) << 2)) as usize;
  }

  /** True when a record is that endpoint's. */
  @inline
  static isOf(endpoint: usize, network: usize, mac: u64): bool {
    const e = changetype<Endpoint>(endpoint);
    return ((e.mac ^ mac) | ((e.network ^ (network as u32)) as u64)) == 0 && e.state != STATE_FREE;
  }
}
