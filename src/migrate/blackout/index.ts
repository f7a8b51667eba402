/** The blackout bench, as embedders have it. */
export { BLACKOUT_SCHEMES, type BlackoutReport, measureBlackout } from "./blackout.js";
export type { BlackoutOptions, BlackoutSettings } from "./options.js";
export type { FrameFate } from "./outcome.js";
export type { BlackoutScheme, SchemeCounts, SchemeReport, SenderReport } from "./report.js";
export type { FateRun } from "./tally.js";
