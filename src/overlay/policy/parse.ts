/** A policy from YAML text. */
import { type LineOf, parseDocument, type Refuse } from "../../document/parse.js";
import { Policy } from "../../index.js";
import { policyProblems } from "./problems.js";
import { type PolicyDefinition, PolicySchema } from "./schema.js";

/** The policy that the text says. Throws DocumentError, with the place in the file, for the first thing that is wrong. */
export function parsePolicy(file: string, text: string): Policy {
  let lineOf: LineOf | undefined;
  const definition = parseDocument(file, text, PolicySchema, (policy, refuse, lines) => {
    refuseProblems(policy, refuse);
    lineOf = lines;
  });
  return new Policy(definition, lineOf);
}

export function refuseProblems(policy: PolicyDefinition, refuse: Refuse): void {
  for (const { path, value, bound } of policyProblems(policy)) {
    refuse(path, `${bound}, ${value === undefined ? "but it is missing" : `received ${JSON.stringify(value)}`}`);
  }
}
