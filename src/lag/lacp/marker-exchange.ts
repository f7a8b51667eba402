/**
 * The Marker responder and generator of a port (IEEE 802.1AX-2008 5.5.4, 2014 6.5.4): every Marker is answered at once,
 * with its own requester and transaction id; a Response counts when this port asked for it and has not been answered
 * yet.
 */
import { encodeMarker, type MarkerPdu } from "./marker.js";
import type { PortRecord } from "./port-record.js";

/** Markers without a Response that a port remembers; beyond it the oldest is given up. */
const MAX_OUTSTANDING = 256;

/** The Marker's frame. */
export function askMarker(port: PortRecord, transactionId: number): Uint8Array {
  const [oldest] = port.markers;
  if (port.markers.size >= MAX_OUTSTANDING && oldest !== undefined) port.markers.delete(oldest);
  port.markers.add(transactionId);
  port.counters.markersOut++;
  const { system: requesterSystem } = port.actor;
  return encodeMarker({ type: "marker", source: port.mac, requesterPort: port.number, requesterSystem, transactionId });
}

/** The Response to the Marker. */
export function answerMarker(port: PortRecord, marker: MarkerPdu): Uint8Array {
  port.counters.markersIn++;
  port.counters.markerResponsesOut++;
  return encodeMarker({ ...marker, type: "response", source: port.mac });
}

/** True when the Response is to a Marker of this port that has had none. */
export function takeResponse(port: PortRecord, response: MarkerPdu): boolean {
  port.counters.markerResponsesIn++;
  const isOurs = response.requesterPort === port.number && response.requesterSystem === port.actor.system;
  if (isOurs && port.markers.delete(response.transactionId)) return true;
  port.counters.markerResponsesUnmatched++;
  return false;
}
