/** What `ringlane rdma serve`, `ping` and `perf` can be asked for. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { RDMA_PATH_MTUS } from "../../index.js";
import { number, pathMtu } from "../arguments.js";
import { duration, durationText } from "../duration.js";
import { PERF_OPERATIONS, SIZE_BYTES_MAX } from "./wish.js";

/** That of rping. */
const PORT = 7174;
const COUNT = 10;
const INTERVAL_NS = 100e6;
const HOUR_NS = 3600e9;

export function withServeOptions(command: Command): Command {
  return command
    .option("--bind <address>", "this end's address, IPv4 or IPv6", "127.0.0.1")
    .option("--port <port>", "port of the RDMA IP CM service, as rping's", number, PORT)
    .option("--once", "end with the first client")
    .option("--write <file>", "a capture of all packets");
}

export function withPingOptions(command: Command): Command {
  return withClientOptions(command, 64)
    .option("--count <messages>", "how many", number, COUNT)
    .addOption(
      new Option("--interval <time>", "from one to the next; 0: at once")
        .argParser(duration(0, HOUR_NS))
        .default(INTERVAL_NS, durationText(INTERVAL_NS)),
    );
}

export function withPerfOptions(command: Command): Command {
  return withClientOptions(command, 65_536)
    .addOption(new Option("--operation <name>", "what messages are").choices(PERF_OPERATIONS).default("write"))
    .option("--duration <time>", "how long (5s)", duration(1e6, HOUR_NS))
    .option("--count <messages>", "how many, instead of how long", number);
}

function withClientOptions(command: Command, size: number): Command {
  return command
    .option("--bind <address>", "this end's address: by default the one that leads there, 127.0.0.2 for 127.0.0.1")
    .option("--port <port>", "port of the RDMA IP CM service", number, PORT)
    .option("--size <bytes>", `of a message, 1 to ${SIZE_BYTES_MAX}`, messageSize, size)
    .option("--mtu <bytes>", `path MTU: ${RDMA_PATH_MTUS.join(", ")}`, pathMtu, 1024)
    .option("--write <file>", "a capture of all packets")
    .option("--json", "one JSON object on stdout");
}

function messageSize(text: string): number {
  const size = number(text);
  if (size < 1 || size > SIZE_BYTES_MAX) throw new InvalidArgumentError(`must be from 1 to ${SIZE_BYTES_MAX}`);
  return size;
}
