/** What `ringlane run --tables` prints: what was sent and what came out, tenant by tenant, who moved, and what it cost. */
import { basename } from "node:path";
import { causeText } from "../../index.js";
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { facts, table } from "../report.js";
import { limitTable } from "./limits.js";
import { socketLines } from "./sockets.js";

type Move = ScenarioReport["moves"][number];
type Line = readonly [name: string, value: string];

export function printTables(report: ScenarioReport): void {
  console.log(facts(costLines(report)));
  console.log(`\n${streamTable(report)}`);
  const lines = eventLines(report);
  if (lines.length > 0) console.log(facts(lines));
  if (report.sets.length > 0) console.log(`\n${setTable(report)}`);
  console.log(`\n${hostTable(report)}`);
  if (report.limits.length > 0) console.log(limitTable(report));
  const drops = Object.entries(report.drops).map(([cause, count]) => [count, cause, causeText(cause)]);
  console.log(drops.length === 0 ? "no drops" : table(["dropped", "cause", "which means"], drops));
}

function costLines(report: ScenarioReport): Line[] {
  const { copiedInBytesPerFrame, copiedAfterwardsBytesPerFrame, underlayFrames, underlayBytes, doorbells } = report;
  const encapsulations = report.encapsulations.map(
    ({ encapsulation, frames, headerBytesPerFrame, trailerBytesPerFrame, share }): Line => {
      const behind = trailerBytesPerFrame === 0 ? "" : ` and ${number(trailerBytesPerFrame)} behind`;
      const part = `${number(share * 100)} % of ${whole(frames)} frames' bytes`;
      return [`overhead of ${encapsulation}`, `${number(headerBytesPerFrame)} bytes in front${behind}: ${part}`];
    },
  );
  const { asked, unavailable, pushed } = report.directory;
  return [
    ["frames in, out", `${whole(report.framesIn)}, ${whole(report.framesOut)}`],
    ["descriptors per frame", number(report.descriptorsPerFrame)],
    [
      "bytes copied per frame",
      `${whole(copiedInBytesPerFrame)} on arrival, ${whole(copiedAfterwardsBytesPerFrame)} afterwards`,
    ],
    ["on the wire", `${whole(underlayFrames)} frames, ${whole(underlayBytes)} bytes, ${whole(doorbells)} doorbells`],
    ...encapsulations,
    ["directory", `${whole(asked)} requests, ${whole(unavailable)} without an answer, ${whole(pushed)} changes told`],
  ];
}

function streamTable({ streams }: ScenarioReport): string {
  const head = ["network", "stream", "from", "to", "expected", "sent", "as sent", "altered", "missing", "twice"];
  const rows = streams.map(({ network, name, from, to, expect, sent, identical, altered, missing, duplicated }) => {
    return [network, basename(name), from, to, expect, sent, identical, altered, missing, duplicated];
  });
  return table(head, rows);
}

/** What else happened to streams and endpoints. */
function eventLines(report: ScenarioReport): Line[] {
  const { streams, waypoints, isolation, neighbours, moves } = report;
  const denied = streams.flatMap(({ name, sent, denied: end }): Line[] => {
    if (!end) return [];
    const { delivered, dropped, host, port } = end;
    const rule = end.rule ? `; ${end.rule.reason}` : "";
    return [[`denied ${name}`, `${dropped} of ${sent} dropped on ${host} at ${port}, ${delivered} delivered${rule}`]];
  });
  const limited = streams.flatMap(({ name, limited: end }): Line[] => {
    if (!end) return [];
    const { delivered, refused, lost } = end;
    const otherwise = lost === 0 ? "" : `, ${whole(lost)} lost otherwise`;
    return [[`limited ${name}`, `${whole(delivered)} delivered, ${whole(refused)} refused as mbuf-limit${otherwise}`]];
  });
  const via = waypoints.map(
    ({ endpoint, host, frames }): Line => [`via ${endpoint}`, `${whole(frames)} frames sent on from ${host}`],
  );
  const tenants: Line = ["isolation", `${isolation.crossed} frames of one network given to a guest of another`];
  const { asked, answered } = neighbours;
  const hosts = `${asked} about addresses, for hosts to answer; ${answered} answered from the directory`;
  return [
    ...denied,
    ...limited,
    ...via,
    tenants,
    ...(asked > 0 ? [["questions", hosts] as const] : []),
    ...moves.flatMap(moveLines),
    ...socketLines(report),
  ];
}

function moveLines(move: Move): Line[] {
  const { endpoint, from, to, gqpn, generation, framesThere, framesHere, blackoutMs } = move;
  const { sentToOldHost, stale, sentOn, sentAgain, movedMessages } = move;
  const numbers = `queue pair ${gqpn.before}, then ${gqpn.after}; generation ${generation.before}, then ${generation.after}`;
  const frames = `${whole(framesThere)} frames on ${from}, ${whole(framesHere)} on ${to}`;
  const gap = blackoutMs === undefined ? "" : `, ${number(blackoutMs)} ms between them`;
  const late = `${sentToOldHost} sent to ${from} yet, ${sentOn} sent on, ${sentAgain} sent again, ${movedMessages} messages`;
  return [
    [`${endpoint} moves`, `from ${from} to ${to}: ${numbers}`],
    ["", `${frames}${gap}`],
    ["", `${late}; ${stale} stale afterwards`],
  ];
}

/** Frames by endpoint and uplink: sent / received, "-" where it has no link. */
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

function hostTable({ hosts }: ScenarioReport): string {
  const head = ["host", "address", "misses", "asked", "held", "delivered", "flows", "redirected", "sent on"];
  const rows = hosts.map((host) => {
    const { misses, questions, heldFrames, deliveredFrames, flowsMade, redirectedFrames, forwardedFrames } = host;
    const known = [misses, questions, heldFrames, deliveredFrames];
    return [host.host, host.address, ...known, flowsMade, redirectedFrames, forwardedFrames];
  });
  return table(head, rows);
}

function number(n: number): string {
  return n.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
