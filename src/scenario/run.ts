/**
 * Runs a scenario: hosts are engines, the underlay is a cable, a capture is replayed from one partition to another, and
 * every delivered frame is compared with the one that was sent.
 */
import {
  CaptureError,
  CaptureReader,
  CaptureRecorder,
  CaptureReplay,
  type CaptureSource,
  type CaptureWriter,
  createEngine,
  type Engine,
  LINKTYPE_ETHERNET,
  Loopback,
  type Port,
  type WasmSource,
} from "../index.js";
import type { Scenario } from "./schema.js";
import { Witness } from "./witness.js";

export interface ScenarioFiles {
  readonly capture: CaptureSource;
  /** Takes what crosses the underlay, and what the receiving partition gets. The caller closes both. */
  readonly underlay: CaptureWriter;
  readonly delivered: CaptureWriter;
  readonly wasm?: WasmSource;
}

export type ScenarioReport = Awaited<ReturnType<typeof runScenario>>;

interface Host {
  readonly engine: Engine;
  readonly uplink: Port;
  readonly vnics: ReadonlyMap<string, Port>;
}

/** What a run has seen. */
interface Outcome {
  readonly from: Port;
  readonly to: Port;
  readonly witness: Witness;
  readonly engineMs: number;
  /** Packets of link types that the engine does not take. */
  readonly notTaken: number;
  readonly damage: CaptureError | undefined;
}

/** A damaged capture is replayed up to the damage. Rejects with ConfigError, or with what a writer's sink fails with. */
export async function runScenario(scenario: Scenario, files: ScenarioFiles) {
  const hosts = await startHosts(scenario, files.wasm);
  const [left, right] = [...hosts.values()] as [Host, Host];
  const from = vnicOf(hosts, scenario.replay.from);
  const to = vnicOf(hosts, scenario.replay.to);
  const witness = new Witness();

  const interfaceOf = new Map<Port, number>();
  for (const [name, { uplink }] of hosts) {
    interfaceOf.set(uplink, files.underlay.addInterface({ linkType: LINKTYPE_ETHERNET, name }));
  }
  let written: Promise<void> | undefined;
  const cable = new Loopback(left.uplink, right.uplink, ({ timestampNs, spans, originalLength }, port) => {
    const comments = [`dma_desc=${spans.length}`];
    const interfaceId = interfaceOf.get(port);
    written = files.underlay.write({ timestampNs, data: spans, originalLength, comments, interfaceId });
  });
  const delivery = files.delivered.addInterface({ linkType: LINKTYPE_ETHERNET, name: scenario.replay.to });
  const recorder = new CaptureRecorder(to, files.delivered, delivery, (frame) =>
    witness.delivered(frame.spans, frame.originalLength),
  );
  const replay = new CaptureReplay(from, new CaptureReader(files.capture), (frame) => witness.sent(frame));

  let damage: CaptureError | undefined;
  let engineMs = 0;
  let moved = 1;
  while (moved > 0 || !(replay.isDone || damage)) {
    moved = await replay.pump().catch((error: unknown) => {
      if (!(error instanceof CaptureError)) throw error;
      damage = error;
      return 0;
    });
    for (const { engine } of hosts.values()) {
      const before = performance.now();
      moved += engine.poll();
      engineMs += performance.now() - before;
    }
    moved += cable.pump() + (await recorder.pump());
    await written;
  }
  const report = reportOf(scenario, hosts, { from, to, witness, engineMs, notTaken: replay.skipped, damage });
  for (const { engine } of hosts.values()) engine.close();
  return report;
}

async function startHosts({ engine: options, hosts: described, networks }: Scenario, wasm: WasmSource | undefined) {
  const hosts = new Map<string, Host>();
  for (const [name, { address, partitions }] of Object.entries(described)) {
    const { udpChecksum, ...sizes } = options;
    const ip = address.includes(":") ? "ipv6" : "ipv4";
    const count = Object.keys(partitions).length;
    const planned = { ports: count + 1, tunnels: count, headers: ["ethernet", ip, "udp", "vxlan"] as const };
    const engine = await createEngine({ ...sizes, ...planned, ...(wasm ? { wasm } : {}) });
    // No partition can be called that.
    const uplink = engine.addPort("(uplink)", { scatterGather: true });
    const vnics = new Map<string, Port>();
    const [remote] = Object.entries(described).filter(([other]) => other !== name);
    for (const [partition, { network }] of Object.entries(partitions)) {
      const vnic = engine.addPort(partition, { scatterGather: true });
      const vni = networks[network]?.vni as number;
      const ends = { local: address, remote: remote?.[1].address as string };
      engine.addTunnel({ vni, ...ends, vnic, uplink, ...(udpChecksum ? { udpChecksum } : {}) });
      vnics.set(partition, vnic);
    }
    hosts.set(name, { engine, uplink, vnics });
  }
  return hosts;
}

/** parseScenario has seen that the partition exists. */
function vnicOf(hosts: ReadonlyMap<string, Host>, partition: string): Port {
  for (const { vnics } of hosts.values()) {
    const vnic = vnics.get(partition);
    if (vnic) return vnic;
  }
  throw new Error(`no host has a partition ${partition}`);
}

function reportOf(
  scenario: Scenario,
  hosts: ReadonlyMap<string, Host>,
  { from, to, witness, engineMs, notTaken, damage }: Outcome,
) {
  const uplinks = [...hosts.values()].map(({ uplink }) => uplink.counters);
  const sum = (pick: (counters: (typeof uplinks)[number]) => number) =>
    uplinks.reduce((total, c) => total + pick(c), 0);
  const underlayFrames = sum((c) => c.txFrames);
  const { rxFrames, rxBytes, copiedBytes } = from.counters;
  const drops: Record<string, number> = {};
  for (const { engine } of hosts.values()) {
    for (const port of engine.ports) {
      for (const [cause, count] of Object.entries(port.counters.drops)) drops[cause] = (drops[cause] ?? 0) + count;
    }
  }
  const comparison = witness.result;
  const census = [...hosts].map(([host, { engine }]) => ({ host, ...engine.census() }));
  return {
    title: scenario.title,
    capture: scenario.replay.capture,
    framesIn: rxFrames,
    bytesIn: rxBytes,
    framesOut: to.counters.txFrames,
    bytesOut: to.counters.txBytes,
    packetsNotTaken: notTaken,
    descriptorsPerFrame: underlayFrames === 0 ? 0 : sum((c) => c.txDescriptors) / underlayFrames,
    doorbells: sum((c) => c.txDoorbells),
    /** The one copy, on arrival; what is copied between there and the wire; both by frame. */
    copiedInBytesPerFrame: rxFrames === 0 ? 0 : rxBytes / rxFrames,
    copiedAfterwardsBytesPerFrame: rxFrames === 0 ? 0 : (copiedBytes - rxBytes) / rxFrames,
    underlayFrames,
    underlayBytes: sum((c) => c.txBytes),
    drops,
    engineSeconds: engineMs / 1000,
    engineFramesPerSecond: engineMs === 0 ? 0 : Math.round((rxFrames * 1000) / engineMs),
    damage: damage && { byteOffset: damage.byteOffset, reason: damage.reason },
    comparison,
    census,
    /** The whole capture was read, every frame came out as it went in, and every buffer is accounted for. */
    ok: !damage && comparison.altered === 0 && comparison.missing === 0 && census.every(({ holds }) => holds),
  };
}
