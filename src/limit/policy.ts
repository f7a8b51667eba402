/** Between what an owner's limit moves, and by which measures (system 7). Counts are of mbufs, times in milliseconds. */

/** The health that keeps a limit where it is; not met, the limit goes down. */
export type ReduceCriterion =
  /** At least this share of the mbufs set aside was filled at once in the window. */
  | { readonly by: "filled"; readonly below?: number }
  /** CoDel's measure (RFC 8289): the shortest time that mbufs were held stayed above target for a whole interval. */
  | { readonly by: "sojourn"; readonly targetMs?: number; readonly intervalMs?: number }
  /** At most this share of the frames was refused. */
  | { readonly by: "drops"; readonly above?: number }
  /** At most this share of the TCP segments with data came again or out of order. */
  | { readonly by: "tcp"; readonly above?: number };

export interface LimitPolicy {
  /** The limit never goes below; what every owner can rely on. 64 by default. */
  readonly floor?: number;
  /** Where the limit begins. 256 by default. */
  readonly preset?: number;
  /** The limit never goes above. 2048 by default. */
  readonly ceiling?: number;
  /** Share of what is left when several owners want more than there is, relative to theirs: 1 to 1000, 1 by default. */
  readonly weight?: number;
  /** A window ends after so many returned mbufs (256) or so long (100 ms), whichever comes first. */
  readonly window?: { readonly descriptors?: number; readonly ms?: number };
  /** First criterion, and how many windows in a row must fail it: by "filled", below 0.25, in 1 window. */
  readonly reduce?: ReduceCriterion & { readonly windows?: number };
  /**
   * Second criterion: so many windows in a row (2) in which at least this share of the limit (0.75) was filled at once, and since the
   * limit was last raised this share of it (1/128) has come back: an owner that returns nothing earns nothing.
   */
  readonly raise?: { readonly filled?: number; readonly windows?: number; readonly returned?: number };
  /** Windows after a raise in which the limit is not reduced: 4 by default. */
  readonly holdWindows?: number;
  /** What "limit" means: mbufs that the owner may hold, or frames handed up to it in one batch. */
  readonly reading?: "held" | "batch";
}
