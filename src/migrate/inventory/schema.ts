/**
 * What an inventory may say: hosts with their adapters, VMs with their vnics, what formats demand, which conversions there are. The schema
 * says shapes, words and bounds; what refers to what is in problems.ts. Both hold for files (parse.ts) and for inventories made in code.
 */
import * as v from "valibot";
import { Name, Word } from "../../document/words.js";

/** Properties of the device itself (PCI Local Bus Specification 3.0, sections 6.2.1 and 6.2.4). */
export const IDENTITY = ["vendor", "device", "subsystem", "revision"] as const;
/** How the target's firmware stands to that which wrote the state. */
export const FIRMWARE_RULES = ["same", "not-older", "any"] as const;
export const LAG_MODES = ["active-backup", "static", "lacp", "selective"] as const;

const COUNT_MAX = 2 ** 31 - 1;
const UPLINKS_MAX = 32;
/** RFC 791: every internet module must forward 68 bytes. */
const MTU_MIN = 68;
const MTU_MAX = 65535;
const REVISION_MAX = 0xff;
const VERSION_MAX = 9999;

const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(COUNT_MAX));
const Uplinks = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(UPLINKS_MAX));
const Mtu = v.pipe(v.number(), v.integer(), v.minValue(MTU_MIN), v.maxValue(MTU_MAX));
const Version = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(VERSION_MAX));
/** Text of a form. Of a string schema alone whoever wrote a number would only hear "string". */
const text = (form: RegExp, words: string) => v.union([v.pipe(v.string(), v.regex(form, words)), v.never()], words);
const VersionText = text(/^\d{1,4}-\d{1,4}$/, 'a version, or a range such as "3-5"');
const Versions = v.lazy((input) => (typeof input === "number" ? Version : VersionText));
const PciPair = text(/^[0-9a-f]{4}:[0-9a-f]{4}$/i, "two PCI ids in hexadecimal, as lspci -nn prints them: 15b3:101e");
/** In quotes, since YAML takes 1.10 for the number 1.1. */
const Firmware = text(/^\d{1,9}(\.\d{1,9}){0,7}$/, 'a version of dotted numbers, in quotes: "22.41.1000"');

const Names = v.optional(v.pipe(v.array(Name), v.readonly()), []);
const LagModes = v.optional(v.pipe(v.array(v.picklist(LAG_MODES)), v.readonly()), []);
const Things = v.pipe(v.array(Word), v.readonly());

const Capacity = v.strictObject({ total: Count, free: Count });

const AdapterSchema = v.strictObject({
  /** PCI vendor and device. */
  device: PciPair,
  /** Vendor and device of the board that it is on. */
  subsystem: PciPair,
  /** lspci prints it in hexadecimal: 0x10. */
  revision: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(REVISION_MAX)),
  firmware: Firmware,
  /** By format of state: the versions that can be inserted, and those that can be extracted. */
  state: v.record(Name, v.strictObject({ reads: v.optional(Versions), writes: v.optional(Versions) })),
  queuePairs: Capacity,
  mbufs: Capacity,
  /** Virtual functions. */
  functions: Capacity,
  mtuBytes: Mtu,
  uplinks: Uplinks,
  lag: LagModes,
  offloads: Names,
  /** Room in front of a frame for the headers to come. */
  headroomBytes: v.optional(Count, 0),
});

const NeedsSchema = v.strictObject({
  queuePairs: Count,
  mbufs: Count,
  functions: v.optional(Count, 1),
  mtuBytes: Mtu,
  /** Size of its set of uplinks. */
  uplinks: v.optional(Uplinks, 1),
  lag: LagModes,
  offloads: Names,
  headroomBytes: v.optional(Count, 0),
});

const VnicSchema = v.strictObject({
  /** Of the VM's host. */
  adapter: Name,
  state: v.strictObject({ format: Name, version: Version }),
  needs: NeedsSchema,
});

const FormatSchema = v.strictObject({
  /** Properties of the adapters that must be equal for a state of the format to be inserted; all by default. */
  same: v.optional(v.pipe(v.array(v.picklist(IDENTITY)), v.readonly()), IDENTITY),
  /** "not-older" by default; "any" where vendor and device may differ, since nothing can then be compared. */
  firmware: v.optional(v.picklist(FIRMWARE_RULES)),
  /** What each version added, so that it can be told what an older one loses. */
  added: v.optional(v.record(v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/, "a version, from 1")), Things), {}),
});

const ConversionSchema = v.strictObject({
  from: Name,
  /** Versions that it takes; all by default. */
  versions: v.optional(Versions),
  to: Name,
  /** The version that it makes. */
  version: Version,
  loses: v.optional(Things, []),
});

export const InventorySchema = v.strictObject({
  hosts: v.record(Name, v.strictObject({ adapters: v.record(Name, AdapterSchema) })),
  vms: v.optional(v.record(Word, v.strictObject({ host: Name, vnics: v.record(Name, VnicSchema) })), {}),
  formats: v.optional(v.record(Name, FormatSchema), {}),
  conversions: v.optional(v.pipe(v.array(ConversionSchema), v.readonly()), []),
});

/** An inventory as it is written, and with its defaults. */
export type InventoryDefinition = Unchanged<v.InferInput<typeof InventorySchema>>;
export type HostDefinition = InventoryDefinition["hosts"][string];
export type VmDefinition = NonNullable<InventoryDefinition["vms"]>[string];
export type FormatDefinitions = NonNullable<InventoryDefinition["formats"]>;
export type CheckedInventory = v.InferOutput<typeof InventorySchema>;
export type AdapterDefinition = v.InferOutput<typeof AdapterSchema>;
export type VnicDefinition = v.InferOutput<typeof VnicSchema>;
export type FormatDefinition = v.InferOutput<typeof FormatSchema>;
export type ConversionDefinition = v.InferOutput<typeof ConversionSchema>;

/** Callers' objects are not written to. */
type Unchanged<T> = T extends readonly (infer Item)[]
  ? readonly Unchanged<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Unchanged<T[K]> }
    : T;
