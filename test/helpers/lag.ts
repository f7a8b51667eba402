/** Link aggregation groups for tests: engines with ports and a group on them, flows as frames, and what the group's hash makes of one. */
import type { Outgoing } from "../../src/buffer/outgoing.js";
import type { Port, PortOptions } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import type { EngineOptions } from "../../src/engine-options.js";
import type { LagGroup } from "../../src/lag/group.js";
import type { LagGroupOptions } from "../../src/lag/options.js";
import { bonding } from "../model/bonding.js";
import { macText, u32 } from "./bytes.js";
import { type Build, testEngine } from "./engines.js";
import * as f from "./frames.js";
import { bytesOf } from "./ports.js";

/** The hash of a group without a hash policy of its own: Linux bonding's layer3+4. */
export function groupHash(frame: Uint8Array): number {
  return bonding(frame, "layer3+4", "6.0");
}

export interface TestGroup {
  readonly engine: Engine;
  readonly group: LagGroup;
  readonly ports: readonly Port[];
  readonly vnics: readonly Port[];
}

export interface TestGroupOptions extends Partial<Omit<LagGroupOptions, "ports" | "network">> {
  readonly portCount: number;
  readonly vnicCount?: number;
  /** A switch's first vnic is its port to the network. */
  readonly hasNetwork?: boolean;
  readonly engine?: EngineOptions;
  readonly port?: PortOptions;
}

/** An engine with ports up0 …, vnics vm0 …, and a group over the former. */
export async function makeGroup(build: Build, options: TestGroupOptions): Promise<TestGroup> {
  const { portCount, vnicCount = 1, hasNetwork = false, engine: engineOptions, port, ...rest } = options;
  const engine = await testEngine(
    { mbufs: 512, queueSize: 64, ports: portCount + vnicCount + 1, lag: {}, ...engineOptions },
    build,
  );
  const ports = Array.from({ length: portCount }, (_, i) => engine.addPort(`up${i}`, port));
  const vnics = Array.from({ length: vnicCount }, (_, i) => engine.addPort(`vm${i}`, port));
  const network = hasNetwork ? { network: vnics[0] as Port } : {};
  return { engine, ports, vnics, group: engine.addLagGroup({ ports, ...network, ...rest }) };
}

/** A locally administered address that ends in the number. */
export function macOf(number: number): string {
  return macText(macBytes(number));
}

export function macBytes(number: number): number[] {
  return [0x02, 0x5e, ...u32(number)];
}

export interface FlowFrame {
  readonly flow: number;
  readonly sequence: number;
  readonly dst?: readonly number[];
  readonly src?: readonly number[];
  readonly vlan?: number;
}

/** Frame number `sequence` of a UDP flow, which has ports of its own: any two numbers differ much by the group's hash. */
export function flowFrame({ flow, sequence, dst, src, vlan }: FlowFrame): Uint8Array {
  const datagram = f.udp(Uint8Array.from([...u32(flow), ...u32(sequence)]), {
    sport: 1024 + ((flow * 7919) % 60_000),
    dport: 1024 + ((flow * 104_729 + (flow >> 5)) % 60_000),
  });
  return f.ethernet(f.ipv4(datagram), {
    ...(dst ? { dst } : {}),
    ...(src ? { src } : {}),
    tags: vlan === undefined ? [] : [{ tci: vlan }],
  });
}

/** Flow and sequence number of what flowFrame has made. */
export function flowOf(frame: Uint8Array): { flow: number; sequence: number } {
  const view = new DataView(frame.buffer, frame.byteOffset + frame.length - 8, 8);
  return { flow: view.getUint32(0), sequence: view.getUint32(4) };
}

/** Takes what is posted and leaves it in the driver's hands. */
export function take(port: Port): { bytes: Uint8Array; frame: Outgoing }[] {
  const taken: { bytes: Uint8Array; frame: Outgoing }[] = [];
  for (let frames = port.takeBurst(); frames.length > 0; frames = port.takeBurst()) {
    taken.push(...frames.map((frame) => ({ bytes: bytesOf(frame), frame })));
  }
  return taken;
}
