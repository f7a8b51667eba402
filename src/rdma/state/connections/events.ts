/** Events of a connection manager that its owner was not told yet, as records and back. */
import type { PathMtuBytes } from "../../cm/index.js";
import { REJ_REASON, type RejReason, rejReasonName } from "../../cm/reason.js";
import type { ConnectionEvent, DisconnectReason } from "../../connect/index.js";
import { EVENTS, type EventImage } from "./image.js";
import { ip16, ipOf } from "./ip.js";
import { REASON_QUEUE_PAIR_ERROR, REASON_REQUESTED } from "./tables.js";

const NOTHING = new Uint8Array();

export function eventImage(event: ConnectionEvent): EventImage {
  const { type, id } = event;
  const privateData = "privateData" in event ? event.privateData : NOTHING;
  const isRequest = type === "requested";
  return {
    type: EVENTS.indexOf(type),
    id,
    port: isRequest ? event.port : 0,
    remotePort: isRequest ? event.remotePort : 0,
    pathMtu: isRequest ? event.pathMtu : 0,
    remote: isRequest ? ip16(event.remote) : new Uint8Array(16),
    isByPeer: "by" in event && event.by === "peer",
    reason: "reason" in event ? reasonCode(event.reason) : 0,
    privateBytes: privateData.length,
    privateData,
  };
}

/** ipVersion: of the remote. Bytes are copied. */
export function eventOf(image: EventImage, ipVersion: number): ConnectionEvent {
  const { id } = image;
  const type = EVENTS[image.type] as (typeof EVENTS)[number];
  const privateData = image.privateData.slice();
  const by = image.isByPeer ? "peer" : "local";
  switch (type) {
    case "requested": {
      const { port, remotePort } = image;
      const pathMtu = image.pathMtu as PathMtuBytes;
      return { type, id, port, remote: ipOf(image.remote, ipVersion), remotePort, pathMtu, privateData };
    }
    case "established":
      return { type, id, privateData };
    case "rejected":
      return { type, id, by, reason: rejReasonName(image.reason), privateData };
    case "disconnected":
      return { type, id, by, reason: reasonOf(image.reason) };
    default:
      return { type, id };
  }
}

function reasonCode(reason: DisconnectReason): number {
  if (reason === "requested") return REASON_REQUESTED;
  if (reason === "queue-pair-error") return REASON_QUEUE_PAIR_ERROR;
  return Object.hasOwn(REJ_REASON, reason) ? REJ_REASON[reason as RejReason] : Number(reason.slice("reason-".length));
}

function reasonOf(code: number): DisconnectReason {
  if (code === REASON_REQUESTED) return "requested";
  return code === REASON_QUEUE_PAIR_ERROR ? "queue-pair-error" : rejReasonName(code);
}
