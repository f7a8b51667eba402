/**
 * The sockets of a capture and the pairs of hosts between which they are, numbered as they come, and which bytes of each are new. Numbers
 * are bounded: a scan from made-up addresses must not take all memory.
 */
import { ipText } from "../../overlay/address.js";
import type { Segment } from "./segment.js";

export const DESTINATIONS_MAX = 65_536;
export const SOCKETS_MAX = 1_048_576;

export interface Socket {
  readonly stream: number;
  readonly destination: number;
  /** Of a TCP connection's first byte, where its beginning was seen, and of the byte behind the last that was. */
  first: number | undefined;
  next: number | undefined;
}

export class Sockets {
  readonly #max: { readonly destinations: number; readonly sockets: number };
  readonly #sockets = new Map<string, Socket>();
  readonly #destinations = new Map<string, number>();

  constructor(max = { destinations: DESTINATIONS_MAX, sockets: SOCKETS_MAX }) {
    this.#max = max;
  }

  /** Undefined for one that comes when as many as can be are known. */
  of({ socket, addresses }: Segment): Socket | undefined {
    const known = this.#sockets.get(socket);
    if (known) return known;
    if (this.#sockets.size >= this.#max.sockets) return undefined;
    const destination = this.#destinations.get(addresses) ?? this.#destinations.size;
    if (destination >= this.#max.destinations) return undefined;
    this.#destinations.set(addresses, destination);
    const added = { stream: this.#sockets.size, destination, first: undefined, next: undefined };
    this.#sockets.set(socket, added);
    return added;
  }

  /** Source and destination of each, by number. */
  destinationNames(): string[] {
    return [...this.#destinations.keys()].map((addresses) => {
      const bytes = Buffer.from(addresses, "latin1");
      const half = bytes.length / 2;
      return `${ipText(bytes.subarray(0, half))} > ${ipText(bytes.subarray(half))}`;
    });
  }
}

/**
 * How many bytes of a segment are new: those behind the last that was seen. What a capture has out of order looks sent again. Sequence
 * numbers wrap, so what is more than 2^31 ahead is behind.
 */
export function newBytes(socket: Socket, { payloadBytes, tcp }: Segment): number {
  if (!tcp) return payloadBytes;
  const start = tcp.isFirst ? (tcp.sequence + 1) | 0 : tcp.sequence | 0;
  // The same ports again, for another connection.
  if (tcp.isFirst && socket.first !== start) {
    socket.first = start;
    socket.next = start;
  }
  const next = socket.next ?? start;
  const end = (start + payloadBytes) | 0;
  const fresh = Math.min(payloadBytes, (end - next) | 0);
  socket.next = fresh > 0 ? end : next;
  return Math.max(0, fresh);
}
