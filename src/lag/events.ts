/** What a group has done on its own, for logs and for people. Ports are named. */
export type LagEvent =
  /** Other ports carry a partition's traffic now. */
  | {
      readonly type: "active";
      readonly partition: string;
      readonly using: "primary" | "backup" | "none";
      readonly ports: readonly string[];
      readonly reason: string;
      /** Buckets that went, or go, to another port. */
      readonly buckets: number;
    }
  /** A bucket moved because of what it sends. */
  | {
      readonly type: "rebalanced";
      readonly partition: string;
      readonly bucket: number;
      readonly from: string;
      readonly to: string;
      readonly bytes: number;
    }
  /** LACP: traffic may be taken from and sent on a port, or no longer. */
  | { readonly type: "lacp"; readonly port: string; readonly collecting: boolean; readonly distributing: boolean }
  /** LACP: an end of the link has not been in synchronization for a minute, or is again. */
  | { readonly type: "churn"; readonly port: string; readonly end: "actor" | "partner"; readonly churning: boolean };
