/** A scenario from YAML text. What is wrong with it is said with file, line, column, key and what was expected. */
import * as v from "valibot";
import { type Document, isMap, isNode, LineCounter, type Node, parseDocument } from "yaml";
import { RinglaneError } from "../index.js";
import { type Scenario, ScenarioSchema } from "./schema.js";

export class ScenarioError extends RinglaneError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly key: string;
  readonly expected: string;

  constructor(file: string, at: { line: number; col: number }, key: string, expected: string) {
    super("SCENARIO", `${file}:${at.line}:${at.col}: ${key}: expected ${expected}`);
    this.file = file;
    this.line = at.line;
    this.column = at.col;
    this.key = key;
    this.expected = expected;
  }
}

type Path = readonly (string | number)[];

/** Throws ScenarioError for the first thing that is wrong. */
export function parseScenario(file: string, text: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax) {
    const [reason] = syntax.message.split(" at line");
    throw new ScenarioError(file, lines.linePos(syntax.pos[0]), "YAML", `valid YAML (${reason})`);
  }
  const fail = (path: Path, expected: string): never => {
    throw new ScenarioError(file, lines.linePos(offsetOf(document.contents, path)), path.join(".") || "file", expected);
  };
  const parsed = v.safeParse(ScenarioSchema, plainValue(document, fail), { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = (issue.path ?? []).map(({ key }) => key as string | number);
    return fail(path, expectation(issue));
  }
  checkReferences(parsed.output, fail);
  return parsed.output;
}

/** The document as plain values; an alias of nothing, or too many of them, is found only now. */
function plainValue(document: Document, fail: (path: Path, expected: string) => never): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return fail([], `valid YAML (${error instanceof Error ? error.message : error})`);
  }
}

/** What the schema cannot say: names that stand for something said elsewhere in the file. */
function checkReferences(scenario: Scenario, fail: (path: Path, expected: string) => never): void {
  const homes = new Map<string, string>();
  if (Object.keys(scenario.hosts).length !== 2) fail(["hosts"], "two hosts: the underlay is a cable");
  for (const [host, { partitions }] of Object.entries(scenario.hosts)) {
    const networks = new Set<string>();
    for (const [partition, { network }] of Object.entries(partitions)) {
      const path = ["hosts", host, "partitions", partition];
      if (homes.has(partition)) fail(path, `a name that no partition of ${homes.get(partition)} has`);
      homes.set(partition, host);
      if (!Object.hasOwn(scenario.networks, network)) {
        fail([...path, "network"], `one of ${Object.keys(scenario.networks).join(", ")}`);
      }
      if (networks.has(network)) fail([...path, "network"], `a network that no other partition of ${host} is in`);
      networks.add(network);
    }
  }
  const { from, to } = scenario.replay;
  const names = [...homes.keys()].join(", ");
  if (!homes.has(from)) fail(["replay", "from"], `one of ${names}`);
  if (!homes.has(to)) fail(["replay", "to"], `one of ${names}`);
  if (homes.get(from) === homes.get(to)) fail(["replay", "to"], `a partition on another host than ${from}`);
  const networkOf = (name: string) => scenario.hosts[homes.get(name) ?? ""]?.partitions[name]?.network;
  if (networkOf(from) !== networkOf(to)) fail(["replay", "to"], `a partition on ${from}'s network`);
  const addresses = Object.values(scenario.hosts).map(({ address }) => address);
  const families = new Set(addresses.map((address) => address.includes(":")));
  if (new Set(addresses).size < addresses.length) fail(["hosts"], "addresses that differ");
  if (families.size > 1) fail(["hosts"], "addresses that are all IPv4 or all IPv6");
}

function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return "no such key";
  if (issue.received === "undefined") return `${issue.expected ?? "a value"}, but it is missing`;
  const bound = issue.requirement === undefined || issue.requirement instanceof RegExp ? undefined : issue.expected;
  const wanted = bound ?? (issue.type === "regex" || issue.type === "union" ? issue.message : issue.expected);
  return `${wanted ?? issue.message}, received ${issue.received}`;
}

/** Offset in the text of the key at path, or of the innermost map on the way that exists. */
function offsetOf(root: Node | null, path: Path): number {
  let offset = root?.range?.[0] ?? 0;
  let node: unknown = root;
  for (const key of path) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isNode(item.key) && String(item.key) === String(key));
    if (!pair) break;
    offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
    node = pair.value;
  }
  return offset;
}
