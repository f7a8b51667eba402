/** A blackout bench for people: what was moved and how, the schemes side by side, and what became of every frame. */
import type { BlackoutReport, SchemeCounts } from "../../index.js";
import { durationText } from "../duration.js";
import { facts, table } from "../report.js";
import { SCHEME_TITLES } from "./bench-words.js";
import { timeLines } from "./time-lines.js";

const NS_PER_MS = 1e6;
const BITS_PER_GB = 1e9;

export function benchText(report: BlackoutReport): string {
  const parts = [facts(settingLines(report.settings)), sideBySide(report), ...notes(report), ...timeLines(report)];
  return parts.join("\n\n");
}

function settingLines(settings: BlackoutReport["settings"]) {
  const time = (ms: number) => durationText(Math.round(ms * NS_PER_MS));
  const { senders, framesPerSecond, frameBytes, linkRateBps, linkDelayMs, transferMs, quiet, vmSendsMs } = settings;
  const { ageingMs, announceLoss, updateDelayMs, mraiMs, oldVtep, directoryDelayMs, repetitions, seed } = settings;
  const lost = announceLoss === 0 ? "" : `, ${(100 * announceLoss).toLocaleString("en-US")} % of them lost`;
  return [
    ["senders", `${senders}, each ${framesPerSecond.toLocaleString("en-US")} frames/s of ${frameBytes} bytes`],
    ["links", `${(linkRateBps / BITS_PER_GB).toLocaleString("en-US")} Gb/s, ${time(linkDelayMs)} each way`],
    ["VM", `stands for ${time(transferMs)}; ${quiet ? "sends nothing afterwards" : `sends every ${time(vmSendsMs)}`}`],
    ["bridges", `forget after ${time(ageingMs)}; announcements at 0, 50, 200, 450, 800 ms${lost}`],
    [
      "BGP",
      `${time(updateDelayMs)} a speaker at most, MRAI ${mraiMs === 0 ? "none" : time(mraiMs)}; the old VTEP ${oldVtep}s`,
    ],
    ["directory", `${time(directoryDelayMs)} each way at most`],
    ["moves", `${repetitions}, seed ${seed}`],
  ] as const;
}

/** Means of a move, but for the blackout. */
function sideBySide({ schemes, settings: { repetitions } }: BlackoutReport): string {
  const counts = COUNTS.map(([label, key]) => {
    return [label, ...schemes.map((scheme) => rounded(scheme[key] / repetitions, scheme[key] < 100 ? 100 : 1))];
  });
  const times = (["p50", "max"] as const).map((key) => {
    return [BLACKOUT_LABELS[key], ...schemes.map(({ blackoutMs }) => rounded(blackoutMs[key], 100))];
  });
  return table(["a move, mean", ...schemes.map(({ scheme }) => SCHEME_TITLES[scheme])], [...times, ...counts]);
}

const BLACKOUT_LABELS = {
  p50: "blackout of a sender, ms: p50",
  max: "                          max",
} as const;

const COUNTS: readonly (readonly [label: string, key: keyof SchemeCounts])[] = [
  ["frames sent in the window", "sent"],
  ["  lost", "lost"],
  ["  delivered twice", "twice"],
  ["  out of order", "outOfOrder"],
  ["  sent to the old host", "toOldHost"],
  ["  delivered by way of it", "viaOldHost"],
  ["copies flooded", "floodedCopies"],
];

/** To parts of one. */
function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}

function notes({ schemes, settings: { senders } }: BlackoutReport): string[] {
  const flooding = schemes.filter(({ floodsOn }) => floodsOn).map(({ scheme }) => SCHEME_TITLES[scheme]);
  if (flooding.length === 0) return [];
  return [`${flooding.join(", ")}: every frame goes on being flooded to all ${senders + 1} other hosts`];
}
