/** Connections of a device's queue pairs, made and ended by the communication manager's messages. */
export { ConnectionManager } from "./connection-manager.js";
export type { ConnectionEvent, DisconnectReason } from "./event.js";
export { flowLabelPort } from "./flow-label.js";
export type { ManagementCounters } from "./management.js";
export type { AcceptRequest, ConnectionManagerOptions, ConnectRequest } from "./options.js";
