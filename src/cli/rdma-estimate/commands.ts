/** The commands under `ringlane rdma`. */
import type { Command } from "commander";
import { finish } from "../arguments.js";
import { rdmaEstimate } from "./estimate.js";
import { withEstimateOptions } from "./options.js";

export function rdmaCommands(rdma: Command): void {
  const estimate = rdma
    .command("estimate")
    .description(
      "what merging several sockets' small messages into one RDMA transfer would have done on a capture, by destination",
    )
    .argument("<capture>", "pcap or pcapng, .gz; - for stdin");
  withEstimateOptions(estimate).action((file, options) => finish(rdmaEstimate(file, options)));
}
