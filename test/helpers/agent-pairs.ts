/** What two hosts' stream agents can be joined by: tests of sockets run over each of them. */
import type { StreamAgent } from "../../src/rdma/agent/stream.js";
import { pipeAgents } from "./pipe-agents.js";

export interface AgentPair {
  readonly client: StreamAgent;
  readonly server: StreamAgent;
  readonly clientAddress: string;
  readonly serverAddress: string;
  /** The most bytes of a stream in one direction that its sender has handed over and its receiver has not used. */
  readonly windowBytes: number;
  close(): Promise<void>;
}

export interface AgentPairs {
  readonly name: string;
  open(): Promise<AgentPair>;
}

const WINDOW_BYTES = 65_536;

export const AGENT_PAIRS: readonly AgentPairs[] = [
  {
    name: "agents in memory",
    async open() {
      const [client, server] = pipeAgents({ windowBytes: WINDOW_BYTES });
      const addresses = { clientAddress: client.address, serverAddress: server.address };
      return { client, server, ...addresses, windowBytes: WINDOW_BYTES, async close() {} };
    },
  },
];
