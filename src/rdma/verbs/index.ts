/** Verbs: what an RDMA device can do, in libibverbs' terms. */
export { Address } from "./address.js";
export { type Completion, CompletionQueue } from "./completion.js";
export type { RdmaCounters } from "./counters.js";
export { RdmaDevice, type RdmaOptions } from "./device.js";
export type { InitOptions, ModifyOptions, Mtu, PlainState, RtrOptions, RtsOptions } from "./modify.js";
export type { AddressOptions } from "./path.js";
export { ProtectionDomain } from "./protection-domain.js";
export { type QpOptions, QueuePair } from "./queue-pair.js";
export { type Access, MemoryRegion, type RegionOptions } from "./region.js";
export type { ReceiveRequest, Run, SendRequest } from "./requests.js";
export type { RdmaLimits, RdmaSizes } from "./sizes.js";
export type { CompletionOpcode, Icrc, QpState, SendOpcode, WcStatus } from "./words.js";
