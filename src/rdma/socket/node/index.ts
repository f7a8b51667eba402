/** `ringlane/socket`: sockets and servers of Node over an agent's streams. */
export { type ConnectSocketOptions, connectSocket } from "./connect.js";
export { AggregateServer, type AggregateServerOptions, createSocketServer } from "./server.js";
export { AggregateSocket, type AggregateSocketOptions, type SocketPlaces, type SocketReadyState } from "./socket.js";
