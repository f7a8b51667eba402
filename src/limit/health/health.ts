/** The health of a peer's TCP connections, as its packets show it (RFC 9293, RFC 7323); docs/limits-health.md says what counts as what. */
export interface ConnectionHealth {
  /** Segments, and those of them with data. */
  readonly segments: number;
  readonly dataSegments: number;
  /** Segments whose data had been seen, in whole; a SYN and a FIN count as data here, a keep-alive does not. */
  readonly retransmissions: number;
  /** Segments that filled a hole which later ones had left. */
  readonly outOfOrder: number;
  readonly duplicateAcks: number;
  readonly zeroWindows: number;
  /** Round trips between here and the peer, by timestamps: how many, and the least and the mean of them. */
  readonly roundTrips: number;
  readonly roundTripMs?: { readonly least: number; readonly mean: number };
  /** Bytes that the frames filled of each mbuf that they were in; undefined where there was none. */
  readonly bytesPerMbuf?: number;
}
