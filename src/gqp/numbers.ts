/** Global queue-pair numbers: 24 bits, of which four are nobody's (IBTA volume 1, 3.5.3 and 10.2.4). */
import { QPN_CONTROL } from "../../assembly/layout.js";

export const GQPN_MAX = 0xffffff;
/** 0 and 1 are InfiniBand's management queue pairs; the last is multicast's, and the one before takes control messages here. */
export const GQPN_FIRST = 2;
export const GQPN_LAST = QPN_CONTROL - 1;

/** UDP port of RoCEv2 (IANA). */
export const ROCEV2_PORT = 4791;

/** A run of numbers that one host has: first, first + 1, …, count of them. */
export interface GqpnBlock {
  readonly first: number;
  readonly count: number;
}
