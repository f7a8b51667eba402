/** What commands share in what they are given, and in how they end. */
import { InvalidArgumentError } from "commander";
import { ConfigError, type PathMtuBytes, RDMA_PATH_MTUS } from "../index.js";

/** A whole number, for commander. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value)) throw new InvalidArgumentError("not a whole number");
  return value;
}

/** A path MTU in bytes, for commander. */
export function pathMtu(text: string): PathMtuBytes {
  const mtu = RDMA_PATH_MTUS.find((one) => one === number(text));
  if (mtu === undefined) throw new InvalidArgumentError(`must be one of ${RDMA_PATH_MTUS.join(", ")}`);
  return mtu;
}

export function noJsonOnDataStdout(out: string | undefined, options: { json?: boolean }): void {
  if (out === "-" && options.json)
    throw new ConfigError("--json", "used with - as output", "left out there: stdout is the capture");
}

/** Ends with the command's exit code. */
export async function finish(command: Promise<number>): Promise<void> {
  process.exitCode = await command;
}
