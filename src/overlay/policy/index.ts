/**
 * Logical policy, as embedders see it. Of the files here
 *
 *   a policy is made by       policy, from what schema and problems let through; parse reads it from YAML
 *   for the data plane        classes says which addresses are treated alike, programs what is done between them, encode writes the block
 *   for people                decide says which rule
 */
export type { Subject } from "./classes.js";
export type { Verdict } from "./decide.js";
export { copyHits, hitsOf } from "./encode.js";
export { definePolicy, NetworkPolicy, Policy } from "./policy.js";
export { type PolicyProblem, policyProblems } from "./problems.js";
export type { Action, PortRange, Rule } from "./rule.js";
export type { GroupDefinition, NetworkDefinition, PolicyDefinition, RuleDefinition } from "./schema.js";
