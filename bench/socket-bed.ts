/**
 * Sockets in pairs, ours over agents and Node's over TCP on loopback: one writes, the other counts what comes. None keeps the process alive, which ends
 * when everything is measured.
 */
import { once } from "node:events";
import net from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { connectSocket, createSocketServer } from "../src/rdma/socket/node/index.js";
import { AgentBed } from "./agent-bed.js";

export interface SocketBed {
  readonly writers: readonly Duplex[];
  /** Bytes that came so far. */
  readonly taken: number;
  /** Lets what is under way arrive. */
  pump(): Promise<void>;
}

export async function aggregatedSockets(count: number): Promise<SocketBed> {
  const bed = await AgentBed.make({ pathMtu: 2048, clock: () => performance.now() });
  const [near, far] = bed.stations;
  let taken = 0;
  const server = createSocketServer(far.agent, {}, (socket) => {
    socket.unref();
    socket.on("data", (bytes: Uint8Array) => {
      taken += bytes.length;
    });
  });
  server.listen(80);
  server.unref();
  const to = { address: far.agent.address, port: 80 };
  const writers = Array.from({ length: count }, () => connectSocket(near.agent, to).unref());
  const pump = async () => {
    bed.pump(performance.now());
    await turn();
  };
  while (writers.some(({ connecting }) => connecting)) await pump();
  return {
    writers,
    get taken() {
      return taken;
    },
    pump,
  };
}

export async function tcpSockets(count: number): Promise<SocketBed> {
  let taken = 0;
  const server = net.createServer((socket) => {
    socket.unref();
    socket.on("data", (bytes) => {
      taken += bytes.length;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  const { port } = server.address() as net.AddressInfo;
  const writers: net.Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    writers.push(socket.unref());
  }
  return {
    writers,
    get taken() {
      return taken;
    },
    pump: async () => void (await turn()),
  };
}
