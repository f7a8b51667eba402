/**
 * What the ports of an aggregator and their partner make of the conversation table (IEEE 802.1AX-2014 6.6.2:
 * updateConversationMasks and its kin), worked out anew from what is there now. It has no memory but each port's
 * result.
 *
 * `agreed` is the condition to discard on wrong links: every member's partner speaks version 2 and last said the same
 * algorithm, link digest and service digest, and every member that collects distributes too, so both ends know of the
 * same links. With a partner of version 1 it is false: what comes on a wrong link is then for a policy to take or to
 * drop.
 */
import { conversationMask, isSameBytes, type LinkTable } from "./conversations.js";
import { comparePorts, compareSystems } from "./port-info.js";
import { hasActorState, type PortRecord } from "./port-record.js";
import { COLLECTING, DISTRIBUTING } from "./port-state.js";
import { MASK_BYTES, PORT_ALGORITHM, type Version2 } from "./version2.js";

/** A port's part in conversation-sensitive distribution. */
export interface PortConversations {
  readonly agreed: boolean;
  /**
   * The number that the link has in the table: this end's, or the partner's when that has the better system identifier
   * and agrees.
   */
  readonly linkNumber: number;
  /**
   * 512 bytes, conversation 0 in the most significant bit: what this end sends on the port, and expects there when
   * agreed.
   */
  readonly mask: Uint8Array;
  /**
   * The mask that the partner last sent equals this end's: also no change is under way. Undefined: it sends none, as
   * the 2020 edition does not.
   */
  readonly actorPartnerSync: boolean | undefined;
}

export interface Distribution {
  /** OUI and number, 32 bits. */
  readonly algorithm: number;
  readonly table: LinkTable;
}

const NO_CONVERSATIONS = new Uint8Array(MASK_BYTES);
const NO_SERVICE_MAP = new Uint8Array(16);

/** A port's part, and what its mask was made of: the mask is made again only when that changes. */
export interface Part extends PortConversations {
  readonly source: string;
  readonly table: LinkTable;
}

/** The ports' parts, by port number; `before` are those of the last time. */
export function agree(
  ports: readonly PortRecord[],
  { algorithm, table }: Distribution,
  before: ReadonlyMap<number, Part>,
): Map<number, Part> {
  const parts = new Map<number, Part>();
  for (const port of ports) {
    const linkNumber = port.adminLinkNumber;
    const none = { mask: NO_CONVERSATIONS, source: "", table };
    parts.set(port.number, { agreed: false, linkNumber, actorPartnerSync: undefined, ...none });
  }
  const collecting = ports.filter((port) => hasActorState(port, COLLECTING));
  for (const aggregator of new Set(collecting.map((port) => port.aggregator))) {
    const members = collecting.filter((port) => port.aggregator === aggregator);
    const distributing = members.filter((port) => hasActorState(port, DISTRIBUTING));
    const isSaid = members.every((port) => saysTheSame(port.partnerVersion2, algorithm, table));
    const negotiated = new Map(members.map((port) => [port.number, linkNumberOf(port, isSaid)]));
    // Two links of one number would carry the same conversation.
    const isUnique = new Set(negotiated.values()).size === members.length;
    const linkOf = (port: PortRecord) => (isUnique ? (negotiated.get(port.number) as number) : port.adminLinkNumber);
    const agreed = isSaid && isUnique && distributing.length === members.length;
    const active = distributing.map(linkOf).sort((a, b) => a - b);
    for (const port of members) {
      const linkNumber = linkOf(port);
      const source = distributing.includes(port) ? `${linkNumber} of ${active.join(" ")}` : "";
      const was = before.get(port.number);
      const mask =
        was?.source === source && was.table === table
          ? was.mask
          : conversationMask(table, linkNumber, source ? active : []);
      const received = port.partnerVersion2?.masks?.mask;
      const actorPartnerSync = received && isSameBytes(received, mask);
      parts.set(port.number, { agreed, linkNumber, mask, actorPartnerSync, source, table });
    }
  }
  return parts;
}

/**
 * The TLVs of a port's next PDU. Masks go to a partner of version 2 only, and to that always: they are then never
 * missed.
 */
export function version2Of(port: PortRecord, part: PortConversations, { algorithm, table }: Distribution): Version2 {
  const { linkNumber, mask, agreed, actorPartnerSync = false } = part;
  const masks = port.partnerVersion >= 2 ? { actorPartnerSync, discardWrong: agreed, mask } : undefined;
  return { portAlgorithm: algorithm, linkNumber, linkDigest: table.digest, masks };
}

function saysTheSame(said: Version2 | undefined, algorithm: number, table: LinkTable): boolean {
  if (said?.portAlgorithm === undefined || said.linkDigest === undefined) return false;
  return (
    algorithm !== PORT_ALGORITHM.unspecified &&
    said.portAlgorithm === algorithm &&
    isSameBytes(said.linkDigest, table.digest) &&
    isSameBytes(said.serviceDigest ?? NO_SERVICE_MAP, NO_SERVICE_MAP)
  );
}

function linkNumberOf(port: PortRecord, isSaid: boolean): number {
  const partnerWins = (compareSystems(port.actor, port.partner) || comparePorts(port.actor, port.partner)) > 0;
  const theirs = port.partnerVersion2?.linkNumber;
  return isSaid && partnerWins && theirs ? theirs : port.adminLinkNumber;
}
