/** Tunnels of one engine between the same ends: what would never be reached is refused. */
import { ConfigError } from "../errors.js";
import type { Tunnel } from "./tunnel.js";

type PathEnds = Pick<Tunnel, "encapsulation" | "vni" | "local" | "remote">;

/** A guest has one way out, and a frame that arrives one guest. Throws ConfigError for a tunnel that breaks this beside others. */
export function checkDistinct(
  others: readonly Tunnel[],
  tunnel: PathEnds & Partial<Pick<Tunnel, "vnic" | "uplink">>,
): void {
  const { vni, vnic, uplink } = tunnel;
  if (!vnic) return;
  if (vnic === uplink) throw new ConfigError("uplink", vnic.name, "another port than vnic");
  for (const other of others) {
    if (other.vnic === vnic) throw new ConfigError("vnic", vnic.name, "a port that no other tunnel has");
    if (other.uplink === uplink && isSamePath(other, tunnel)) {
      throw new ConfigError("vni", vni, "another VNI, or other addresses, than those of a tunnel on this uplink");
    }
  }
}

/** A tunnel of a group's partitions: without ports, and the first between its ends, which frames that arrive are taken for. Throws ConfigError. */
export function checkFirst(tunnels: readonly Tunnel[], tunnel: Tunnel): void {
  const first = tunnels.find((other) => !other.uplink && isSamePath(other, tunnel));
  if (first !== tunnel)
    throw new ConfigError("tunnel", `VNI ${tunnel.vni}`, "the first without ports between its ends");
}

/** What arrives through one of them could have come through the other. */
function isSamePath(a: PathEnds, b: PathEnds): boolean {
  return a.encapsulation === b.encapsulation && a.vni === b.vni && a.local === b.local && a.remote === b.remote;
}
