/** A connection manager that is what a section says, which check.ts has found sound, over a device that is there. Nothing here can fail. */
import {
  CmConnection,
  CmEndpoint,
  type CmMad,
  decodeCmMad,
  type PathMtuBytes,
  type Rep,
  type Req,
} from "../../cm/index.js";
import type { ConnectionRecord } from "../../cm/record.js";
import { ConnectionManager } from "../../connect/connection-manager.js";
import { type Link, Links } from "../../connect/links.js";
import { ManagementQueue } from "../../connect/management.js";
import { type ConnectionManagerOptions, endpointOptionsOf, pathsOf } from "../../connect/options.js";
import { Remotes } from "../../connect/remotes.js";
import type { Address } from "../../verbs/address.js";
import type { CompletionQueue } from "../../verbs/completion.js";
import type { RdmaDevice } from "../../verbs/device.js";
import type { QueuePair } from "../../verbs/queue-pair.js";
import type { MemoryRegion } from "../../verbs/region.js";
import { pathOptions } from "../device/path.js";
import { eventOf } from "./events.js";
import { type ConnectionsImage, type LinkImage, type MachineImage, STATES } from "./image.js";
import { ipOf } from "./ip.js";

export function putConnections(
  image: ConnectionsImage,
  options: ConnectionManagerOptions,
  nowMs: number,
): ConnectionManager {
  const { head } = image;
  const { device } = options;
  const endpoint = new CmEndpoint({ ...endpointOptionsOf(options), caGuid: head.caGuid });
  for (const { serviceId, maxPathMtuBytes } of image.listeners) {
    const mtu = maxPathMtuBytes as PathMtuBytes | 0;
    endpoint.listen(serviceId, { maxPathMtuBytes: mtu === 0 ? undefined : mtu });
  }
  const links: Link[] = [];
  const accepted = new Map<Link, { readonly rqPsn: number }>();
  for (const machine of image.machines) {
    const record = recordOf(machine, nowMs);
    const connection = new CmConnection(record.identity, record);
    const peer = ipOf(machine.peer, head.ipVersion);
    endpoint.adopt(peer, connection);
    if (!machine.link) continue;
    const link = linkOf(machine.link, connection, device);
    links.push(link);
    if (machine.link.isAccepted) accepted.set(link, { rqPsn: machine.link.rqPsn });
  }
  const all = new Links();
  all.adopt(links, head.nextId);
  const events = image.events.map((event) => eventOf(event, head.ipVersion));
  return new ConnectionManager(options, {
    endpoint,
    management: managementOf(image, options),
    links: all,
    accepted,
    events,
  });
}

function managementOf(image: ConnectionsImage, options: ConnectionManagerOptions): ManagementQueue {
  const { head } = image;
  const { device } = options;
  const ip = (bytes: Uint8Array) => ipOf(bytes, head.ipVersion);
  const handle = (number: number) => device.address(number) as Address;
  const unused = image.unused.map(handle);
  const used = image.used.map(({ remote, address }) => [ip(remote), handle(address)] as const);
  const remotes = new Remotes(device, pathsOf(options), unused, used);
  const parts = {
    region: device.region(head.region) as MemoryRegion,
    cq: device.completionQueue(head.cq) as CompletionQueue,
    qp: device.queuePair(1) as QueuePair,
  };
  const { sent, received, misdirected, dropped } = head;
  const counters = { sent, received, misdirected, dropped };
  const waiting = image.waiting.map(({ remote, mad }) => ({ remote: ip(remote), mad: mad.slice() }));
  return new ManagementQueue(device.limits, parts, ip(head.local), remotes, counters, waiting);
}

function linkOf(image: LinkImage, connection: CmConnection, device: RdmaDevice): Link {
  return {
    id: image.id,
    remote: image.remote,
    connection,
    address: pathOptions(image.path),
    window: image.window,
    qpn: image.qpn === 0 ? undefined : image.qpn,
    qp: image.hasQp ? device.queuePair(image.qpn) : undefined,
    isOver: image.isOver,
  };
}

function recordOf(image: MachineImage, nowMs: number): ConnectionRecord {
  const mads = image.mads.map((mad) => mad.slice());
  const req = messageOf(mads.shift() as Uint8Array) as Req;
  const rep = image.hasRep ? (messageOf(mads.shift() as Uint8Array) as Rep) : undefined;
  const outstanding = image.hasOutstanding ? (mads.shift() as Uint8Array) : undefined;
  const answer = image.hasAnswer ? (mads.shift() as Uint8Array) : undefined;
  const { caGuid, caAckDelay, maxServiceTimeoutMs, retriesLeft, extensionsLeft } = image;
  return {
    identity: {
      localCommunicationId: image.communicationId,
      transactionId: BigInt(image.communicationId),
      caGuid,
      caAckDelay,
      maxServiceTimeoutMs,
    },
    state: STATES[image.state] as ConnectionRecord["state"],
    nowMs,
    deadlineMs: image.hasDeadline ? nowMs + image.deadlineInMs : undefined,
    remoteCommunicationId: image.remoteCommunicationId,
    req,
    isActive: image.isActive,
    transactionId: image.transactionId,
    lifeTime: image.lifeTime,
    answerWaitMs: image.answerWaitMs,
    rep,
    localQpn: image.localQpn === 0 ? undefined : image.localQpn,
    ackTimeout: image.ackTimeout,
    outstanding: outstanding && { mad: outstanding, retriesLeft, extensionsLeft },
    answer,
    ignored: {
      "bad-length": image["bad-length"],
      "bad-base-version": image["bad-base-version"],
      "other-class": image["other-class"],
      "bad-class-version": image["bad-class-version"],
      "bad-method": image["bad-method"],
      "unknown-attribute": image["unknown-attribute"],
      "bad-length-field": image["bad-length-field"],
      "other-connection": image["other-connection"],
      unexpected: image.unexpected,
    },
  };
}

function messageOf(mad: Uint8Array): CmMad["message"] {
  return (decodeCmMad(mad) as CmMad).message;
}
