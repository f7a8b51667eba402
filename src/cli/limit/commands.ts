/** The commands under `ringlane limit`. */
import type { Command } from "commander";
import { finish, number } from "../arguments.js";
import { drainRate, drainStall } from "./drain.js";
import { limitReplay } from "./replay.js";
import { DEFAULT_MBUF_BYTES } from "./setting.js";

export function limitCommands(limit: Command): void {
  limit
    .command("replay")
    .description(
      "what limits of receive memory would have done on a capture: for each peer, and beside limits that never move",
    )
    .argument("<capture>", "pcap or pcapng, .gz; - for stdin, which is put aside in a temporary file")
    .option("--policy <file>", "how limits move (YAML), for all peers and for some")
    .option("--wall <mbufs>", "of all peers together; as many as their ceilings by default", number)
    .option("--mbuf-size <bytes>", `room in an mbuf (${DEFAULT_MBUF_BYTES})`, number)
    .option("--drain-rate <rate>", "frames a second that the consumer takes, or times the mean rate (1.25x)", drainRate)
    .option("--drain-stall <peer:from-to>", "when a peer's frames are not taken, in ms; again for more", drainStall)
    .option("--svg <file>", "a drawing of limits and occupancy over time")
    .option("--json", "one JSON object on stdout")
    .action((file, options) => finish(limitReplay(file, options)));
}
