/**
 * What ringlane's software adapter calls itself in an inventory. It is no PCI device, and every vendor id that has been given out is somebody's
 * (1af4, of virtio devices, is Red Hat's), so its vendor is ffff: what a bus reads where no device answers, which PCI Local Bus
 * Specification 3.0, section 6.2.1, calls invalid for a vendor. The device is the adapter's model, the revision its own.
 */
import type { FormatDefinitions } from "../inventory/schema.js";

export const SOFTWARE_ADAPTER = { device: "ffff:0001", subsystem: "ffff:0001", revision: 1 } as const;

/** The one adapter of a live host, by its name in the inventory. */
export const ADAPTER_NAME = "ringlane";

/** A partition's state as this adapter has it, and as any adapter could have it. */
export const PARTITION_FORMAT = "ringlane-partition";
export const PORTABLE_FORMAT = "ringlane-portable";
export const STATE_VERSION = 1;

/** For an inventory's `formats`: the portable form does not ask what device it comes to. */
export const RINGLANE_FORMATS: FormatDefinitions = { [PORTABLE_FORMAT]: { same: [] } };
