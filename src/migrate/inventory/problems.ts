/** What an inventory must obey that its schema cannot say: names that stand for something said elsewhere, sums that cannot be. */
import { mapRoom, NO_ROOM, plus, ROOM_KINDS, type Room } from "./room.js";
import type { AdapterDefinition, CheckedInventory, ConversionDefinition, VnicDefinition } from "./schema.js";
import { hasVersion, rangeOf, rangeText } from "./versions.js";

export interface InventoryProblem {
  /** Keys from the inventory inwards; items of lists are counted from 0. */
  readonly path: readonly (string | number)[];
  /** What is there; undefined when something is missing. */
  readonly value: unknown;
  /** What must be there, to follow "expected" or "must be". */
  readonly bound: string;
}

type Problems = Generator<InventoryProblem, void>;
type Path = InventoryProblem["path"];

/** Every way to put a VM's vnics on a host's adapters is looked at: both are bounded. */
const ADAPTERS_MAX = 16;
const VNICS_MAX = 8;

/** Everything that is wrong, in the inventory's order. */
export function* inventoryProblems(inventory: CheckedInventory): Problems {
  const { hosts, vms, formats, conversions } = inventory;
  for (const [name, { adapters }] of Object.entries(hosts)) {
    const path = ["hosts", name, "adapters"];
    yield* countProblems(path, adapters, "adapters", ADAPTERS_MAX);
    for (const [adapter, said] of Object.entries(adapters)) yield* adapterProblems([...path, adapter], said);
  }
  for (const [name, { host, vnics }] of Object.entries(vms)) {
    const path = ["vms", name];
    if (!Object.hasOwn(hosts, host)) yield { path: [...path, "host"], value: host, bound: oneOf(Object.keys(hosts)) };
    yield* countProblems([...path, "vnics"], vnics, "vnics", VNICS_MAX);
    const adapters = hosts[host]?.adapters ?? {};
    for (const [vnic, said] of Object.entries(vnics)) yield* vnicProblems([...path, "vnics", vnic], said, adapters);
  }
  yield* takenProblems(inventory);
  for (const [name, { same, firmware }] of Object.entries(formats)) {
    if (firmware === undefined || firmware === "any") continue;
    if (same.includes("vendor") && same.includes("device")) continue;
    const bound = "any where same is without vendor or device: firmware of different devices cannot be compared";
    yield { path: ["formats", name, "firmware"], value: firmware, bound };
  }
  for (const [i, said] of conversions.entries()) yield* conversionProblems(["conversions", i], said, inventory);
}

function* countProblems(path: Path, things: object, words: string, max: number): Problems {
  const value = Object.keys(things).length;
  if (value < 1 || value > max) yield { path, value, bound: `1 to ${max} ${words}` };
}

function* adapterProblems(path: Path, adapter: AdapterDefinition): Problems {
  for (const [format, { reads, writes }] of Object.entries(adapter.state)) {
    yield* rangeProblems([...path, "state", format, "reads"], reads);
    yield* rangeProblems([...path, "state", format, "writes"], writes);
  }
  for (const kind of ROOM_KINDS) {
    const { total, free } = adapter[kind];
    if (free > total) yield { path: [...path, kind, "free"], value: free, bound: `at most the total of ${total}` };
  }
}

function* rangeProblems(path: Path, versions: number | string | undefined): Problems {
  if (versions === undefined) return;
  const { first, last } = rangeOf(versions);
  if (first < 1 || last < first)
    yield { path, value: versions, bound: "a range from 1, whose first is not above its last" };
}

/** A vnic must fit the adapter that it is on; otherwise one of the two is wrong, and so would be every answer. */
function* vnicProblems(path: Path, vnic: VnicDefinition, adapters: Record<string, AdapterDefinition>): Problems {
  const { state, needs } = vnic;
  const adapter = adapters[vnic.adapter];
  if (!adapter) {
    const bound = `an adapter of the VM's host: ${oneOf(Object.keys(adapters))}`;
    yield { path: [...path, "adapter"], value: vnic.adapter, bound };
    return;
  }
  const own = adapter.state[state.format];
  if (!own) {
    const bound = `a format of ${vnic.adapter}: ${oneOf(Object.keys(adapter.state))}`;
    yield { path: [...path, "state", "format"], value: state.format, bound };
  } else if (own.writes === undefined || !hasVersion(rangeOf(own.writes), state.version)) {
    const written = own.writes === undefined ? "none" : rangeText(rangeOf(own.writes));
    const bound = `a version that ${vnic.adapter} writes of ${state.format}: ${written}`;
    yield { path: [...path, "state", "version"], value: state.version, bound };
  }
  for (const key of ["mtuBytes", "uplinks", "headroomBytes"] as const) {
    const [value, has] = [needs[key], adapter[key]];
    if (value > has) yield { path: [...path, "needs", key], value, bound: `at most the ${has} of ${vnic.adapter}` };
  }
  for (const key of ["lag", "offloads"] as const) {
    const has: readonly string[] = adapter[key];
    for (const [i, value] of needs[key].entries()) {
      const bound = `one that ${vnic.adapter} has: ${oneOf(has)}`;
      if (!has.includes(value)) yield { path: [...path, "needs", key, i], value, bound };
    }
  }
}

/** What the listed VMs take of an adapter cannot be free. */
function* takenProblems({ hosts, vms }: CheckedInventory): Problems {
  const taken = new Map<AdapterDefinition, Room>();
  for (const { host, vnics } of Object.values(vms)) {
    for (const { adapter: name, needs } of Object.values(vnics)) {
      const adapter = hosts[host]?.adapters[name];
      const room = mapRoom((kind) => needs[kind]);
      if (adapter) taken.set(adapter, plus(taken.get(adapter) ?? NO_ROOM, room));
    }
  }
  for (const [host, { adapters }] of Object.entries(hosts)) {
    for (const [name, adapter] of Object.entries(adapters)) {
      for (const kind of ROOM_KINDS) {
        const { total, free } = adapter[kind];
        const used = taken.get(adapter)?.[kind] ?? 0;
        if (free <= total - used) continue;
        const bound = `at most ${Math.max(0, total - used)}: the VMs on ${name} take ${used} of ${total}`;
        yield { path: ["hosts", host, "adapters", name, kind, "free"], value: free, bound };
      }
    }
  }
}

function* conversionProblems(
  path: Path,
  { from, to, versions }: ConversionDefinition,
  said: CheckedInventory,
): Problems {
  const adapters = Object.values(said.hosts).flatMap(({ adapters }) => Object.values(adapters));
  const formats = [...new Set(adapters.flatMap(({ state }) => Object.keys(state)))];
  for (const [key, value] of Object.entries({ from, to })) {
    const bound = `a format that an adapter has: ${oneOf(formats)}`;
    if (!formats.includes(value)) yield { path: [...path, key], value, bound };
  }
  if (from === to) yield { path: [...path, "to"], value: to, bound: "another format than from" };
  yield* rangeProblems([...path, "versions"], versions);
}

function oneOf(names: readonly string[]): string {
  return `one of ${names.join(", ") || "none"}`;
}
