/** What two hosts' stream agents can be joined by: tests of sockets run over each of them. */
import type { StreamAgent } from "../../src/rdma/agent/stream.js";
import { openAgent } from "../../src/rdma/socket/node/index.js";
import { wasmBytes } from "./engines.js";
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

/** Two agents of one process over UDP on loopback, at addresses that no other test has. */
function overUdp(name: string, aggregates: boolean): AgentPairs {
  return {
    name,
    async open() {
      const [a, b] = [`127.77.${process.pid & 0xff}.1`, `127.77.${process.pid & 0xff}.2`];
      const wasm = wasmBytes("release");
      const client = await openAgent({ local: a, wasm, aggregates });
      const server = await openAgent({ local: b, wasm, aggregates });
      const close = async () => {
        await client.close();
        await server.close();
      };
      // What a session lets a peer send, and what it takes from a writer.
      const windowBytes = 262_144 + 65_536;
      return { client, server, clientAddress: a, serverAddress: b, windowBytes, close };
    },
  };
}

export const AGENT_PAIRS: readonly AgentPairs[] = [
  inMemory("agents in memory", 65_536, 4_093),
  // Every write is cut, and most have to wait.
  inMemory("agents with little room", 3_001, 509),
  overUdp("agents over UDP", true),
];
