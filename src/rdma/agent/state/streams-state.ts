/** The section of an agent: sessions, streams and what carries them. It stands on the sections of its device and of its connections. */
import type { StatePart, StateRefusal } from "../../../migrate/state/part.js";
import { demand, isRefusal, refuse, refusing } from "../../../migrate/state/refusal.js";
import type { ConnectionsState, DeviceState } from "../../state/index.js";
import { Agent } from "../agent.js";
import { type AgentOptions, sessionLimits, termsOf } from "../options.js";
import { checkAgent } from "./check.js";
import { decodeAgent, encodeAgent } from "./codec.js";
import type { AgentImage, SessionImage } from "./image.js";
import { placeName, type StreamUsers } from "./users.js";

/** An agent's options where it goes on, and who hears its streams: the agent that had them in the VM that moves, or others. */
export interface MovedAgentOptions extends AgentOptions {
  readonly users: Agent | StreamUsers;
}

export class StreamsState implements StatePart {
  readonly name = "streams";
  readonly version = 1;
  readonly #device: DeviceState;
  readonly #connections: ConnectionsState;
  readonly #options: MovedAgentOptions | undefined;
  #agent: Agent | undefined;

  /** An agent, or on the target what one is made with. */
  constructor(device: DeviceState, connections: ConnectionsState, agent: Agent | MovedAgentOptions) {
    this.#device = device;
    this.#connections = connections;
    if (agent instanceof Agent) this.#agent = agent;
    else this.#options = agent;
  }

  /** On the target undefined until the function of prepare has run. */
  get agent(): Agent | undefined {
    return this.#agent;
  }

  /** The agent is stopped (Agent.stop), and nobody calls its streams, from then on. Throws without one. */
  extract(nowMs: number): Uint8Array {
    if (!this.#agent) throw new Error("there is no agent yet");
    return encodeAgent(this.#agent.image, nowMs);
  }

  /** The sections of the device and of the connections were prepared before. */
  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal {
    const options = this.#options;
    const prepared = refusing(this.name, () => {
      if (!options || this.#agent) return refuse("agent", "there", "not there yet");
      const device = this.#device.prepared ?? refuse("device", undefined, "prepared before");
      const connections = this.#connections.prepared ?? refuse("connections", undefined, "prepared before");
      const limits = sessionLimits(options.session);
      const image = decodeAgent(bytes, { terms: termsOf(options), limits }, nowMs);
      checkAgent(image, device, connections.links, limits);
      if (options.users instanceof Agent) checkUsers(image, options.users, (id) => connections.links.get(id)?.remote);
      return { image, options };
    });
    if (isRefusal(prepared)) return prepared;
    return () => {
      const cm = this.#connections.manager;
      if (!cm) throw new Error("the connections were not taken in");
      this.#agent = new Agent(prepared.options, { cm, image: prepared.image, users: prepared.options.users, nowMs });
    };
  }
}

/** Streams and listeners that go on are those that the agent in the VM has. */
function checkUsers(image: AgentImage, agent: Agent, remoteOf: (connection: number) => string | undefined): void {
  const streams = agent.streams;
  const names = [
    ...image.peers.flatMap(({ remote, session, waiting }) => [
      ...waiting.map((_, number) => placeName({ remote, kind: "waiting", number })),
      ...idsOf(session).map((number) => placeName({ remote, kind: "opener", number })),
    ]),
    ...image.taken.flatMap(({ remote, session }) =>
      idsOf(session).map((number) => placeName({ remote, kind: "taker", number })),
    ),
    ...image.directs.map(({ connection }) => {
      return placeName({ remote: remoteOf(connection) ?? "", kind: "direct", number: connection });
    }),
  ];
  for (const name of names) demand(streams.has(name), "stream", name, "one that the VM's agent has");
  for (const port of image.listeners)
    demand(agent.acceptOf(port) !== undefined, "listener", port, "one that the VM's agent has");
}

function idsOf(session: SessionImage | undefined): number[] {
  return (session?.streams ?? []).map(([id]) => id);
}
