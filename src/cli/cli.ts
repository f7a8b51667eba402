#!/usr/bin/env node
/** The command line. Exit codes: 0 done, 1 something was found or failed, 2 bad usage. */
import { Command, CommanderError } from "commander";
import { DocumentError } from "../document/parse.js";
import { ConfigError, RinglaneError } from "../index.js";
import { finish } from "./arguments.js";
import { captureInfo } from "./capture-info.js";
import { captureVerify } from "./capture-verify.js";
import { dmaEstimate } from "./dma.js";
import { lagCommands } from "./lag/commands.js";
import { limitCommands } from "./limit/commands.js";
import { migrateCommands } from "./migrate/commands.js";
import { policyCommands } from "./policy/commands.js";
import { rdmaCommands } from "./rdma-estimate/commands.js";
import { rdmaLiveCommands } from "./rdma-live/commands.js";
import { runFile } from "./run.js";
import { tunnelCommands } from "./tunnel/commands.js";
import { version } from "./version.js";

const DONE = 0;
const FAILED = 1;
const BAD_USAGE = 2;

const program = new Command("ringlane")
  .description(
    "A WebAssembly packet engine: run scenarios, look into captures, spread them over links, put them into tunnels and out of them.",
  )
  .version(version())
  .exitOverride()
  .showHelpAfterError("(ringlane --help lists the commands)");

program
  .command("run")
  .description("run a scenario in virtual time; exit code 1 unless every frame comes out as it went in, and no other")
  .argument("<scenario.yaml>")
  .option("--out <dir>", "folder for underlay.pcapng and delivered.pcapng", "out")
  .option("--tables", "behind the page: every stream, move, set of uplinks, host, limit and drop")
  .option("--shrink", "when it fails, print as few of its faults as make it fail")
  .option("--json", "one JSON object on stdout")
  .action((file, options) => finish(runFile(file, options)));

const capture = program.command("capture").description("look into capture files (pcap, pcapng, .gz; - is stdin)");
capture
  .command("info")
  .description("what is in a capture")
  .argument("<file>")
  .option("--json", "one JSON object on stdout")
  .action((file, options) => finish(captureInfo(file, options)));
capture
  .command("verify")
  .description(
    "check every IPv4, TCP, UDP, ICMP and ICMPv6 checksum, also inside tunnels, and RDMA packets' CRCs; exit code 1 when one is wrong",
  )
  .argument("<file>")
  .option("--json", "one JSON object on stdout")
  .action((file, options) => finish(captureVerify(file, options)));

program
  .command("dma")
  .description("what single-DMA buffers would do to a capture's traffic: descriptors and copies, three ways")
  .argument("<file>")
  .option("--json", "one JSON object on stdout")
  .action((file, options) => finish(dmaEstimate(file, options)));

lagCommands(program.command("lag").description("which link of an aggregate each flow takes, and why"));
limitCommands(program.command("limit").description("limits of receive memory that follow need and health"));
migrateCommands(
  program
    .command("migrate")
    .description("whether a VM can move with its adapters' state, and what a move costs its senders"),
);
policyCommands(
  program.command("policy").description("who may send what to whom in overlay networks, and by which path"),
);

const rdma = program
  .command("rdma")
  .description("RDMA over UDP: what merging small messages would save, and a live pair of ends");
rdmaCommands(rdma);
rdmaLiveCommands(rdma);
tunnelCommands(program);

// Whoever reads our output may stop early (head, less): that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") process.exit(fail(error));
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

/** Says what went wrong and returns the exit code for it. commander has printed its own errors already. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : BAD_USAGE;
  console.error(`ringlane: ${error instanceof Error ? error.message : error}`);
  if (error instanceof ConfigError || error instanceof DocumentError) return BAD_USAGE;
  const isExpected = error instanceof RinglaneError || (error instanceof Error && "syscall" in error);
  if (!isExpected && error instanceof Error) console.error(error.stack);
  return FAILED;
}
