/**
 * The headers of a datagram that a socket has taken off, made again so that the ICRC agrees. It covers the addresses, the ports, the lengths
 * and IPv4's identification and flags, and leaves out type of service, time to live and checksums (IBTA volume 1, annex A17.3.3).
 * Identification 0 with DF is what RdmaDevice writes, and what Linux sends from an unconnected socket.
 */
import { macOf, parseIp } from "../../overlay/address.js";
import { buildTemplate, type Template } from "../../overlay/template.js";

const TTL = 64;
/** Remotes whose headers are kept; a flood of others begins anew. */
const KEPT_MAX = 1024;
const UDP_BYTES = 8;
const UDP_LENGTH = 4;
const IPV4_TOTAL_LENGTH = 2;
const IPV4_CHECKSUM = 10;
const IPV6_PAYLOAD_LENGTH = 4;

export class Headers {
  readonly #local: Uint8Array;
  readonly #udpPort: number;
  readonly #kept = new Map<string, Template>();

  /** local has 4 or 16 bytes. */
  constructor(local: Uint8Array, udpPort: number) {
    this.#local = local;
    this.#udpPort = udpPort;
  }

  /** The Ethernet frame in which the payload came from a remote, named as the socket does, and its port. */
  frame(remote: string, remotePort: number, payload: Uint8Array): Uint8Array {
    const { bytes, l3, l4, ipSum } = this.#template(remote);
    const frame = new Uint8Array(bytes.length + payload.length);
    frame.set(bytes);
    frame.set(payload, bytes.length);
    const view = new DataView(frame.buffer);
    view.setUint16(l4, remotePort);
    view.setUint16(l4 + UDP_LENGTH, UDP_BYTES + payload.length);
    if (this.#local.length === 16) {
      view.setUint16(l3 + IPV6_PAYLOAD_LENGTH, frame.length - l4);
      return frame;
    }
    view.setUint16(l3 + IPV4_TOTAL_LENGTH, frame.length - l3);
    // The template's sum is of words in little-endian order, without the length.
    const sum = ipSum + view.getUint16(l3 + IPV4_TOTAL_LENGTH, true);
    view.setUint16(l3 + IPV4_CHECKSUM, ~fold(sum), true);
    return frame;
  }

  #template(remote: string): Template {
    const kept = this.#kept.get(remote);
    if (kept) return kept;
    if (this.#kept.size === KEPT_MAX) this.#kept.clear();
    // A link-local address comes with its zone, which no packet has.
    const source = parseIp("remote", remote.replace(/%.*/, ""));
    const template = buildTemplate({
      local: source,
      remote: this.#local,
      sourceMac: macOf(source),
      nextHopMac: macOf(this.#local),
      vlan: undefined,
      ttl: TTL,
      tos: 0,
      udpPort: this.#udpPort,
      header: [],
    });
    this.#kept.set(remote, template);
    return template;
  }
}

function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
