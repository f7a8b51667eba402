/** `ringlane migrate check INVENTORY.yaml --vm NAME`: where a VM can go, and field by field why not elsewhere. */
import { readFileSync } from "node:fs";
import {
  ConfigError,
  discoverTargets,
  type Inventory,
  type InventoryVm,
  type MigrationCandidate,
} from "../../index.js";
import { parseInventory } from "../../migrate/inventory/parse.js";
import { printJson } from "../report.js";
import { checkReport } from "./check-json.js";
import { reportText } from "./report.js";

export interface CheckOptions {
  readonly vm: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Exit code 0 when the VM can go somewhere as it is; 1 when it cannot, or only with a conversion. */
export async function migrateCheck(file: string, { vm: name, to, json }: CheckOptions): Promise<number> {
  const inventory = parseInventory(file, textOf(file));
  const candidates = candidatesFor(inventory, name, to);
  const vm = inventory.vms.get(name) as InventoryVm;
  if (json) printJson(checkReport(file, vm, candidates));
  else console.log(reportText(inventory, vm, candidates));
  return candidates[0]?.verdict === "native" ? 0 : 1;
}

/** A file that cannot be read is bad input here: 1 is an answer. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      "inventory",
      file,
      `a file that can be read (${error instanceof Error ? error.message : error})`,
    );
  }
}

/** The argument that the library names is an option here. */
function candidatesFor(inventory: Inventory, vm: string, to: string | undefined): MigrationCandidate[] {
  try {
    return discoverTargets(inventory, vm, to === undefined ? {} : { to });
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`--${error.argument}`, error.value, error.bound);
    throw error;
  }
}
