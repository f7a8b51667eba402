/** ringlane's public API. */

export { Frame } from "./buffer/frame.js";
export type { HeaderName } from "./buffer/headroom.js";
export type { Outgoing } from "./buffer/outgoing.js";
export type { Arrival } from "./buffer/pool.js";
export { Port, type PortOptions } from "./buffer/port.js";
export { Burst, type BurstFrame, type FrameVerdicts, type LayerVerdicts, type Verdict } from "./burst.js";
export * from "./capture/index.js";
export type { Census } from "./census.js";
export { causeText, type PortCounters } from "./counters.js";
export type { Driver } from "./driver/driver.js";
export { createHandover, type Handover, type HandoverOptions } from "./driver/handover/channel.js";
export { HandoverReceiver } from "./driver/handover/receiver.js";
export { HandoverSender } from "./driver/handover/sender.js";
export { Loopback, type Tap } from "./driver/loopback.js";
export { CaptureRecorder } from "./driver/recorder.js";
export { CaptureReplay } from "./driver/replay.js";
export { createEngine, Engine, type EngineOptions } from "./engine.js";
export * from "./errors.js";
export * from "./flags.js";
export type { Tunnel, TunnelOptions } from "./overlay/tunnel.js";
export { createFlowTable, FlowTable, type FlowTableOptions, type FlowTableStats, NOT_FOUND } from "./table/table.js";
export { Batch } from "./toolkit/batch.js";
export { createToolkit, Toolkit, type ToolkitOptions } from "./toolkit/toolkit.js";
export type { WasmSource } from "./wasm.js";
