/** ringlane's public API. */

export { Frame } from "./buffer/frame.js";
export type { HeaderName } from "./buffer/headroom.js";
export type { Outgoing } from "./buffer/outgoing.js";
export type { Arrival } from "./buffer/pool.js";
export { Port, type PortOptions } from "./buffer/port.js";
export { Burst, type BurstFrame, type FrameVerdicts, type LayerVerdicts, type Verdict } from "./burst.js";
export * from "./capture/index.js";
export { causeText } from "./causes.js";
export type { Census } from "./census.js";
export type { PortCounters } from "./counters.js";
export * from "./directory/index.js";
export type { Driver } from "./driver/driver.js";
export { createHandover, type Handover, type HandoverOptions } from "./driver/handover/channel.js";
export { HandoverReceiver } from "./driver/handover/receiver.js";
export { HandoverSender } from "./driver/handover/sender.js";
export { Loopback, type Tap } from "./driver/loopback.js";
export { CaptureRecorder } from "./driver/recorder.js";
export { CaptureReplay } from "./driver/replay.js";
export { createEngine, Engine } from "./engine.js";
export type { EngineOptions } from "./engine-options.js";
export * from "./errors.js";
export * from "./flags.js";
export * from "./gqp/index.js";
export { GENERATIONS, type Generation } from "./hash/generations.js";
export { FlowHasher } from "./hash/hasher.js";
export { HASH_POLICIES, type HashOptions, type HashPolicy } from "./hash/options.js";
export * from "./host/index.js";
export * from "./lag/index.js";
export type { LagSizes } from "./lag/sizes.js";
export { HealthMonitor, type HealthMonitorCounters } from "./limit/health/monitor.js";
export type { HealthSizes } from "./limit/health/sizes.js";
export * from "./limit/index.js";
export * from "./limit/replay/index.js";
export { type Carriage, type OverlayMtu, overlayMtu, underlayMtuFor } from "./overlay/mtu.js";
export type { OverlayCounters } from "./overlay/plane/counters.js";
export type { OverlaySizes } from "./overlay/plane/sizes.js";
export * from "./overlay/policy/index.js";
export type { Tunnel, TunnelOptions } from "./overlay/tunnel.js";
export type {
  StreamAddress,
  StreamAgent,
  StreamEnd,
  StreamErrorCode,
  StreamHandler,
} from "./rdma/agent/stream.js";
export * from "./rdma/aggregate/index.js";
export * from "./rdma/estimate/index.js";
export * from "./rdma/socket/web/index.js";
export * from "./rdma/verbs/index.js";
export * from "./sim/index.js";
export { createFlowTable, FlowTable, type FlowTableOptions, type FlowTableStats, NOT_FOUND } from "./table/table.js";
export { Batch } from "./toolkit/batch.js";
export { createToolkit, Toolkit, type ToolkitOptions } from "./toolkit/toolkit.js";
export type { WasmSource } from "./wasm.js";
