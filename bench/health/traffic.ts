/** Segments of many TCP connections, mixed: data one way, acknowledgments the other; some data is lost before it is seen, and sent again. */
import { randomU32 } from "../workload.js";

export interface TrafficShape {
  readonly frames: number;
  readonly connections: number;
  readonly frameBytes: number;
  /** With RFC 7323 timestamps, as Linux writes them. */
  readonly hasStamps: boolean;
  /** Share of the data segments. */
  readonly lost: number;
}

interface Talk {
  next: number;
  acked: number;
  stamp: number;
  /** Sequence numbers that are to be sent again. */
  readonly missing: number[];
}

const STAMP_BYTES = 12;
const HEADERS = 54;

export function tcpTraffic({ frames, connections, frameBytes, hasStamps, lost }: TrafficShape): Uint8Array[] {
  const random = randomU32(frameBytes + connections);
  const talks = Array.from({ length: connections }, (): Talk => ({ next: 1000, acked: 1000, stamp: 1, missing: [] }));
  const bytes = frameBytes - HEADERS - (hasStamps ? STAMP_BYTES : 0);
  return Array.from({ length: frames }, (_, n) => {
    // First a segment of either end of every connection.
    const isFirst = n < 2 * connections;
    const i = isFirst ? n >> 1 : random() % connections;
    const talk = talks[i] as Talk;
    if (isFirst ? n % 2 === 1 : random() % 2 === 0) {
      talk.acked = talk.missing[0] ?? talk.next;
      return segment(i, false, 5000, talk.acked, 0, hasStamps ? [talk.stamp, talk.stamp] : undefined);
    }
    talk.stamp++;
    const stamps = hasStamps ? ([talk.stamp, talk.stamp - 1] as const) : undefined;
    const again = random() % 2 === 0 ? talk.missing.shift() : undefined;
    if (again !== undefined) return segment(i, true, again, 5000, bytes, stamps);
    if (random() / 2 ** 32 < lost) {
      talk.missing.push(talk.next);
      talk.next += bytes;
    }
    const seq = talk.next;
    talk.next += bytes;
    return segment(i, true, seq, 5000, bytes, stamps);
  });
}

/** Of the i-th connection, from its client or its server; Ethernet, IPv4, TCP. */
function segment(
  i: number,
  fromClient: boolean,
  seq: number,
  ack: number,
  bytes: number,
  stamps: readonly [number, number] | undefined,
): Uint8Array {
  const headerBytes = 20 + (stamps ? STAMP_BYTES : 0);
  const frame = new Uint8Array(34 + headerBytes + bytes);
  const view = new DataView(frame.buffer);
  frame.set([0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x00, 0x45, 0]);
  view.setUint16(16, frame.length - 14);
  frame.set([64, 6], 22);
  const [client, server] = [0x0a000000 + i, 0x0a800000 + (i % 7)];
  view.setUint32(26, fromClient ? client : server);
  view.setUint32(30, fromClient ? server : client);
  view.setUint16(34, fromClient ? 40_000 + (i % 1000) : 443);
  view.setUint16(36, fromClient ? 443 : 40_000 + (i % 1000));
  view.setUint32(38, seq);
  view.setUint32(42, ack);
  frame.set([(headerBytes / 4) << 4, 0x10], 46);
  view.setUint16(48, 500);
  if (stamps) {
    frame.set([1, 1, 8, 10], 54);
    view.setUint32(58, stamps[0]);
    view.setUint32(62, stamps[1]);
  }
  return frame;
}
