/**
 * The parts of an agent's state block, in their order, on the host that it leaves and on the one where it goes on:
 *
 *   source.stop(); for (const part of agentParts(source)) part.extract(nowMs);
 *   const moved = new AgentMove({ device, local, random, users: source });
 *   moved.parts: each prepare in this order, and when none refused, what they returned; then moved.agent
 */
import type { StatePart } from "../../../migrate/state/part.js";
import { ConnectionsState, DeviceState } from "../../state/index.js";
import { type Agent, managerOptions } from "../agent.js";
import { type MovedAgentOptions, StreamsState } from "./streams-state.js";

/** Of an agent that is stopped. */
export function agentParts(agent: Agent): readonly StatePart[] {
  const device = new DeviceState(agent.device);
  const connections = new ConnectionsState(device, agent.connections);
  return [device, connections, new StreamsState(device, connections, agent)];
}

export class AgentMove {
  readonly parts: readonly StatePart[];
  readonly #streams: StreamsState;

  /** The device is unused. Throws ConfigError. */
  constructor(options: MovedAgentOptions) {
    const device = new DeviceState(options.device);
    const connections = new ConnectionsState(device, managerOptions(options));
    this.#streams = new StreamsState(device, connections, options);
    this.parts = [device, connections, this.#streams];
  }

  /** The agent that goes on, once all parts were taken in. */
  get agent(): Agent | undefined {
    return this.#streams.agent;
  }
}
