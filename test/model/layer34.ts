/**
 * The layer3+4 hash of Linux bonding from a frame's bytes, field by field. Written from what kernel 6.x does
 * (drivers/net/bonding/bond_main.c, net/core/flow_dissector.c): see assembly/hash/layer34.ts for the functions.
 *
 * `frame` is what can be read; a first tag (802.1Q or 802.1ad) is taken off it, as the kernel does on receipt.
 */
const TAGS = [0x8100, 0x88a8];
/** Where the ports, or the SPI, stand in the header of a protocol that has them. */
const PORTS_AT = new Map([
  [6, 0],
  [17, 0],
  [33, 0],
  [50, 0],
  [51, 4],
  [132, 0],
  [136, 0],
]);
const ICMP_WITH_ID = [0, 8, 13, 14, 128, 129];
const ICMP_ERRORS = new Map([
  [1, [3, 4, 5, 11, 12]],
  [58, [1, 2, 3, 4]],
]);

interface Header {
  readonly addresses: number[];
  /** Where the next header starts. */
  readonly next: number;
  /** Nothing in a fragment. */
  readonly protocol: number | undefined;
}

export function layer34(received: Uint8Array): number {
  if (received.length < 14) return 0;
  const frame = untagged(received);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const type = view.getUint16(12);
  const layer2 = (frame[5] as number) ^ (frame[11] as number) ^ type;
  let ip = header(view, type, 14);
  if (!ip) return layer2;
  const { protocol, next } = ip;
  if (protocol === 1 || protocol === 58) {
    if (next + 8 > frame.length) return fold(ip.addresses);
    const icmp = view.getUint8(next);
    if (ICMP_WITH_ID.includes(icmp)) {
      const id = view.getUint16(next + 4) || 1;
      return fold([...ip.addresses, icmp + view.getUint8(next + 1) * 2 ** 8 + id * 2 ** 16]);
    }
    if (!ICMP_ERRORS.get(protocol)?.includes(icmp)) return fold(ip.addresses);
    ip = header(view, type, next + 8);
    if (!ip) return layer2;
  }
  const off = PORTS_AT.get(ip.protocol ?? -1);
  const at = ip.next + (off ?? 0);
  return fold(off === undefined || at + 4 > frame.length ? ip.addresses : [...ip.addresses, view.getUint32(at, true)]);
}

function untagged(frame: Uint8Array): Uint8Array {
  const type = (frame[12] as number) * 256 + (frame[13] as number);
  if (!TAGS.includes(type) || frame.length < 18) return frame;
  return Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(16)]);
}

function header(view: DataView, type: number, at: number): Header | undefined {
  const words = (from: number, n: number) => Array.from({ length: n }, (_, i) => view.getUint32(from + i * 4, true));
  if (type === 0x0800 && at + 20 <= view.byteLength) {
    const fragment = view.getUint16(at + 6);
    const isFragment = fragment % 0x2000 !== 0 || Math.floor(fragment / 0x2000) % 2 === 1;
    const protocol = isFragment ? undefined : view.getUint8(at + 9);
    return { addresses: words(at + 12, 2), next: at + (view.getUint8(at) % 16) * 4, protocol };
  }
  if (type === 0x86dd && at + 40 <= view.byteLength) {
    return { addresses: words(at + 8, 8), next: at + 40, protocol: view.getUint8(at + 6) };
  }
  return undefined;
}

function fold(words: number[]): number {
  let hash = words.reduce((sum, word) => sum ^ word, 0) >>> 0;
  hash = (hash ^ (hash >>> 16)) >>> 0;
  hash = (hash ^ (hash >>> 8)) >>> 0;
  return hash >>> 1;
}
