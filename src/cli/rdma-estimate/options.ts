/** What `ringlane rdma estimate` can be asked for. */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  RDMA_ESTIMATE_BOUNDS,
  RDMA_ESTIMATE_OPERATIONS,
  RDMA_PATH_MTUS,
  type RdmaEstimateOperation,
} from "../../index.js";
import { number, pathMtu } from "../arguments.js";
import { duration, durationText } from "../duration.js";

const DEFAULT_WINDOW_NS = 100_000;
/** Beside the one that was asked for. */
const WINDOWS_US = [0, 10, 20, 50, 100, 200, 500, 1000];
const NS_PER_US = 1000;

export interface EstimateArguments {
  /** In nanoseconds. */
  readonly window: number;
  readonly mtu?: number;
  readonly limit?: number;
  readonly count?: number;
  readonly operation?: RdmaEstimateOperation;
  readonly svg?: string;
  readonly json?: boolean;
}

export function withEstimateOptions(command: Command): Command {
  const [windowMin, windowMax] = RDMA_ESTIMATE_BOUNDS.windowNs;
  return command
    .addOption(
      new Option("--window <time>", "how long a message waits for others at most")
        .argParser(duration(windowMin, windowMax))
        .default(DEFAULT_WINDOW_NS, durationText(DEFAULT_WINDOW_NS)),
    )
    .option("--mtu <bytes>", `path MTU: ${RDMA_PATH_MTUS.join(", ")} (1024)`, pathMtu)
    .option(
      "--limit <bytes>",
      "an aggregate at most (a path MTU, and 2048 or more)",
      within(RDMA_ESTIMATE_BOUNDS.limitBytes),
    )
    .option("--count <messages>", "an aggregate at most (64)", within(RDMA_ESTIMATE_BOUNDS.messagesMax))
    .addOption(
      new Option("--operation <name>", "how transfers go, before and after (write)").choices(RDMA_ESTIMATE_OPERATIONS),
    )
    .option("--svg <file>", "a drawing of utilization, transfers and delay over windows")
    .option("--json", "one JSON object on stdout");
}

/** In order, each once. */
export function windowsAround(windowNs: number): number[] {
  const all = new Set([...WINDOWS_US.map((us) => us * NS_PER_US), windowNs]);
  return [...all].toSorted((a, b) => a - b);
}

function within([min, max]: readonly [number, number]): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (value < min || value > max) throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`);
    return value;
  };
}
