/** Whether a VM's state can go into adapters, said plainly and slowly: every way of every vnic to every adapter. */
import type {
  Inventory,
  InventoryAdapter,
  InventoryHost,
  InventoryVnic,
  MigrationVerdict,
  Room,
} from "../../src/index.js";

const IDENTITY = ["vendor", "device", "subsystem", "revision"] as const;
const KINDS = ["queuePairs", "mbufs", "functions"] as const;

export function verdictOf(
  inventory: Inventory,
  vnic: InventoryVnic,
  target: InventoryAdapter,
  room: Room,
): MigrationVerdict {
  const { format, version, adapter: source } = vnic;
  const fits =
    KINDS.every((kind) => room[kind] >= vnic.room[kind]) &&
    target.mtuBytes >= vnic.mtuBytes &&
    target.uplinks >= vnic.uplinks &&
    target.headroomBytes >= vnic.headroomBytes &&
    vnic.lag.every((mode) => target.lag.includes(mode)) &&
    vnic.offloads.every((offload) => target.offloads.includes(offload));
  if (!fits) return "refused";
  const takes = (name: string, number: number) => {
    const { reads } = target.state.get(name) ?? {};
    const rules = inventory.formats.get(name);
    if (!reads || !rules || number < reads.first || number > reads.last) return false;
    if (!IDENTITY.every((key) => !rules.same.includes(key) || source.identity[key] === target.identity[key]))
      return false;
    const [old, now] = [source.firmware, target.firmware].map((text) =>
      Number(
        text
          .split(".")
          .reduce((sum, part, i) => sum + Number(part) / 1000 ** i, 0)
          .toFixed(6),
      ),
    ) as [number, number];
    return rules.firmware === "any" || (rules.firmware === "same" ? now === old : now >= old);
  };
  if (takes(format, version)) return "native";
  const { writes } = source.state.get(format) ?? {};
  for (let other = writes?.first ?? 1; other <= (writes?.last ?? 0); other++)
    if (takes(format, other)) return "convertible";
  const conversions = inventory.conversions.filter(({ from, versions }) => {
    return from === format && (!versions || (version >= versions.first && version <= versions.last));
  });
  return conversions.some(({ to, version }) => takes(to, version)) ? "convertible" : "refused";
}

/** The best that all vnics together can have on a host's adapters, over every assignment. */
export function bestOn(inventory: Inventory, vnics: readonly InventoryVnic[], host: InventoryHost): MigrationVerdict {
  const rooms = new Map([...host.adapters.values()].map((adapter) => [adapter, { ...adapter.free }]));
  const verdicts = new Set<MigrationVerdict>();
  const place = (index: number, worst: MigrationVerdict) => {
    const vnic = vnics[index];
    if (!vnic) {
      verdicts.add(worst);
      return;
    }
    for (const [adapter, room] of rooms) {
      const verdict = verdictOf(inventory, vnic, adapter, room);
      if (verdict === "refused") continue;
      for (const kind of KINDS) room[kind] -= vnic.room[kind];
      place(index + 1, verdict === "native" ? worst : "convertible");
      for (const kind of KINDS) room[kind] += vnic.room[kind];
    }
  };
  place(0, "native");
  return verdicts.has("native") ? "native" : verdicts.has("convertible") ? "convertible" : "refused";
}
