/**
 * Where an expectation of sockets is tested: on Node's own, over TCP on 127.0.0.1, which proves the expectation; and on aggregated ones, over
 * every pair of agents.
 */
import { type EventEmitter, once } from "node:events";
import net from "node:net";
import type { Duplex } from "node:stream";
import type { StreamAddress } from "../../src/rdma/agent/stream.js";
import {
  AggregateServer,
  type AggregateServerOptions,
  type AggregateSocketOptions,
  connectSocket,
} from "../../src/rdma/socket/node/index.js";
import { AGENT_PAIRS, type AgentPairs } from "./agent-pairs.js";

/** What both kinds of sockets have; that AggregateSocket has it, as net.Socket does, the compiler checks below. */
export type AnySocket = Duplex &
  Pick<
    net.Socket,
    | "connecting"
    | "pending"
    | "readyState"
    | "bytesRead"
    | "bytesWritten"
    | "bufferSize"
    | "remoteAddress"
    | "remotePort"
    | "remoteFamily"
    | "localAddress"
    | "localPort"
    | "localFamily"
    | "timeout"
    | "address"
    | "destroySoon"
  > & {
    setTimeout(timeoutMs: number, listener?: () => void): AnySocket;
    setNoDelay(noDelay?: boolean): AnySocket;
    setKeepAlive(enable?: boolean, initialDelayMs?: number): AnySocket;
    ref(): AnySocket;
    unref(): AnySocket;
    resetAndDestroy(): AnySocket;
  };

export interface AnyServer extends EventEmitter, AsyncDisposable {
  readonly listening: boolean;
  maxConnections?: number | undefined;
  address(): { address: string; family: string; port: number } | string | null;
  close(listener?: (error?: Error) => void): AnyServer;
  listen(where: number | { port: number }, listener?: () => void): AnyServer;
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
  ref(): AnyServer;
  unref(): AnyServer;
}

export interface SocketWorld {
  createServer(options?: AggregateServerOptions, listener?: (socket: AnySocket) => void): AnyServer;
  /** To a port of a server there. */
  connect(port: number, options?: AggregateSocketOptions, listener?: () => void): AnySocket;
  /** Where nobody listens. */
  readonly closedPort: number;
  /** How many bytes a stream holds between two sockets; unknown for TCP, whose kernel sizes its buffers as it likes. */
  readonly windowBytes: number | undefined;
  close(): Promise<void>;
}

export interface SocketWorlds {
  readonly name: string;
  open(): Promise<SocketWorld>;
}

/** Port 1 of 127.0.0.1 (tcpmux) is taken by nobody. */
const CLOSED_PORT = 1;

const TCP: SocketWorlds = {
  name: "net",
  async open() {
    return {
      createServer: (options = {}, listener) => net.createServer(options, listener),
      connect: (port, options = {}, listener) =>
        net.connect({ ...options, port, host: "127.0.0.1" } as net.TcpNetConnectOpts, listener),
      closedPort: CLOSED_PORT,
      windowBytes: undefined,
      async close() {},
    };
  },
};

function aggregated(pairs: AgentPairs): SocketWorlds {
  return {
    name: `aggregated: ${pairs.name}`,
    async open() {
      const pair = await pairs.open();
      const to = (port: number): StreamAddress => ({ address: pair.serverAddress, port });
      return {
        createServer: (options = {}, listener) => new AggregateServer(pair.server, options, listener),
        connect: (port, options = {}, listener) => connectSocket(pair.client, to(port), options, listener),
        closedPort: CLOSED_PORT,
        windowBytes: pair.windowBytes,
        close: () => pair.close(),
      };
    },
  };
}

export const SOCKET_WORLDS: readonly SocketWorlds[] = [TCP, ...AGENT_PAIRS.map(aggregated)];

/** Listens on a port that is free, and says which. */
export async function listening(server: AnyServer): Promise<number> {
  server.listen(0);
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

/** A connected pair of sockets, with the server that took it. */
export async function connected(
  world: SocketWorld,
  options: { server?: AggregateServerOptions; client?: AggregateSocketOptions } = {},
): Promise<{ client: AnySocket; peer: AnySocket; server: AnyServer; port: number }> {
  const server = world.createServer(options.server);
  const port = await listening(server);
  const taken = once(server, "connection");
  const client = world.connect(port, options.client);
  const [[peer]] = await Promise.all([taken, once(client, "connect")]);
  return { client, peer, server, port };
}

/** The names of a socket's events from now on, in order, until it is closed. */
export function events(socket: AnySocket, names: readonly string[]): { seen: string[]; closed: Promise<unknown[]> } {
  const seen: string[] = [];
  for (const name of names) socket.on(name, () => seen.push(name));
  return { seen, closed: new Promise((resolve) => socket.once("close", (...args) => resolve(args))) };
}

/** The error a socket ends with. */
export async function failure(socket: AnySocket): Promise<NodeJS.ErrnoException> {
  const [error] = await once(socket, "error");
  return error;
}

/** Everything up to the end; the socket is not destroyed, as it were by an iteration. */
export async function readAll(socket: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks);
}
