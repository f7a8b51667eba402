/** `ringlane/socket`: sockets and servers of Node over an agent's streams. */
export { connectSocket } from "./connect.js";
export { NodeAgent, type OpenAgentOptions, openAgent } from "./open-agent.js";
export { AggregateServer, type AggregateServerOptions, createSocketServer } from "./server.js";
export { AggregateSocket, type AggregateSocketOptions, type SocketReadyState } from "./socket.js";
