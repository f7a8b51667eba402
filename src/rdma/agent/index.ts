/** Streams between agents, aggregated without their users' knowledge. */
export type { AggregatorCounters } from "../aggregator/counters.js";
export type { AggregatorOptions as SessionOptions } from "../aggregator/options.js";
export { Agent, type SessionInfo } from "./agent.js";
export { type AgentOptions, type AgentSizes, agentSizes } from "./options.js";
export { AgentMove, agentParts } from "./state/agent-move.js";
export type { MovedAgentOptions } from "./state/streams-state.js";
export type { StreamPlace, StreamUsers } from "./state/users.js";
export type { StreamAddress, StreamAgent, StreamEnd, StreamErrorCode, StreamHandler } from "./stream.js";
