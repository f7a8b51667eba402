/** What a check found, as --json prints it. */
import type { InventoryVm, MigrationCandidate } from "../../index.js";
import { reasonsOf } from "./reasons.js";

export function checkReport(file: string, vm: InventoryVm, candidates: readonly MigrationCandidate[]) {
  return {
    file,
    vm: vm.name,
    host: vm.host,
    /** The best candidate's; refused also where there is none. */
    verdict: candidates[0]?.verdict ?? "refused",
    vnics: vm.vnics.map(({ name, adapter, format, version }) => {
      return { vnic: name, adapter: adapter.name, format, version };
    }),
    candidates: candidates.map((candidate) => {
      const { host, verdict, loses, misses, roomLeft, placements } = candidate;
      return {
        host,
        verdict,
        reasons: reasonsOf(vm, candidate),
        loses,
        misses,
        roomLeft,
        placements: placements.map(({ vnic, adapter, verdict, route, fields }) => {
          return { vnic, adapter, verdict, route, fields };
        }),
      };
    }),
  };
}
