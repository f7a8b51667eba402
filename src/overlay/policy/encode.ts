/**
 * A network's policy as the block that the data plane reads (assembly/overlay/policy.ts, POLICY_ in layout.ts):
 *
 *   header 64 │ decisions │ ranges of IPv6 │ ranges of IPv4 │ pairs │ programs │ port maps │ pages
 *
 * Offsets count from the block's first byte, which has to stand at an address that 8 divides.
 */
import * as layout from "../../../assembly/layout.js";
import { ConfigError } from "../../errors.js";
import type { Classes, ClassRange } from "./classes.js";
import type { Programs } from "./programs.js";
import type { Action, Rule } from "./rule.js";

const ACTIONS: Readonly<Record<Action, number>> = {
  deny: layout.ACTION_DENY,
  allow: layout.ACTION_ALLOW,
  via: layout.ACTION_VIA,
};

/** What goes into a block. */
export interface BlockParts {
  /** The network's, for errors. */
  readonly name: string;
  readonly default: "deny" | "allow";
  readonly rules: readonly Rule[];
  readonly waypoints: readonly string[];
  readonly classes: Classes;
  readonly programs: Programs;
}

/** The block. Throws ConfigError when it is larger than maxBytes. */
export function encodeBlock(parts: BlockParts, maxBytes: number): Uint8Array {
  const { rules, classes, programs } = parts;
  const [ranges4, ranges6] = [classes.ranges4, classes.ranges6];
  const decisions = layout.POLICY_BYTES;
  const at6 = decisions + (rules.length + 1) * layout.DECISION_BYTES;
  const at4 = at6 + ranges6.length * layout.RANGE6_BYTES;
  const pairs = at4 + ranges4.length * layout.RANGE4_BYTES;
  const entries = pairs + classes.count * classes.count * 2;
  const maps = entries + bytesOf(programs.programs);
  const pages = maps + bytesOf(programs.portMaps);
  const bytes = Math.ceil((pages + bytesOf(programs.pages)) / 8) * 8;
  if (bytes > maxBytes) {
    throw new ConfigError(`networks.${parts.name}`, `${bytes} bytes when compiled`, `at most ${maxBytes}`);
  }
  const view = new DataView(new ArrayBuffer(bytes));
  const header: [at: number, value: number][] = [
    [layout.POLICY_CLASSES, classes.count],
    [layout.POLICY_PAIRS, pairs],
    [layout.POLICY_PROGRAMS, entries],
    [layout.POLICY_PORT_MAPS, maps],
    [layout.POLICY_PAGES, pages],
    [layout.POLICY_DECISIONS, decisions],
    [layout.POLICY_RANGES4, at4],
    [layout.POLICY_RANGE4_COUNT, ranges4.length],
    [layout.POLICY_RANGES6, at6],
    [layout.POLICY_RANGE6_COUNT, ranges6.length],
    [layout.POLICY_DECISION_COUNT, rules.length + 1],
  ];
  for (const [at, value] of header) view.setUint32(at, value, true);
  writeDecisions(view, decisions, parts);
  for (const [i, range] of ranges6.entries()) writeRange6(view, at6 + i * layout.RANGE6_BYTES, range);
  for (const [i, range] of ranges4.entries()) writeRange4(view, at4 + i * layout.RANGE4_BYTES, range);
  writeLists(view, pairs, programs.rows);
  writeLists(view, entries, programs.programs);
  writeLists(view, maps, programs.portMaps);
  writeLists(view, pages, programs.pages);
  return new Uint8Array(view.buffer);
}

/** How many frames each decision has decided, as a block in use says: the default's, then each rule's in the file's order. */
export function hitsOf(block: Uint8Array): bigint[] {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  return hitPlaces(view).map((at) => view.getBigUint64(at, true));
}

/** Takes the counts of a block over into the one of the same policy that replaces it. */
export function copyHits(from: Uint8Array, to: Uint8Array): void {
  const view = new DataView(to.buffer, to.byteOffset, to.byteLength);
  const hits = hitsOf(from);
  for (const [i, at] of hitPlaces(view).entries()) view.setBigUint64(at, hits[i] ?? 0n, true);
}

function hitPlaces(view: DataView): number[] {
  const first = view.getUint32(layout.POLICY_DECISIONS, true) + layout.DECISION_HITS;
  const length = view.getUint32(layout.POLICY_DECISION_COUNT, true);
  return Array.from({ length }, (_, i) => first + i * layout.DECISION_BYTES);
}

function writeDecisions(view: DataView, at: number, parts: BlockParts): void {
  view.setUint8(at + layout.DECISION_ACTION, ACTIONS[parts.default]);
  for (const { index, action, via, stateful } of parts.rules) {
    const decision = at + (index + 1) * layout.DECISION_BYTES;
    view.setUint8(decision + layout.DECISION_ACTION, ACTIONS[action]);
    view.setUint8(decision + layout.DECISION_FLAGS, stateful ? layout.DECISION_F_STATEFUL : 0);
    if (via !== undefined) view.setUint16(decision + layout.DECISION_WAYPOINT, parts.waypoints.indexOf(via), true);
    view.setUint16(decision + layout.DECISION_RULE, index + 1, true);
  }
}

function writeRange4(view: DataView, at: number, range: ClassRange): void {
  view.setUint32(at + layout.RANGE4_FIRST, Number(range.first), true);
  view.setUint32(at + layout.RANGE4_CLASS, range.class, true);
}

function writeRange6(view: DataView, at: number, range: ClassRange): void {
  view.setBigUint64(at + layout.RANGE6_UPPER, range.first >> 64n, true);
  view.setBigUint64(at + layout.RANGE6_LOWER, BigInt.asUintN(64, range.first), true);
  view.setUint32(at + layout.RANGE6_CLASS, range.class, true);
}

function writeLists(view: DataView, at: number, lists: readonly ArrayLike<number>[]): void {
  let next = at;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++, next += 2) view.setUint16(next, list[i] as number, true);
  }
}

function bytesOf(lists: readonly Uint16Array[]): number {
  return lists.reduce((bytes, list) => bytes + list.byteLength, 0);
}
