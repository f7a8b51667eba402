/** `ringlane run SCENARIO.yaml`: runs a scenario, says what happened, writes what crossed the wire. */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { causeText } from "../index.js";
import { parseScenario } from "../scenario/parse.js";
import { runScenario, type ScenarioReport } from "../scenario/run.js";
import { openInput, openOutput } from "./files.js";
import { facts, printJson, table } from "./report.js";

/** Exit code 0; 1 when a delivered frame is not the one that was sent, or a buffer is lost. */
export async function runFile(path: string, options: { out: string; json?: boolean }): Promise<number> {
  const scenario = parseScenario(path, readFileSync(path, "utf8"));
  const captures = scenario.replays.map(({ capture }) => {
    const file = join(dirname(path), capture);
    // What is not there is said before anything is written.
    openInput(file);
    return () => openInput(file).source;
  });
  mkdirSync(options.out, { recursive: true });
  const underlay = await openOutput(join(options.out, "underlay.pcapng"));
  const delivered = await openOutput(join(options.out, "delivered.pcapng"));
  try {
    const report = await runScenario(scenario, {
      captures,
      underlay: underlay.writer,
      delivered: delivered.writer,
    });
    await underlay.close();
    await delivered.close();
    const files = { underlay: underlay.name, delivered: delivered.name };
    if (options.json) printJson({ ...report, files });
    else printReport(report, files);
    return report.ok ? 0 : 1;
  } finally {
    underlay.discard();
    delivered.discard();
  }
}

function printReport(report: ScenarioReport, files: { underlay: string; delivered: string }): void {
  const { comparison } = report;
  console.log(`${report.title}: ${report.captures.join(", ")}\n`);
  console.log(
    facts([
      ["frames in", report.framesIn],
      ["frames out", report.framesOut],
      ["descriptors per frame", report.descriptorsPerFrame],
      ["doorbells", report.doorbells],
      [
        "bytes copied per frame",
        `${whole(report.copiedInBytesPerFrame)} on arrival, ${whole(report.copiedAfterwardsBytesPerFrame)} afterwards`,
      ],
      ["bytes from the partition", report.bytesIn],
      ["bytes on the wire", report.underlayBytes],
      ["time in the engines", `${(report.engineSeconds * 1000).toFixed(1)} ms, first run, not warmed up`],
      ["frames per second in the engines", report.engineFramesPerSecond],
    ]),
  );
  if (report.sets.length > 0) console.log(`\n${setTable(report)}`);
  const drops = Object.entries(report.drops).map(([cause, count]) => [count, cause, causeText(cause)]);
  console.log(drops.length === 0 ? "\nno drops" : `\n${table(["dropped", "cause", "which means"], drops)}`);
  if (report.packetsNotTaken > 0) console.log(`${report.packetsNotTaken} packets are of a link type that is not taken`);
  if (report.damage)
    console.log(`FAILED: the capture is damaged at byte ${report.damage.byteOffset}: ${report.damage.reason}`);
  for (const { host, lost, doubles, holds } of report.census) {
    if (!holds) console.log(`FAILED: on ${host} ${lost} buffers are lost, ${doubles} are in two places`);
  }
  const { identical, altered, missing } = comparison;
  console.log(
    altered === 0 && missing === 0
      ? `delivered = sent, byte for byte: ${identical} frames`
      : `FAILED: ${identical} frames came out as they went in, ${altered} altered, ${missing} not at all`,
  );
  console.log(`\nwritten: ${files.underlay}, ${files.delivered}`);
}

/** Frames by partition and uplink: sent / received, "-" where the partition has no link. */
function setTable({ sets }: ScenarioReport): string {
  const width = Math.max(...sets.map(({ links }) => links.length));
  const head = ["host", "partition", ...Array.from({ length: width }, (_, i) => `uplink ${i}`), "outside its set"];
  const rows = sets.map(({ host, partition, links, outside }) => [
    host,
    partition,
    ...links.map(({ uplink, role, sent, received }) => {
      return role === "none" ? "-" : `${uplink} ${role}: ${whole(sent)} / ${whole(received)}`;
    }),
    outside,
  ]);
  return table(head, rows);
}

function whole(n: number): string {
  return n.toLocaleString("en-US", { maximumFractionDigits: 0 });
}
