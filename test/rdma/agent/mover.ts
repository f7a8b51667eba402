/** Moves agents of tests from one engine to another in the middle of what they do. */
import { type Agent, AgentMove, agentParts } from "../../../src/rdma/agent/index.js";
import { agentSizes } from "../../../src/rdma/agent/options.js";
import type { StreamUsers } from "../../../src/rdma/agent/state/users.js";
import type { Station, StationOptions } from "../../helpers/agents.js";
import { testEngine } from "../../helpers/engines.js";
import type { Random } from "../../helpers/property.js";

/** A block's sections, in order. */
export type Sections = readonly Uint8Array[];

export function extract(agent: Agent, nowMs: number): Sections {
  return agentParts(agent).map((part) => part.extract(nowMs));
}

/** An engine with an unused device, and what an agent on it goes on with. */
export async function makeTarget(
  local: string,
  random: Random,
  { build = "release", mbufs = 512, connections = 4, ...rest }: StationOptions,
  users: Agent | StreamUsers,
) {
  const session = { transfersMax: 8, transferBytes: 4096, ...rest.session };
  const rdma = agentSizes({ connections, session });
  const engine = await testEngine({ mbufs, payloadBytes: 4608, queueSize: 512, rdma }, build);
  const port = engine.addPort("roce");
  const device = engine.addRdma({ port });
  const draw = () => random.below(2 ** 32);
  const move = new AgentMove({ ...rest, device, local, session, connections, random: draw, users });
  return { engine, port, move };
}

/** Prepares all sections, and when they are sound takes them in: what was refused, or undefined. */
export function insert(move: AgentMove, sections: Sections, nowMs: number) {
  const applies: (() => void)[] = [];
  for (const [i, part] of move.parts.entries()) {
    const prepared = part.prepare(sections[i] as Uint8Array, nowMs);
    if (typeof prepared !== "function") return prepared;
    applies.push(prepared);
  }
  for (const apply of applies) apply();
  return undefined;
}

/** The agent of a station goes on at another one, by a clock that shows nowMs there. What came and was not taken goes with it. */
export async function moveStation(
  station: Station,
  random: Random,
  options: StationOptions,
  nowMs: number,
  users: Agent | StreamUsers = station.agent,
): Promise<{ readonly station: Station; readonly sections: Sections }> {
  station.agent.stop();
  const sections = extract(station.agent, nowMs);
  const { engine, port, move } = await makeTarget(station.agent.address, random, options, users);
  const refusal = insert(move, sections, nowMs);
  if (refusal) throw new Error(`${refusal.section}.${refusal.field} is ${refusal.value}: ${refusal.bound}`);
  return { station: { engine, port, agent: move.agent as Agent }, sections };
}
