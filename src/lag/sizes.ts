/** How large link aggregation may become in an engine. */
import { checkInteger, checkPowerOfTwo } from "../check.js";

/** Sizes of link aggregation groups. */
export interface LagSizes {
  /** 1 to 16; 1 by default. */
  readonly groups?: number;
  /** Partitions of a group, 1 to 65536; 16 by default. */
  readonly partitions?: number;
  /** Buckets of a partition, a power of two, 32 to 65536; 256 by default. */
  readonly buckets?: number;
  /** MAC addresses of a group's partitions, configured and learned, 1 to 1048576; 1024 by default. */
  readonly addresses?: number;
  /** Frames that a group holds for buckets that move before guests have to wait, a power of two, 2 to 32768; 256 by default. */
  readonly heldFrames?: number;
}

/** No groups when there are no sizes. */
export type LagLimits = Required<LagSizes>;

/** Throws ConfigError. */
export function lagLimits(sizes: LagSizes | undefined): LagLimits {
  return {
    groups: sizes ? checkInteger("lag.groups", sizes.groups ?? 1, 1, 16) : 0,
    partitions: checkInteger("lag.partitions", sizes?.partitions ?? 16, 1, 65_536),
    buckets: checkPowerOfTwo("lag.buckets", sizes?.buckets ?? 256, 32, 65_536),
    addresses: checkInteger("lag.addresses", sizes?.addresses ?? 1024, 1, 2 ** 20),
    heldFrames: checkPowerOfTwo("lag.heldFrames", sizes?.heldFrames ?? 256, 2, 32_768),
  };
}
