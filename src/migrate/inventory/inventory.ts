/**
 * Who could take a VM: hosts with their adapters, and VMs with what they need.
 *
 *   const inventory = defineInventory({
 *     hosts: { alpha: { adapters: { nic0: { device: "15b3:101e", … } } }, beta: { … } },
 *     vms: { web1: { host: "alpha", vnics: { eth0: { adapter: "nic0", state: { format: "cx-vf", version: 5 }, needs: { … } } } } },
 *   });
 *   discoverTargets(inventory, "web1")[0]?.verdict; // "native"
 */
import * as v from "valibot";
import { boundOf } from "../../document/expectation.js";
import { unusablePath } from "../../document/unusable.js";
import { ConfigError } from "../../errors.js";
import { inventoryProblems } from "./problems.js";
import { mapRoom, type Room } from "./room.js";
import {
  type AdapterDefinition,
  type CheckedInventory,
  type FIRMWARE_RULES,
  type FormatDefinition,
  IDENTITY,
  type InventoryDefinition,
  InventorySchema,
  type LAG_MODES,
  type VnicDefinition,
} from "./schema.js";
import { rangeOf, type VersionRange } from "./versions.js";

export type IdentityField = (typeof IDENTITY)[number];
export type FirmwareRule = (typeof FIRMWARE_RULES)[number];
export type LagMode = (typeof LAG_MODES)[number];

/** What an adapter has and a vnic needs, and no vnic takes from another. */
interface Abilities {
  readonly mtuBytes: number;
  readonly uplinks: number;
  readonly lag: readonly LagMode[];
  readonly offloads: readonly string[];
  readonly headroomBytes: number;
}

export interface InventoryAdapter extends Abilities {
  readonly host: string;
  readonly name: string;
  /** PCI ids, as hexadecimal digits. */
  readonly identity: Readonly<Record<IdentityField, string>>;
  readonly firmware: string;
  /** By format. */
  readonly state: ReadonlyMap<string, { readonly reads?: VersionRange; readonly writes?: VersionRange }>;
  readonly total: Room;
  readonly free: Room;
}

export interface InventoryVnic extends Abilities {
  readonly name: string;
  readonly adapter: InventoryAdapter;
  readonly format: string;
  readonly version: number;
  readonly room: Room;
}

export interface InventoryHost {
  readonly name: string;
  readonly adapters: ReadonlyMap<string, InventoryAdapter>;
}

export interface InventoryVm {
  readonly name: string;
  readonly host: string;
  readonly vnics: readonly InventoryVnic[];
}

export interface StateFormat {
  readonly name: string;
  readonly same: readonly IdentityField[];
  readonly firmware: FirmwareRule;
  /** By version. */
  readonly added: ReadonlyMap<number, readonly string[]>;
}

export interface StateConversion {
  readonly from: string;
  /** Undefined: all. */
  readonly versions: VersionRange | undefined;
  readonly to: string;
  readonly version: number;
  readonly loses: readonly string[];
}

/** Hosts, VMs and formats by name, in the order in which they were said. */
export interface Inventory {
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  readonly vms: ReadonlyMap<string, InventoryVm>;
  /** Also those that only adapters name, with the defaults. */
  readonly formats: ReadonlyMap<string, StateFormat>;
  readonly conversions: readonly StateConversion[];
}

/** An inventory made in code. Throws ConfigError, which names the path, the value and the bound, for the first thing that is wrong. */
export function defineInventory(definition: InventoryDefinition): Inventory {
  const unusable = unusablePath(definition);
  if (unusable) throw new ConfigError(unusable.join("."), unusable.at(-1), "another key");
  const parsed = v.safeParse(InventorySchema, definition, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = (issue.path ?? []).map(({ key }) => String(key)).join(".");
    throw new ConfigError(path || "inventory", issue.input, issue.expected === "never" ? "left out" : boundOf(issue));
  }
  for (const { path, value, bound } of inventoryProblems(parsed.output)) {
    throw new ConfigError(path.join("."), value, bound);
  }
  return inventoryOf(parsed.output);
}

/** Of a definition that was checked. */
export function inventoryOf({ hosts, vms, formats, conversions }: CheckedInventory): Inventory {
  const made = mapOf(hosts, (name, { adapters }): InventoryHost => {
    return { name, adapters: mapOf(adapters, (adapter, said) => adapterOf(name, adapter, said)) };
  });
  const adapters = [...made.values()].flatMap((host) => [...host.adapters.values()]);
  const named = [...adapters.flatMap(({ state }) => [...state.keys()]), ...Object.keys(formats)];
  return {
    hosts: made,
    vms: mapOf(vms, (name, { host, vnics }): InventoryVm => {
      const own = made.get(host) as InventoryHost;
      const all = Object.entries(vnics).map(([vnic, said]) => {
        return vnicOf(vnic, own.adapters.get(said.adapter) as InventoryAdapter, said);
      });
      return { name, host, vnics: all };
    }),
    formats: new Map(named.map((name) => [name, formatOf(name, formats[name] ?? { same: IDENTITY, added: {} })])),
    conversions: conversions.map(({ from, to, version, versions, loses }) => {
      return { from, to, version, versions: versions === undefined ? undefined : rangeOf(versions), loses };
    }),
  };
}

function adapterOf(host: string, name: string, said: AdapterDefinition): InventoryAdapter {
  const [vendor, device] = said.device.toLowerCase().split(":") as [string, string];
  const revision = said.revision.toString(16).padStart(2, "0");
  return {
    host,
    name,
    identity: { vendor, device, subsystem: said.subsystem.toLowerCase(), revision },
    firmware: said.firmware,
    state: mapOf(said.state, (_, { reads, writes }) => ({
      ...(reads === undefined ? {} : { reads: rangeOf(reads) }),
      ...(writes === undefined ? {} : { writes: rangeOf(writes) }),
    })),
    total: mapRoom((kind) => said[kind].total),
    free: mapRoom((kind) => said[kind].free),
    mtuBytes: said.mtuBytes,
    uplinks: said.uplinks,
    lag: said.lag,
    offloads: said.offloads,
    headroomBytes: said.headroomBytes,
  };
}

function vnicOf(name: string, adapter: InventoryAdapter, { state, needs }: VnicDefinition): InventoryVnic {
  const { queuePairs, mbufs, functions, ...rest } = needs;
  return { name, adapter, ...state, room: { queuePairs, mbufs, functions }, ...rest };
}

function formatOf(name: string, { same, firmware, added }: FormatDefinition): StateFormat {
  const isOneModel = same.includes("vendor") && same.includes("device");
  const versions = Object.entries(added).map(([version, things]) => [Number(version), things] as const);
  return { name, same, firmware: firmware ?? (isOneModel ? "not-older" : "any"), added: new Map(versions) };
}

function mapOf<T, U>(record: Readonly<Record<string, T>>, make: (name: string, value: T) => U): Map<string, U> {
  return new Map(Object.entries(record).map(([name, value]) => [name, make(name, value)]));
}
