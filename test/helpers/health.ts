/** A monitor of connections' health in an engine, and the same frames through its twin. */
import { BURST_MAX } from "../../assembly/layout.js";
import type { Arrival } from "../../src/buffer/pool.js";
import type { Burst } from "../../src/burst.js";
import type { ConnectionHealth } from "../../src/limit/health/health.js";
import type { HealthMonitor } from "../../src/limit/health/monitor.js";
import type { HealthSizes } from "../../src/limit/health/sizes.js";
import type { Finding, TcpHealthModel } from "../model/tcp-health.js";
import { type Build, testEngine } from "./engines.js";

/** A frame on its way past the monitor. */
export interface Seen extends Arrival {
  readonly timestampNs: bigint;
  /** Which peer it counts for; undefined for nobody. */
  readonly peer?: number | undefined;
  readonly network?: number;
}

export class HealthBed {
  readonly burst: Burst;
  readonly monitor: HealthMonitor;

  readonly #isTunnelled: boolean;

  /** isTunnelled: frames are taken out of what they are in. */
  constructor(burst: Burst, monitor: HealthMonitor, isTunnelled = false) {
    this.burst = burst;
    this.monitor = monitor;
    this.#isTunnelled = isTunnelled;
  }

  /** Frames of one network, in bursts. */
  feed(frames: readonly Seen[], burstFrames = 32): void {
    for (let at = 0; at < frames.length; ) {
      const network = frames[at]?.network ?? 0;
      let end = at + 1;
      while (end < frames.length && end - at < burstFrames && (frames[end]?.network ?? 0) === network) end++;
      const part = frames.slice(at, end);
      at += this.burst.load(part);
      if (this.#isTunnelled) this.burst.decapsulate();
      this.burst.parse();
      this.burst.health(
        this.monitor,
        part.map(({ peer }) => peer),
        network,
      );
      this.burst.release();
    }
  }

  /** What each frame was found to be, by what it added to the counters of a peer made for it. */
  findings(frames: readonly Seen[]): Finding[] {
    const peer = this.monitor.open();
    const found = frames.map((frame) => {
      const { skipped } = this.monitor.counters;
      this.feed([{ ...frame, peer }]);
      const health = this.monitor.window(peer);
      const isSkipped = this.monitor.counters.skipped > skipped;
      return findingOf(health, isSkipped);
    });
    this.monitor.shut(peer);
    return found;
  }
}

export async function healthBed(build: Build, health: HealthSizes = {}, isTunnelled = false): Promise<HealthBed> {
  const engine = await testEngine({ mbufs: BURST_MAX, health }, build);
  return new HealthBed(engine.burst(), engine.healthMonitor(), isTunnelled);
}

function findingOf(health: ConnectionHealth, skipped: boolean): Finding {
  return {
    ...(skipped && { skipped }),
    ...(health.segments > 0 && { segment: true }),
    ...(health.dataSegments > 0 && { data: true }),
    ...(health.retransmissions > 0 && { retransmission: true }),
    ...(health.outOfOrder > 0 && { outOfOrder: true }),
    ...(health.duplicateAcks > 0 && { duplicateAck: true }),
    ...(health.zeroWindows > 0 && { zeroWindow: true }),
    ...(health.roundTripMs && { roundTripUs: Math.round(health.roundTripMs.least * 1000) }),
  };
}

/** What the twin finds of the same frames. */
export function modelFindings(model: TcpHealthModel, frames: readonly Seen[]): Finding[] {
  return frames.map(({ data, timestampNs, network, originalLength }) =>
    model.observe(data, timestampNs, network, originalLength),
  );
}

/** A peer's health by what the twin found of its frames. */
export function sumOf(frames: readonly Seen[], findings: readonly Finding[]): ConnectionHealth {
  const count = (name: keyof Finding) => findings.filter((finding) => finding[name]).length;
  const trips = findings.flatMap(({ roundTripUs }) => (roundTripUs === undefined ? [] : [roundTripUs]));
  const bytes = frames.flatMap(({ data }, i) => (findings[i]?.segment ? [data.length] : []));
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  return {
    segments: count("segment"),
    dataSegments: count("data"),
    retransmissions: count("retransmission"),
    outOfOrder: count("outOfOrder"),
    duplicateAcks: count("duplicateAck"),
    zeroWindows: count("zeroWindow"),
    roundTrips: trips.length,
    ...(trips.length > 0 && { roundTripMs: { least: Math.min(...trips) / 1000, mean: mean(trips) / 1000 } }),
    ...(bytes.length > 0 && { bytesPerMbuf: mean(bytes) }),
  };
}
