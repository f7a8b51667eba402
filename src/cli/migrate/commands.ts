/** The commands under `ringlane migrate`. */
import type { Command } from "commander";
import { finish } from "../arguments.js";
import { migrateBench } from "./bench.js";
import { withBenchOptions } from "./bench-options.js";
import { migrateCheck } from "./check.js";

export function migrateCommands(migrate: Command): void {
  migrate
    .command("check")
    .description(
      "where a VM can go with its adapters' state, and field by field why not elsewhere; exit code 1 when nowhere as it is",
    )
    .argument("<inventory.yaml>", "hosts with their adapters, and VMs with what they need")
    .requiredOption("--vm <name>", "the VM that is to move")
    .option("--to <host>", "only this host")
    .option("--json", "one JSON object on stdout")
    .action((file, options) => finish(migrateCheck(file, options)));
  withBenchOptions(
    migrate
      .command("bench")
      .description(
        "what senders lose while a VM moves, by how the network learns of it: bridges, announcements, EVPN routes, ringlane's directory",
      ),
  ).action((options) => finish(migrateBench(options)));
}
