/** `ringlane rdma perf PEER`: how many messages, and bytes, a second. */
import { ConfigError } from "../../index.js";
import { facts, printJson } from "../report.js";
import { type ClientArguments, runClient } from "./client.js";
import { type PerfOptions, PerfWork } from "./perf-work.js";
import { packetFacts } from "./report.js";
import type { Session } from "./session.js";
import type { PerfOperation } from "./wish.js";

export interface PerfArguments extends ClientArguments {
  readonly operation: PerfOperation;
  readonly count?: number;
  /** In nanoseconds. */
  readonly duration?: number;
}

const NS_PER_MS = 1e6;
const DURATION_MS = 5000;
const BYTES_PER_MB = 1e6;

/** Exit code 0. */
export async function rdmaPerf(remote: string, asked: PerfArguments): Promise<number> {
  const { operation, count, duration, size: sizeBytes, mtu: mtuBytes, port, json } = asked;
  if (count !== undefined && count < 1) throw new ConfigError("--count", count, "a whole number from 1");
  if (count !== undefined && duration !== undefined)
    throw new ConfigError("--duration", duration, "left out with --count");
  const durationMs = duration === undefined ? (count === undefined ? DURATION_MS : Infinity) : duration / NS_PER_MS;
  const options: PerfOptions = { operation, sizeBytes, count: count ?? Infinity, durationMs };
  const makeWork = (session: Session) => new PerfWork(session, options);
  const { local, session, work, packets } = await runClient(remote, asked, { what: operation, sizeBytes }, makeWork);
  const { messages, seconds } = work;
  const messagesPerSecond = seconds > 0 ? messages / seconds : 0;
  const megabytesPerSecond = (messagesPerSecond * sizeBytes) / BYTES_PER_MB;
  if (json) {
    const { connectMs } = session;
    const figures = { messages, seconds, messagesPerSecond, megabytesPerSecond, connectMs, packets };
    printJson({ remote, local, port, operation, sizeBytes, mtuBytes, ...figures });
    return 0;
  }
  console.log(
    facts([
      ["operation", `${operation}, ${sizeBytes} bytes, path MTU ${mtuBytes}`],
      ["messages", messages],
      ["seconds", seconds],
      ["messages a second", messagesPerSecond],
      ["MB a second", megabytesPerSecond],
      ...packetFacts(packets),
    ]),
  );
  return 0;
}
