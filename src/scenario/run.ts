/**
 * Runs a scenario, in virtual time: hosts on a fabric, captures and flows from guest to guest, VMs that move, links that fail; and every
 * frame that a guest is given is held against what was sent.
 */
import { defined } from "../defined.js";
import {
  type CaptureSource,
  type CaptureWriter,
  createFabric,
  type Fabric,
  RinglaneError,
  type Schedule,
  SimDirectory,
  type WasmSource,
} from "../index.js";
import { DeliveredFile } from "./delivered-file.js";
import { Guest } from "./guest.js";
import { type ScenarioHost, startHosts } from "./hosts.js";
import { Deliveries } from "./judge/deliveries.js";
import { Moves } from "./moves.js";
import type { Scenario } from "./parse.js";
import { Rails } from "./rails.js";
import { reportOf } from "./report/report.js";
import { Script } from "./script.js";
import { Sockets } from "./sockets/sockets.js";
import { sourcesOf } from "./traffic/sources.js";
import { Wire } from "./wire.js";

export interface ScenarioFiles {
  /** Opens the capture of each replay, in their order. */
  readonly captures: readonly (() => CaptureSource)[];
  /** Takes what crosses the underlay, and what guests get. The caller closes both. */
  readonly underlay: CaptureWriter;
  readonly delivered: CaptureWriter;
  readonly wasm?: WasmSource;
}

export type ScenarioReport = Awaited<ReturnType<typeof runScenario>>;

/** Until all endpoints are attached: after that something must be wrong. */
const ATTACH_MS = 60_000;
/** The directory's word goes round once more. */
const BREATH_MS = 20;

/**
 * With the seed and faults of a schedule, the scenario's own by default. A damaged capture is replayed up to the damage. Rejects with
 * ConfigError, or with what a writer's sink fails with.
 */
export async function runScenario(scenario: Scenario, files: ScenarioFiles, schedule: Schedule = scenario) {
  const hosts = await startHosts(scenario, files.wasm);
  try {
    return await runOn(hosts, scenario, files, schedule);
  } finally {
    for (const { engine } of hosts.values()) engine.close();
  }
}

async function runOn(
  hostsByName: ReadonlyMap<string, ScenarioHost>,
  scenario: Scenario,
  files: ScenarioFiles,
  { seed, faults }: Schedule,
) {
  const hosts = [...hostsByName.values()];
  const wire = new Wire(files.underlay, hosts);
  const fabric = createFabric({ seed, tap: wire.tap });
  const directory = new SimDirectory(fabric, defined(scenario.directory));
  for (const { core } of hosts) directory.join(core);
  const guests = Object.keys(scenario.endpoints).map((name) => new Guest(name, scenario, hostsByName));
  const rails = new Rails(fabric, hosts, guests, scenario);
  attachAll(fabric, guests);

  const byName = new Map(guests.map((guest) => [guest.name, guest] as const));
  const { sources, streams: sourced, replies, replays } = sourcesOf(scenario, byName, files.captures);
  const floods = new Set(Object.entries(scenario.networks).flatMap(([name, { flood }]) => (flood ? name : [])));
  const deliveries = new Deliveries(guests, floods, replies);
  const moves = new Moves(scenario.moves, byName, hostsByName, wire);
  const file = new DeliveredFile(files.delivered, guests);
  const startMs = fabric.nowMs;
  fabric.play(faults.map((fault) => ({ ...fault, atMs: startMs + fault.atMs })));
  const clock = () => fabric.nowMs;
  const sockets = await Sockets.start({ scenario, guests: byName, seed, clock, wasm: files.wasm });
  for (const guest of guests) {
    const device = (name: string) => guest.agents.find(({ deviceName }) => deviceName === name)?.coming() ?? "unknown";
    for (const host of hosts) host.devices.set(guest.name, device);
  }
  try {
    await new Script({ fabric, sources, sockets, guests, deliveries, moves, rails, wire, file }).run();
    const streams = [...sourced, ...sockets.streams];
    const { conversations } = sockets;
    const told = { scenario, fabric, directory, hosts, guests, streams, conversations, replays };
    return reportOf({ ...told, deliveries, moves, rails, wire, startMs });
  } finally {
    sockets.close();
  }
}

/** Has every guest come to its first host, and the directory tell everybody. */
function attachAll(fabric: Fabric, guests: readonly Guest[]): void {
  for (const guest of guests) guest.attach(guest.host, fabric.nowMs);
  const left = () => guests.filter(({ attachment }) => attachment?.state !== "live");
  if (!fabric.runUntil(() => left().length === 0, ATTACH_MS)) {
    const names = left().map(({ name, attachment }) => `${name} (${attachment?.state})`);
    throw new RinglaneError("SCENARIO", `not attached after ${ATTACH_MS / 1000} s: ${names.join(", ")}`);
  }
  fabric.run({ forMs: BREATH_MS });
}
