/**
 * The state octet of an actor or a partner (IEEE 802.1AX-2008 5.4.2.2 m, 2014 6.4.2.3 m): eight flags, least
 * significant first.
 *
 *   7       6         5            4          3               2           1            0
 *   Expired Defaulted Distributing Collecting Synchronization Aggregation LACP_Timeout LACP_Activity
 *
 * Records and frames carry the octet itself; `stateFlags` names its bits for reports.
 */

/** Set: sends without being asked (active). */
export const LACP_ACTIVITY = 0x01;
/** Set: wants a PDU every second (short timeout). */
export const LACP_TIMEOUT = 0x02;
/** Set: may be aggregated; clear: individual. */
export const AGGREGATION = 0x04;
/** Set: the link is where it belongs, on the right aggregator. */
export const SYNCHRONIZATION = 0x08;
export const COLLECTING = 0x10;
export const DISTRIBUTING = 0x20;
/** Set: uses default partner information, not received. */
export const DEFAULTED = 0x40;
export const EXPIRED = 0x80;

/** The state octet, by name. */
export interface PortStateFlags {
  readonly active: boolean;
  readonly shortTimeout: boolean;
  readonly aggregatable: boolean;
  readonly synchronized: boolean;
  readonly collecting: boolean;
  readonly distributing: boolean;
  readonly defaulted: boolean;
  readonly expired: boolean;
}

export function stateFlags(state: number): PortStateFlags {
  return {
    active: (state & LACP_ACTIVITY) !== 0,
    shortTimeout: (state & LACP_TIMEOUT) !== 0,
    aggregatable: (state & AGGREGATION) !== 0,
    synchronized: (state & SYNCHRONIZATION) !== 0,
    collecting: (state & COLLECTING) !== 0,
    distributing: (state & DISTRIBUTING) !== 0,
    defaulted: (state & DEFAULTED) !== 0,
    expired: (state & EXPIRED) !== 0,
  };
}
