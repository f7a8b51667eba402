/**
 * The Ethernet header of a frame that is answered, and of the answer (IEEE 802.3 clause 3, IEEE 802.1Q clause 9): VLAN tags, at most
 * two, come back as they came.
 *
 *   0        6        12                  l3
 *   │ dst    │ src    │ (tags: 0 4 8) │ type │ …
 */
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_RARP = 0x8035;
export const ETHERTYPE_IPV6 = 0x86dd;
export const BROADCAST_MAC = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
export const NO_TAGS = new Uint8Array(0);

const TAG_TYPES = [0x8100, 0x88a8, 0x9100];
const TAGS_MAX = 2;
const TYPE_AT = 12;

export interface EthernetHeader {
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  /** 0, 4 or 8 bytes. */
  readonly tags: Uint8Array;
  /** EtherType behind the tags. */
  readonly type: number;
}

/** A frame's header, and what is behind it; undefined when the frame ends before. Bytes are the frame's, not copied. */
export function readEthernet(frame: Uint8Array): (EthernetHeader & { readonly body: Uint8Array }) | undefined {
  const view = viewOf(frame);
  let at = TYPE_AT;
  for (let tags = 0; tags < TAGS_MAX && at + 2 <= frame.length; tags++) {
    if (!TAG_TYPES.includes(view.getUint16(at))) break;
    at += 4;
  }
  if (at + 2 > frame.length) return undefined;
  return {
    dst: frame.subarray(0, 6),
    src: frame.subarray(6, 12),
    tags: frame.subarray(TYPE_AT, at),
    type: view.getUint16(at),
    body: frame.subarray(at + 2),
  };
}

/** A frame with that header in front of the body; not padded. */
export function ethernetFrame({ dst, src, tags, type }: EthernetHeader, body: Uint8Array): Uint8Array {
  const at = TYPE_AT + tags.length;
  const frame = new Uint8Array(at + 2 + body.length);
  frame.set(dst);
  frame.set(src, 6);
  frame.set(tags, TYPE_AT);
  viewOf(frame).setUint16(at, type);
  frame.set(body, at + 2);
  return frame;
}

/** True for multicast and broadcast addresses. */
export function isGroupMac(mac: Uint8Array): boolean {
  return ((mac[0] as number) & 1) === 1;
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
