/** What a partition's vnic needs of an adapter, and what of a host's can be had: both by the same measure. */
import type { Attachment } from "../../host/attachment.js";
import { type OverlayMtu, overlayMtu } from "../../overlay/mtu.js";
import type { LagMode } from "../inventory/inventory.js";
import type { LiveHost } from "./live-host.js";

/** What every partition on a host uses: flows of stateful rules, and a global queue-pair number. */
const BASIC_OFFLOADS = ["flows", "gqp"];
const LIMITS_OFFLOAD = "mbuf-limits";

/** What the host's encapsulation leaves for guests; of several the least, and the most in front of a frame. */
export function carriedBy({ record }: LiveHost): Pick<OverlayMtu, "headerBytes" | "ipMtuBytes"> {
  const ipVersion = record.address.includes(":") ? 6 : 4;
  const all = record.encapsulations.map((encapsulation) => overlayMtu(record.mtuBytes, { encapsulation, ipVersion }));
  return {
    headerBytes: Math.max(...all.map(({ headerBytes }) => headerBytes)),
    ipMtuBytes: Math.min(...all.map(({ ipMtuBytes }) => ipMtuBytes)),
  };
}

export function offloadsOf({ record, engine }: LiveHost): string[] {
  return [...record.encapsulations, ...BASIC_OFFLOADS, ...(engine.limits ? [LIMITS_OFFLOAD] : [])];
}

/** Mbufs that the vnic's frames are in now, or the floor of its partition's limit where that is more. */
export function mbufsNeededBy({ vnic, options }: Attachment): number {
  const { received, posted } = vnic.waiting;
  return Math.max(received + posted, options.mbufs?.policy?.floor ?? 0);
}

export function needsOf(host: LiveHost, attachment: Attachment) {
  const { headerBytes, ipMtuBytes } = carriedBy(host);
  const places = (attachment.lag?.roles ?? []).flatMap((role, place) => (role === "none" ? [] : place + 1));
  return {
    // A receive ring and a transmit queue. Its global queue-pair number comes with it, and takes no room.
    queuePairs: 1,
    mbufs: mbufsNeededBy(attachment),
    functions: 1,
    mtuBytes: ipMtuBytes,
    // A set is of uplinks by their places in the host's list.
    uplinks: Math.max(1, ...places),
    lag: modesUsedBy(attachment),
    offloads: [...BASIC_OFFLOADS, ...(attachment.options.mbufs ? [LIMITS_OFFLOAD] : [])],
    headroomBytes: headerBytes,
  };
}

function modesUsedBy({ lag }: Attachment): LagMode[] {
  if (!lag) return [];
  return lag.roles.includes("backup") ? ["selective", "active-backup"] : ["selective"];
}
