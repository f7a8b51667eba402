/**
 * The peers of a capture, which are its source addresses, numbered as they come. What is not IP is one owner, "other", and so is whoever
 * comes when as many as PEERS_MAX are known: a scan from made-up addresses must not take all memory.
 */
import { ipText } from "../../overlay/address.js";
import { latin1 } from "../lag/flow-key.js";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, headersAt, IPV4_BYTES, IPV6_BYTES } from "../lag/headers.js";

export const OTHER = "other";
export const PEERS_MAX = 65_536;

const IPV4_SOURCE = { at: 12, bytes: 4 };
const IPV6_SOURCE = { at: 8, bytes: 16 };
const OTHER_KEY = "";

export interface Peer {
  /** An address as people read it, or "other". */
  readonly name: string;
  /** In network order; none for "other". */
  readonly address: Uint8Array;
  frames: number;
}

export class Peers {
  readonly #max: number;
  readonly #numbers = new Map<string, number>();
  readonly #peers: Peer[] = [];
  /** Frames of peers that came too late for a number of their own. */
  framesBeyond = 0;

  constructor(max = PEERS_MAX) {
    this.#max = max;
  }

  get all(): readonly Peer[] {
    return this.#peers;
  }

  /** The number of the peer that sent an Ethernet frame. */
  numberOf(frame: Uint8Array): number {
    const key = sourceKey(frame);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (key === OTHER_KEY || this.#numbers.size < this.#max) return this.#add(key);
    this.framesBeyond++;
    return this.#numbers.get(OTHER_KEY) ?? this.#add(OTHER_KEY);
  }

  #add(key: string): number {
    const address = Buffer.from(key, "latin1");
    this.#numbers.set(key, this.#peers.length);
    return this.#peers.push({ name: key === OTHER_KEY ? OTHER : ipText(address), address, frames: 0 }) - 1;
  }
}

/** The source address, a character a byte. Of IP whose header is not all there, nothing is known. */
function sourceKey(frame: Uint8Array): string {
  const headers = headersAt(frame, 0);
  if (!headers) return OTHER_KEY;
  const { type, network } = headers;
  if (type === ETHERTYPE_IPV4) return keyAt(frame, network, 4, IPV4_BYTES, IPV4_SOURCE);
  if (type === ETHERTYPE_IPV6) return keyAt(frame, network, 6, IPV6_BYTES, IPV6_SOURCE);
  return OTHER_KEY;
}

function keyAt(
  frame: Uint8Array,
  network: number,
  version: number,
  header: number,
  source: typeof IPV4_SOURCE,
): string {
  const isHere = network + header <= frame.length && (frame[network] as number) >> 4 === version;
  return isHere ? latin1(frame, network + source.at, source.bytes) : OTHER_KEY;
}
