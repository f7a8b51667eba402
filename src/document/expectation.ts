/** What a schema expected, in words that follow "expected" or "must be". */
import type * as v from "valibot";

export function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return "no such key";
  if (issue.received === "undefined") return `${issue.expected ?? "a value"}, but it is missing`;
  return `${boundOf(issue)}, received ${issue.received}`;
}

/** The same without what was received. */
export function boundOf(issue: v.BaseIssue<unknown>): string {
  const bound = issue.requirement === undefined || issue.requirement instanceof RegExp ? undefined : issue.expected;
  const wanted = bound ?? (issue.type === "regex" || issue.type === "union" ? issue.message : issue.expected);
  return wanted ?? issue.message;
}
