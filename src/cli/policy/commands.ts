/** The commands under `ringlane policy`. */
import type { Command } from "commander";
import { finish } from "../arguments.js";
import { policyCheck } from "./check.js";

export function policyCommands(policy: Command): void {
  policy
    .command("check")
    .description(
      "whether one may send to another, by which rule and which path; without --from and --to, who may in all",
    )
    .argument("<policy.yaml>", "networks, and endpoints and hosts where there are any")
    .option("--from <endpoint>", "its name, its partition's, or its address")
    .option("--to <endpoint>", "the same, with port and protocol: db1:5432/tcp, db1/icmp, [fd00::2]:53/udp")
    .option("--json", "one JSON object on stdout")
    .action((file, options) => finish(policyCheck(file, options)));
}
