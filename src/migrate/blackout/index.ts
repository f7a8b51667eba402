/** The blackout bench, as embedders have it. */
export { type BlackoutReport, measureBlackout } from "./blackout.js";
export { BLACKOUT_BOUNDS, type BlackoutOptions, type BlackoutSettings, OLD_VTEP_WAYS } from "./options.js";
export { FRAME_FATES, type FrameFate } from "./outcome.js";
export type { SchemeCounts, SchemeReport, SenderReport } from "./report.js";
export { BLACKOUT_SCHEMES, type BlackoutScheme } from "./schemes.js";
export type { FateRun } from "./tally.js";
