/** The state of an RDMA device and its connections as sections of a state block (src/migrate/state). */

export { ConnectionsState } from "./connections/connections-state.js";
export type { ConnectionsImage, LinkImage, MachineImage } from "./connections/image.js";
export { DeviceState } from "./device/device-state.js";
export type { CqImage, DeviceImage, PathImage, QpImage, RegionImage } from "./device/image.js";
