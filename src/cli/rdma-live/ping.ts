/** `ringlane rdma ping PEER`: how long an RDMA message takes there and back. */
import { ConfigError } from "../../index.js";
import { facts, printJson } from "../report.js";
import { type ClientArguments, runClient } from "./client.js";
import { PingWork } from "./ping-work.js";
import { packetFacts } from "./report.js";
import { rttSummary } from "./rtt.js";

export interface PingArguments extends ClientArguments {
  readonly count: number;
  /** In nanoseconds. */
  readonly interval: number;
}

const NS_PER_MS = 1e6;

/** Exit code 0, or 1 when it ended before as many as were asked for had come back. */
export async function rdmaPing(remote: string, asked: PingArguments): Promise<number> {
  const { count, size: sizeBytes, json = false } = asked;
  if (count < 1) throw new ConfigError("--count", count, "a whole number from 1");
  const replied = (sequence: number, rttMs: number) => {
    if (!json) console.log(`${sizeBytes} bytes from ${remote}: seq=${sequence} time=${rttMs.toFixed(3)} ms`);
  };
  const options = { sizeBytes, count, intervalMs: asked.interval / NS_PER_MS, replied };
  const makeWork = (session: ConstructorParameters<typeof PingWork>[0]) => new PingWork(session, options);
  const { local, session, work, packets } = await runClient(remote, asked, { what: "ping", sizeBytes }, makeWork);
  const rttUs = rttSummary(work.rttsMs);
  const counts = { sent: work.sent, received: work.rttsMs.length };
  if (json) {
    printJson({
      remote,
      local,
      port: asked.port,
      mtuBytes: asked.mtu,
      sizeBytes,
      ...counts,
      connectMs: session.connectMs,
      rttUs,
      packets,
    });
  } else {
    const rtt =
      rttUs && (["min", "avg", "p50", "p99", "max"] as const).map((name) => `${name} ${rttUs[name].toFixed(1)}`);
    console.log();
    console.log(
      facts([
        ["messages", `${counts.sent} sent, ${counts.received} came back as they were sent`],
        ["round trip, us", rtt?.join(", ")],
        ["connecting, ms", session.connectMs],
        ...packetFacts(packets),
      ]),
    );
  }
  return counts.received === count ? 0 : 1;
}
