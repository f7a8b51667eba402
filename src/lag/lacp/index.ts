/** LACP and Marker (IEEE 802.1AX), without I/O: see docs/lacp.md. */
export type { LacpAction } from "./action.js";
export type { PortConversations } from "./agreement.js";
export { type Conversations, hasConversation } from "./conversations.js";
export { decodeLacpdu, encodeLacpdu, type Lacpdu } from "./lacpdu.js";
export { decodeMarker, encodeMarker, type MarkerPdu } from "./marker.js";
export type { LacpOptions, LacpPortOptions } from "./options.js";
export type { PortInfo } from "./port-info.js";
export { type PortStateFlags, stateFlags } from "./port-state.js";
export type { LacpPortReport, LinkEnd } from "./report.js";
export { SLOW_PROTOCOLS_ADDRESS, SLOW_PROTOCOLS_ETHERTYPE, type SlowFrameCause } from "./slow-protocol.js";
export { LacpSystem } from "./system.js";
export { type ConversationMasks, PORT_ALGORITHM, type Version2 } from "./version2.js";
