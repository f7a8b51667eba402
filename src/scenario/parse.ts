/** A scenario from YAML text: what the schema cannot say, names that stand for something said elsewhere in the file, is checked here. */
import { checkFabric } from "../document/fabric.js";
import { type LineOf, parseDocument, type Refuse } from "../document/parse.js";
import { Policy } from "../index.js";
import { checkFaults, checkLinks } from "./check/faults.js";
import { checkLimits } from "./check/limits.js";
import { checkSockets } from "./check/sockets.js";
import { checkFlows, checkMoves, checkReplays } from "./check/traffic.js";
import { checkLinkDown, checkUplinks } from "./check/uplinks.js";
import { ScenarioSchema, type ScenarioText } from "./schema.js";

export interface Scenario extends ScenarioText {
  /** Of the file's networks; its rules know their lines. */
  readonly policy: Policy;
}

/** Throws DocumentError for the first thing that is wrong. */
export function parseScenario(file: string, text: string): Scenario {
  let lineOf: LineOf | undefined;
  const scenario = parseDocument(file, text, ScenarioSchema, (value, refuse, lines) => {
    checkScenario(value, refuse);
    lineOf = lines;
  });
  return { ...scenario, policy: new Policy({ networks: scenario.networks }, lineOf) };
}

function checkScenario(scenario: ScenarioText, refuse: Refuse): void {
  if (Object.keys(scenario.hosts).length === 0) refuse(["hosts"], "a host, or several");
  checkFabric(scenario, refuse);
  checkUplinks(scenario, refuse);
  checkReplays(scenario, refuse);
  checkFlows(scenario, refuse);
  checkSockets(scenario, refuse);
  checkMoves(scenario, refuse);
  checkLimits(scenario, refuse);
  checkLinkDown(scenario, refuse);
  checkLinks(scenario, refuse);
  checkFaults(scenario, refuse);
}
