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

function inMemory(name: string, windowBytes: number, pieceBytes: number): AgentPairs {
  return {
    name,
    async open() {
      const [client, server] = pipeAgents({ windowBytes, pieceBytes });
      const addresses = { clientAddress: client.address, serverAddress: server.address };
      return { client, server, ...addresses, windowBytes, async close() {} };
    },
  };
}

export const AGENT_PAIRS: readonly AgentPairs[] = [
  inMemory("agents in memory", 65_536, 4_093),
  // Every write is cut, and most have to wait.
  inMemory("agents with little room", 3_001, 509),
];
