/**
 * The blackout bench: a VM that others send to moves, and the network learns of it in four ways, under one virtual clock and from one seed.
 * Senders, links, the VM's stop and what it sends are the same for all.
 *
 *   const { schemes } = await measureBlackout({ senders: 3, transferMs: 10 });
 *   schemes.map(({ scheme, lost, blackoutMs }) => …);
 */
import { type Course, courseOf } from "./course.js";
import { runDirectory } from "./directory-run.js";
import { FlatNetwork } from "./flat-network.js";
import { type BlackoutOptions, type BlackoutSettings, checkBlackout } from "./options.js";
import { runPeer } from "./peer-run.js";
import { type SchemeReport, schemeReport } from "./report.js";
import { RoutedNetwork } from "./routed-network.js";
import type { BlackoutScheme } from "./schemes.js";
import type { SenderTally } from "./tally.js";

export interface BlackoutReport {
  readonly settings: Omit<BlackoutSettings, "wasm">;
  /** In the order in which they were asked for. */
  readonly schemes: readonly SchemeReport[];
}

type Run = (settings: BlackoutSettings, course: Course) => SenderTally[] | Promise<SenderTally[]>;

const RUNS: Readonly<Record<BlackoutScheme, Run>> = {
  "flood-and-learn": (settings, course) => runPeer(new FlatNetwork(settings, course, false), settings, course),
  announcement: (settings, course) => runPeer(new FlatNetwork(settings, course, true), settings, course),
  "route-update": (settings, course) => runPeer(new RoutedNetwork(settings, course), settings, course),
  "directory-push": runDirectory,
};

/** Throws ConfigError for an option that is out of its bounds. */
export async function measureBlackout(options: BlackoutOptions = {}): Promise<BlackoutReport> {
  const settings = checkBlackout(options);
  const { wasm: _, ...said } = settings;
  const schemes: SchemeReport[] = [];
  for (const scheme of settings.schemes) {
    const moves: SenderTally[][] = [];
    for (let repetition = 0; repetition < settings.repetitions; repetition++) {
      moves.push(await RUNS[scheme](settings, courseOf(settings, repetition)));
    }
    schemes.push(schemeReport(scheme, moves));
  }
  return { settings: said, schemes };
}
