/** Where the files of a run are, and how to look at them. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ScenarioReport } from "../../scenario/run.js";

/** Of a checkout, beside dist/. */
const DISSECTOR = fileURLToPath(new URL("../tools/ringlane.lua", import.meta.url));

export interface RunFiles {
  readonly underlay: string;
  readonly delivered: string;
}

export function fileLines(report: ScenarioReport, { underlay, delivered }: RunFiles): string[] {
  const width = Math.max(underlay.length, delivered.length);
  return [
    `${underlay.padEnd(width)}  what crossed the links, an interface for each`,
    `${delivered.padEnd(width)}  what the VMs were given, an interface for each`,
    `Wireshark opens both; ${lookText(report)}:`,
    `  ${commandOf(report, underlay)}`,
    "--tables prints every stream, set of uplinks, host and limit behind this page, --json all there is",
  ];
}

/** A VM that has moved is the first thing that one looks for. */
function lookText({ moves }: ScenarioReport): string {
  const [move] = moves;
  return move ? `${move.endpoint} on its way from ${move.from} to ${move.to}` : "what hosts say to each other";
}

function commandOf({ moves, encapsulations }: ScenarioReport, underlay: string): string {
  const dissector = existsSync(DISSECTOR) ? ` -X lua_script:${relative(process.cwd(), DISSECTOR)}` : "";
  const isByNumber = encapsulations.some(({ encapsulation }) => encapsulation === "rocev2");
  const number = isByNumber ? moves[0]?.gqpn.before : undefined;
  const filter = number === undefined ? "ringlane" : `"infiniband.bth.destqp == ${number} || ringlane"`;
  return `tshark${dissector} -r ${underlay} -Y ${filter}`;
}
