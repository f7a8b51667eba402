/**
 * The same job in plain JavaScript, written as well as we know how: the endpoint from a Map by its MAC address, sender and receiver by
 * their addresses, the policy from a Map of Maps by class and port, and the prepared header in front (plain-vxlan.ts).
 */
import { encapInPlace, type PlainTunnel, plainTunnel } from "../plain-vxlan.js";
import { destinationIp, SOURCE_IP } from "./traffic.js";

interface PlainEndpoint {
  readonly ip: number;
  readonly class: number;
  readonly tunnel: PlainTunnel;
}

/** Sends the frame that lies at off of view, with headroom in front; returns where the outer frame starts. */
export type PlainSend = (view: DataView, off: number) => number;

const SOURCE_MAC = 0x020000000001;
const FRAME_BYTES = 64;
const UDP = 17;

/** header is a made VXLAN header; groups tells of how many classes destinations are, in turn, and ports what each of them takes. */
export function plainSend(
  header: Uint8Array,
  destinations: number,
  hosts: number,
  groups: number,
  ports: readonly (readonly number[])[],
): PlainSend {
  const tunnels = Array.from({ length: hosts }, (_, i) => {
    const own = header.slice();
    own.set([198, 18, i >> 8, i & 0xff], 30);
    return plainTunnel(own);
  });
  const endpoints = new Map<number, PlainEndpoint>();
  for (let i = 0; i < destinations; i++) {
    const [a, b, c, d] = destinationIp(i) as unknown as [number, number, number, number];
    const endpoint = {
      ip: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0,
      class: i % groups,
      tunnel: tunnels[i % hosts] as PlainTunnel,
    };
    endpoints.set(0x020100000000 + i, endpoint);
  }
  const allowed = new Map(ports.map((list, group) => [group, new Set(list)]));
  const sourceIp = new DataView(SOURCE_IP.buffer, SOURCE_IP.byteOffset, 4).getUint32(0);
  return (view, off) => {
    const endpoint = endpoints.get(view.getUint16(off) * 0x100000000 + view.getUint32(off + 2));
    const source = view.getUint16(off + 6) * 0x100000000 + view.getUint32(off + 8);
    if (!endpoint || source !== SOURCE_MAC || view.getUint32(off + 26) !== sourceIp) throw new Error("refused");
    if (view.getUint32(off + 30) !== endpoint.ip || view.getUint8(off + 23) !== UDP) throw new Error("refused");
    if (!allowed.get(endpoint.class)?.has(view.getUint16(off + 36))) throw new Error("denied");
    return encapInPlace(endpoint.tunnel, view, off, FRAME_BYTES);
  };
}
