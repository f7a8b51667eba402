/**
 * Runs a scenario: hosts are engines, the underlay is a cable or several, captures are replayed from partition to partition, and
 * every delivered frame is compared with the one that was sent.
 */
import {
  type Arrival,
  CaptureError,
  CaptureReader,
  CaptureRecorder,
  CaptureReplay,
  type CaptureSource,
  type CaptureWriter,
  LINKTYPE_ETHERNET,
  type Port,
  type WasmSource,
} from "../index.js";
import { Cables } from "./cables.js";
import { type Host, startHosts, vnicOf } from "./hosts.js";
import { reportOf } from "./report.js";
import type { Replay, Scenario } from "./schema.js";
import { Witness } from "./witness.js";

export interface ScenarioFiles {
  /** Opens the capture of each replay, in their order; called once for each way that its frames go. */
  readonly captures: readonly (() => CaptureSource)[];
  /** Takes what crosses the underlay, and what the receiving partitions get. The caller closes both. */
  readonly underlay: CaptureWriter;
  readonly delivered: CaptureWriter;
  readonly wasm?: WasmSource;
}

export type ScenarioReport = Awaited<ReturnType<typeof runScenario>>;

/** A damaged capture is replayed up to the damage. Rejects with ConfigError, or with what a writer's sink fails with. */
export async function runScenario(scenario: Scenario, files: ScenarioFiles) {
  const hosts = await startHosts(scenario, files.wasm);
  const underlay = new UnderlayFile(files.underlay, hosts);
  const cables = new Cables(scenario, hosts, underlay.tap);
  const streams = scenario.replays.flatMap((replay, i) => {
    const open = files.captures[i] as () => CaptureSource;
    return waysOf(scenario, replay).map((way) => new Stream(way, hosts, open(), files.delivered));
  });
  let engineMs = 0;
  let moved = 1;
  while (moved > 0 || !streams.every(({ isDone }) => isDone)) {
    moved = 0;
    for (const stream of streams) moved += await stream.send();
    for (const { engine } of hosts.values()) {
      const before = performance.now();
      moved += engine.poll();
      engineMs += performance.now() - before;
    }
    moved += cables.pump(streams.reduce((sum, { sent }) => sum + sent, 0));
    for (const stream of streams) moved += await stream.deliver();
    await underlay.written;
  }
  const report = reportOf(scenario, hosts, streams, engineMs);
  for (const { engine } of hosts.values()) engine.close();
  return report;
}

/** Frames of a capture that go from one partition to another. */
interface Way {
  readonly from: string;
  readonly to: string;
  readonly takes: (frame: Arrival) => boolean;
}

/** What comes from an address of the receiving partition goes the other way; without addresses all goes one way. */
function waysOf({ hosts }: Scenario, { from, to }: Replay): Way[] {
  const macs = Object.values(hosts).flatMap(({ partitions }) => partitions[to]?.macs ?? []);
  const replies = new Set(macs.map((mac) => mac.toLowerCase()));
  const isReply = ({ data }: Arrival) => replies.has(hexOf(data.subarray(6, 12)));
  const there = { from, to, takes: (frame: Arrival) => !isReply(frame) };
  return replies.size === 0 ? [there] : [there, { from: to, to: from, takes: isReply }];
}

function hexOf(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Those frames on their way. */
export class Stream {
  readonly from: Port;
  readonly to: Port;
  readonly witness = new Witness();
  damage: CaptureError | undefined;
  readonly #replay: CaptureReplay;
  readonly #recorder: CaptureRecorder;
  #sent = 0;

  constructor({ from, to, takes }: Way, hosts: ReadonlyMap<string, Host>, capture: CaptureSource, file: CaptureWriter) {
    this.from = vnicOf(hosts, from);
    this.to = vnicOf(hosts, to);
    const delivery = file.addInterface({ linkType: LINKTYPE_ETHERNET, name: to });
    this.#recorder = new CaptureRecorder(this.to, file, delivery, (frame) =>
      this.witness.delivered(frame.spans, frame.originalLength),
    );
    const arrived = (frame: Arrival) => {
      this.#sent++;
      this.witness.sent(frame);
    };
    this.#replay = new CaptureReplay(this.from, new CaptureReader(capture), arrived, takes);
  }

  get isDone(): boolean {
    return this.#replay.isDone || this.damage !== undefined;
  }

  /** Frames that the partition's port has taken. */
  get sent(): number {
    return this.#sent;
  }

  /** Packets of link types that the engine does not take. */
  get notTaken(): number {
    return this.#replay.skipped;
  }

  /** The next frames arrive at the sending partition's port; returns how many. */
  async send(): Promise<number> {
    if (this.damage) return 0;
    try {
      return await this.#replay.pump();
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.damage = error;
      return 0;
    }
  }

  /** Writes and compares what the receiving partition has got; returns how many frames. */
  deliver(): Promise<number> {
    return this.#recorder.pump();
  }
}

/** Writes what crosses the cables: an interface for each uplink, and with each frame how many descriptors it took. */
class UnderlayFile {
  readonly #writer: CaptureWriter;
  readonly #interfaces = new Map<Port, number>();
  written: Promise<void> | undefined;

  constructor(writer: CaptureWriter, hosts: ReadonlyMap<string, Host>) {
    this.#writer = writer;
    for (const [host, { uplinks, group }] of hosts) {
      for (const uplink of uplinks) {
        const name = group ? `${host} ${uplink.name}` : host;
        this.#interfaces.set(uplink, writer.addInterface({ linkType: LINKTYPE_ETHERNET, name }));
      }
    }
  }

  readonly tap = (frame: { timestampNs: bigint; spans: readonly Uint8Array[]; originalLength: number }, port: Port) => {
    const { timestampNs, spans, originalLength } = frame;
    const comments = [`dma_desc=${spans.length}`];
    const interfaceId = this.#interfaces.get(port);
    this.written = this.#writer.write({ timestampNs, data: spans, originalLength, comments, interfaceId });
  };
}
