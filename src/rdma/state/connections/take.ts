/** What a connection manager's section says, from the manager as it is now. */
import { checkEnds } from "../../../overlay/outer.js";
import { type CmConnection, encodeCmMad } from "../../cm/index.js";
import type { CmState } from "../../cm/record.js";
import type { ConnectionManager } from "../../connect/connection-manager.js";
import type { Link } from "../../connect/links.js";
import type { AddressOptions } from "../../verbs/path.js";
import type { PathImage } from "../device/image.js";
import { macNumber } from "../device/path.js";
import { eventImage } from "./events.js";
import { type ConnectionsImage, type LinkImage, type MachineImage, STATES } from "./image.js";
import { ip16 } from "./ip.js";

/** The REQ and REP that a machine knows are written as the messages that said them. */
const NO_TRANSACTION = 0n;
const DEFAULT_SOURCE_PORT = 49_152;

export function takeConnections(manager: ConnectionManager, nowMs: number): ConnectionsImage {
  const { endpoint, management, links, accepted, events } = manager.parts;
  const { parts, remotes, counters, waiting } = management;
  const machines = endpoint.connections.map(({ peer, connection }) => {
    const link = links.byConnection(connection);
    return machineImage(peer, connection, link && linkImage(link, accepted.get(link)?.rqPsn), nowMs);
  });
  return {
    head: {
      ipVersion: manager.local.includes(":") ? 6 : 4,
      local: ip16(manager.local),
      caGuid: endpoint.caGuid,
      nextId: links.nextId,
      region: parts.region.lkey,
      cq: parts.cq.number,
      ...counters,
    },
    listeners: Array.from(endpoint.listeners, ([serviceId, { maxPathMtuBytes = 0 }]) => ({
      serviceId,
      maxPathMtuBytes,
    })),
    machines,
    links: new Map(machines.flatMap(({ link }) => (link ? [[link.id, link]] : []))),
    events: events.map(eventImage),
    waiting: waiting.map(({ remote, mad }) => ({ remote: ip16(remote), mad })),
    unused: remotes.unused.map(({ number }) => number),
    used: remotes.used.map(([remote, { number }]) => ({ remote: ip16(remote), address: number })),
  };
}

function machineImage(
  peer: string,
  { record }: CmConnection,
  link: LinkImage | undefined,
  nowMs: number,
): MachineImage {
  const { identity, deadlineMs, req, rep, outstanding, answer } = record;
  const said = (message: Parameters<typeof encodeCmMad>[0]["message"]) =>
    encodeCmMad({ transactionId: NO_TRANSACTION, message });
  return {
    peer: ip16(peer),
    communicationId: identity.localCommunicationId,
    state: STATES.indexOf(record.state),
    isActive: record.isActive,
    hasDeadline: deadlineMs !== undefined,
    deadlineInMs: deadlineMs === undefined ? 0 : Math.max(0, Math.round(deadlineMs - nowMs)),
    remoteCommunicationId: record.remoteCommunicationId,
    transactionId: record.transactionId,
    lifeTime: record.lifeTime,
    answerWaitMs: record.answerWaitMs,
    localQpn: record.localQpn ?? 0,
    ackTimeout: record.ackTimeout,
    caGuid: identity.caGuid,
    caAckDelay: identity.caAckDelay,
    maxServiceTimeoutMs: identity.maxServiceTimeoutMs,
    retriesLeft: outstanding?.retriesLeft ?? 0,
    extensionsLeft: outstanding?.extensionsLeft ?? 0,
    hasRep: rep !== undefined,
    hasOutstanding: outstanding !== undefined,
    hasAnswer: answer !== undefined,
    hasLink: link !== undefined,
    ...record.ignored,
    // Every state of a connection that is there has a REQ.
    mads: [
      ...(req ? [said({ type: "REQ", ...req })] : []),
      ...(rep ? [said({ type: "REP", ...rep })] : []),
      ...(outstanding ? [outstanding.mad] : []),
      ...(answer ? [answer] : []),
    ],
    link,
  };
}

function linkImage(link: Link, rqPsn: number | undefined): LinkImage {
  const { qp, connection } = link;
  return {
    id: link.id,
    window: link.window,
    qpn: link.qpn ?? 0,
    hasQp: qp !== undefined && !qp.isDestroyed,
    isOver: link.isOver,
    isAccepted: rqPsn !== undefined,
    rqPsn: rqPsn ?? 0,
    path: pathOf(link.address),
    remote: link.remote,
    state: connection.state as CmState,
  };
}

/** Options with their defaults. */
function pathOf(options: AddressOptions): PathImage {
  const { local, sourceMac, nextHopMac, vlan = 0, ttl } = checkEnds(options);
  return {
    ipVersion: local.length === 16 ? 6 : 4,
    vlan,
    dscp: options.dscp ?? 0,
    ttl,
    sourcePort: options.sourcePort ?? DEFAULT_SOURCE_PORT,
    sourceMac: macNumber(sourceMac),
    nextHopMac: macNumber(nextHopMac),
    local: ip16(options.local),
    remote: ip16(options.remote),
  };
}
