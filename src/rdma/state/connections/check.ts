/** What a connection manager's section says of several things at once: its machines, its queue pair 1, and the device that it stands on. */
import { demand } from "../../../migrate/state/refusal.js";
import { type ConnectionManagerOptions, canonicalIp } from "../../connect/options.js";
import { MTUS } from "../../verbs/modify.js";
import type { DeviceImage } from "../device/image.js";
import { checkPath } from "../device/path.js";
import { checkMachine } from "./check-machine.js";
import { checkManagement } from "./check-management.js";
import { type ConnectionsImage, EVENTS, type EventImage, type LinkImage } from "./image.js";
import { checkIp, ipOf } from "./ip.js";
import { REASON_REQUESTED } from "./tables.js";

/** ConnectionManagerOptions.maxConnections. */
const MAX_CONNECTIONS_DEFAULT = 4096;

/** Refuses (refusal.ts). device: what the device will be when this is taken in. */
export function checkConnections(
  image: ConnectionsImage,
  device: DeviceImage,
  options: ConnectionManagerOptions,
): void {
  const { head, machines } = image;
  const { maxMtu = 0, endpoint } = options.device;
  demand(head.ipVersion !== 5, "ipVersion", head.ipVersion, "4 or 6");
  checkIp(head.local, "local", head.ipVersion);
  const local = canonicalIp("local", options.local);
  demand(ipOf(head.local, head.ipVersion) === local, "local", ipOf(head.local, head.ipVersion), local);
  const { maxConnections = MAX_CONNECTIONS_DEFAULT } = options;
  demand(machines.length <= maxConnections, "connections.length", machines.length, `at most ${maxConnections}`);
  const ids = new Set<number>();
  const qpns = new Set<number>();
  const requests = new Set<string>();
  for (const [i, machine] of machines.entries()) {
    const path = `connections[${i}]`;
    checkIp(machine.peer, `${path}.peer`, head.ipVersion);
    demand(
      !ids.has(machine.communicationId),
      `${path}.communicationId`,
      machine.communicationId,
      "one that no other has",
    );
    ids.add(machine.communicationId);
    const request = checkMachine(machine, path, maxMtu);
    if (request !== undefined) {
      const key = `${ipOf(machine.peer, head.ipVersion)} ${request}`;
      demand(!requests.has(key), `${path}.req`, request, "one that no other has");
      requests.add(key);
    }
    const { link } = machine;
    if (!link) continue;
    checkLink(link, `${path}.link`, image, device, endpoint.owner.pool.shape.headroomBytes);
    demand(link.remote === ipOf(machine.peer, head.ipVersion), `${path}.link.path.remote`, link.remote, "the peer's");
    if (link.qpn === 0) continue;
    demand(link.qpn === machine.localQpn, `${path}.link.qpn`, link.qpn, `the connection's, ${machine.localQpn}`);
    demand(!qpns.has(link.qpn), `${path}.link.qpn`, link.qpn, "one that no other connection has");
    qpns.add(link.qpn);
  }
  for (const [i, event] of image.events.entries()) checkEvent(event, `events[${i}]`, head.ipVersion);
  checkListeners(image, maxMtu);
  checkManagement(image, device);
}

function checkLink(
  link: LinkImage,
  path: string,
  { head }: ConnectionsImage,
  { queuePairs }: DeviceImage,
  headroomBytes: number,
): void {
  demand(link.id > 0 && link.id < head.nextId, `${path}.id`, link.id, `from 1, below ${head.nextId}`);
  checkPath(link.path, `${path}.path`, headroomBytes);
  const { ipVersion } = link.path;
  demand(ipVersion === head.ipVersion, `${path}.path.ipVersion`, ipVersion, `that of local, ${head.ipVersion}`);
  const here = ipOf(link.path.local, ipVersion);
  demand(here === ipOf(head.local, ipVersion), `${path}.path.local`, here, "this end's");
  const qp = queuePairs.get(link.qpn);
  const isConnection = qp?.type === 0;
  demand(!link.hasQp || isConnection, `${path}.qpn`, link.qpn, "a reliable connection's that is there");
  demand(link.isAccepted || link.rqPsn === 0, `${path}.rqPsn`, link.rqPsn, "0 of what was not accepted");
}

function checkListeners({ listeners }: ConnectionsImage, maxMtu: number): void {
  const services = new Set<bigint>();
  for (const [i, { serviceId, maxPathMtuBytes }] of listeners.entries()) {
    demand(!services.has(serviceId), `listeners[${i}].serviceId`, serviceId, "one that no other has");
    services.add(serviceId);
    const isSound = maxPathMtuBytes === 0 || (MTUS.some((mtu) => mtu === maxPathMtuBytes) && maxPathMtuBytes <= maxMtu);
    demand(isSound, `listeners[${i}].maxPathMtuBytes`, maxPathMtuBytes, `a path MTU, at most ${maxMtu}, or 0`);
  }
}

/** Fields that a type of event has not are zero. */
function checkEvent(event: EventImage, path: string, ipVersion: number): void {
  const type = EVENTS[event.type];
  const { port, remotePort, pathMtu, isByPeer, reason, privateBytes } = event;
  const isRequest = type === "requested";
  const has = {
    port: isRequest || port === 0,
    remotePort: isRequest || remotePort === 0,
    pathMtu: isRequest ? MTUS.some((mtu) => mtu === pathMtu) : pathMtu === 0,
    remote: isRequest || event.remote.every((byte) => byte === 0),
    isByPeer: type === "rejected" || type === "disconnected" || !isByPeer,
    reason: type === "disconnected" || reason === 0 || (type === "rejected" && reason < REASON_REQUESTED),
    privateBytes: (type !== "disconnected" && type !== "closed") || privateBytes === 0,
  };
  for (const [name, isSound] of Object.entries(has)) {
    demand(isSound, `${path}.${name}`, event[name as keyof EventImage], `what an event "${type}" can have`);
  }
  checkIp(event.remote, `${path}.remote`, ipVersion);
}
