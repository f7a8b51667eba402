/** Inventories of hosts, adapters and VMs, as embedders see them; parse reads one from YAML, for the command line. */
export {
  defineInventory,
  type FirmwareRule,
  type IdentityField,
  type Inventory,
  type InventoryAdapter,
  type InventoryHost,
  type InventoryVm,
  type InventoryVnic,
  type LagMode,
  type StateConversion,
  type StateFormat,
} from "./inventory.js";
export type { Room, RoomKind } from "./room.js";
export type { FormatDefinitions, HostDefinition, InventoryDefinition, VmDefinition } from "./schema.js";
export type { VersionRange } from "./versions.js";
