/** `ringlane migrate check INVENTORY.yaml --vm NAME`: where a VM can go, and field by field why not elsewhere. */
import { readFileSync } from "node:fs";
import { ConfigError, discoverTargets } from "../../index.js";
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
  const inventory = parseInventory(file, readFileSync(file, "utf8"));
  const vm = inventory.vms.get(name);
  if (!vm) throw new ConfigError("--vm", name, `one of ${[...inventory.vms.keys()].join(", ") || "none"}`);
  const candidates = discoverTargets(inventory, name, to === undefined ? {} : { to });
  if (json) printJson(checkReport(file, vm, candidates));
  else console.log(reportText(inventory, vm, candidates));
  return candidates[0]?.verdict === "native" ? 0 : 1;
}
