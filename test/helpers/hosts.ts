/** Two hosts of an underlay, each an engine with a guest's port and an uplink, joined by a cable and a tunnel. */
import type { Port } from "../../src/buffer/port.js";
import { Loopback, type Tap } from "../../src/driver/loopback.js";
import type { Engine } from "../../src/engine.js";
import type { EngineOptions } from "../../src/engine-options.js";
import type { Tunnel } from "../../src/overlay/tunnel.js";
import type { Outer } from "../model/encapsulation.js";
import { type Build, testEngine } from "./engines.js";
import { optionsOf } from "./tunnels.js";

export interface Host {
  readonly engine: Engine;
  readonly vnic: Port;
  readonly uplink: Port;
  readonly tunnel: Tunnel;
}

/** The same tunnel from its other end. */
export function mirrored(outer: Outer): Outer {
  const { local, remote, sourceMac, nextHopMac } = outer;
  return { ...outer, local: remote, remote: local, sourceMac: nextHopMac, nextHopMac: sourceMac };
}

export interface HostOptions extends EngineOptions {
  /** Of both ports. */
  readonly scatterGather?: boolean;
}

export async function makeHost(outer: Outer, build: Build, options: HostOptions = {}): Promise<Host> {
  const { scatterGather = false, ...rest } = options;
  const engine = await testEngine({ mbufs: 1024, queueSize: 512, ...rest }, build);
  const [vnic, uplink] = [engine.addPort("vnic", { scatterGather }), engine.addPort("uplink", { scatterGather })];
  return { engine, vnic, uplink, tunnel: engine.addTunnel({ ...optionsOf(outer), vnic, uplink }) };
}

export async function makeHosts(
  outer: Outer,
  build: Build,
  options: HostOptions = {},
  tap?: Tap,
): Promise<{ a: Host; b: Host; cable: Loopback }> {
  const a = await makeHost(outer, build, options);
  const b = await makeHost(mirrored(outer), build, options);
  return { a, b, cable: new Loopback(a.uplink, b.uplink, tap) };
}

/** Runs everything until nothing moves. */
export function settleHosts({ a, b, cable }: { a: Host; b: Host; cable: Loopback }): void {
  while (a.engine.poll() + cable.pump() + b.engine.poll() > 0);
}
