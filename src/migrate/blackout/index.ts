/** The blackout bench, as embedders have it. */
export { BLACKOUT_SCHEMES, type BlackoutReport, measureBlackout } from "./blackout.js";
export { BLACKOUT_BOUNDS, type BlackoutOptions, type BlackoutSettings, OLD_VTEP_WAYS } from "./options.js";
export { FRAME_FATES, type FrameFate } from "./outcome.js";
export type { BlackoutScheme, SchemeCounts, SchemeReport, SenderReport } from "./report.js";
export type { FateRun } from "./tally.js";
