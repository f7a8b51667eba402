/** What a group asks of a partition that is to join it, or to have another set. */
import type { Port } from "../buffer/port.js";
import { ConfigError } from "../errors.js";
import type { LagGroup, LagHome } from "./group.js";
import type { PartitionOptions, PortSet } from "./options.js";
import type { Partition } from "./partition.js";
import type { GroupLacpOptions } from "./slow.js";

/** What LACP tells partitions apart by; false where it does not. */
export type Conversations = NonNullable<GroupLacpOptions["conversations"]>;

/** Throws ConfigError for a vnic or a tunnel that a partition of the group cannot have, and for a host's partition without a vnic. */
export function checkPlace(
  { role, ports }: LagGroup,
  home: LagHome,
  vnic: Port | undefined,
  tunnel: PartitionOptions["tunnel"],
): void {
  if (role === "switch") {
    if (vnic) throw new ConfigError("vnic", vnic.name, "left out of a switch's partition");
    if (tunnel) throw new ConfigError("tunnel", `VNI ${tunnel.vni}`, "left out of a switch's partition");
    return;
  }
  if (!vnic) throw new ConfigError("vnic", undefined, "the port of a host's partition");
  if (ports.includes(vnic)) throw new ConfigError("vnic", vnic.name, "a port outside the group");
  home.checkPort("vnic", vnic);
  if (!tunnel) return;
  if (tunnel.uplink) throw new ConfigError("tunnel", `VNI ${tunnel.vni}`, "a tunnel that was added without ports");
  home.checkTunnel(tunnel);
}

/** Throws ConfigError for a partition with members that LACP could not tell from the others. */
export function checkConversation(
  by: Conversations,
  partition: Partition,
  set: PortSet,
  partitions: readonly Partition[],
): void {
  const { conversation } = partition;
  if (!by || set.isStandalone) return;
  const argument = by === "vlan" ? "vlan" : "conversation";
  if (conversation === 0) {
    // Frames without a VLAN may be many partitions'.
    if (by === "vlan") return;
    throw new ConfigError(argument, undefined, "from 1 to 4095");
  }
  const isTaken = partitions.some((other) => {
    return other !== partition && !other.set.isStandalone && other.conversation === conversation;
  });
  if (isTaken) {
    const bound = `one that no other partition with members has, for LACP's conversations (${partition.name})`;
    throw new ConfigError(argument, conversation, bound);
  }
}
