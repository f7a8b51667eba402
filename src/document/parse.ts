/**
 * A value of a given shape from YAML text. What is wrong is said with file, line, column, key and what was expected, so that whoever
 * wrote the file can go to the place.
 */
import * as v from "valibot";
import { type Document, isAlias, isMap, isNode, isSeq, LineCounter, parseDocument as parseYaml, visit } from "yaml";
import { RinglaneError } from "../index.js";
import { expectation } from "./expectation.js";
import { UNUSABLE_KEYS } from "./unusable.js";

/** A document says something that it must not, at a place. */
export class DocumentError extends RinglaneError {
  readonly file: string;
  /** From 1, as is column. */
  readonly line: number;
  readonly column: number;
  /** Path of the key, joined by dots; items of a list are counted from 0. */
  readonly key: string;
  readonly expected: string;

  constructor(file: string, at: { line: number; col: number }, key: string, expected: string) {
    super("DOCUMENT", `${file}:${at.line}:${at.col}: ${key}: expected ${expected}`);
    this.file = file;
    this.line = at.line;
    this.column = at.col;
    this.key = key;
    this.expected = expected;
  }
}

export type Path = readonly (string | number)[];
/** Refuses the document for what stands at path. */
export type Refuse = (path: Path, expected: string) => never;
/** The line of the key or item at path, from 1. */
export type LineOf = (path: Path) => number;

/** What the text says, by the schema and then by check. Throws DocumentError for the first thing that is wrong. */
export function parseDocument<S extends v.GenericSchema>(
  file: string,
  text: string,
  schema: S,
  check?: (value: v.InferOutput<S>, refuse: Refuse, lineOf: LineOf) => void,
): v.InferOutput<S> {
  const lines = new LineCounter();
  const document = parseYaml(text, { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax) {
    const [reason] = syntax.message.split(" at line");
    throw new DocumentError(file, lines.linePos(syntax.pos[0]), "YAML", `valid YAML (${reason})`);
  }
  const refuse: Refuse = (path, expected) => {
    throw new DocumentError(file, lines.linePos(offsetOf(document, path)), path.join(".") || "file", expected);
  };
  visit(document, {
    Pair(_, { key }) {
      const offset = UNUSABLE_KEYS.includes(String(key)) ? startOf(key) : undefined;
      if (offset !== undefined) throw new DocumentError(file, lines.linePos(offset), String(key), "another key");
    },
  });
  const parsed = v.safeParse(schema, plainValue(document, refuse), { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = (issue.path ?? []).map(({ key }) => key as string | number);
    return refuse(path, expectation(issue));
  }
  check?.(parsed.output, refuse, (path) => lines.linePos(offsetOf(document, path)).line);
  return parsed.output;
}

/** The document as plain values; an alias of nothing, or too many of them, is found only now. */
function plainValue(document: Document, refuse: Refuse): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return refuse([], `valid YAML (${error instanceof Error ? error.message : error})`);
  }
}

/** Offset in the text of the key or item at path, or of the innermost one on the way that exists. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    const [mark, value] = isMap(node) ? pairOf(node.items, key) : isSeq(node) ? itemOf(node.items, key) : [];
    const start = startOf(mark);
    if (start === undefined) break;
    offset = start;
    node = value;
  }
  return offset;
}

function pairOf(pairs: readonly { readonly key: unknown; readonly value: unknown }[], key: string | number): unknown[] {
  const pair = pairs.find((item) => isNode(item.key) && String(item.key) === String(key));
  return pair ? [pair.key, pair.value] : [];
}

function itemOf(items: readonly unknown[], key: string | number): unknown[] {
  return [items[Number(key)], items[Number(key)]];
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
