/** Frames from many peers, each in VXLAN. */
import { createEngine } from "../../src/index.js";
import { WASM } from "../bed.js";
import { TUNNEL } from "../plane.js";
import { randomU32, udpFrames } from "../workload.js";

/** Where the source address is in a frame without tags (RFC 791 section 3.1). */
const IPV4_SOURCE = 26;

/** The i-th peer's address. */
export function peerIp(i: number): readonly number[] {
  return [10, 0, i >> 8, i & 0xff];
}

/** count frames of 64 bytes from random ones of so many peers, in VXLAN from the tunnel's other end. */
export async function vxlanFrames(count: number, peers: number): Promise<Uint8Array[]> {
  const random = randomU32(peers);
  const engine = await createEngine({ wasm: WASM, mbufs: 512 });
  const tunnel = engine.addTunnel({ vni: TUNNEL.vni, local: TUNNEL.remote, remote: TUNNEL.local });
  const burst = engine.burst();
  const inner = udpFrames(256, 64);
  const frames: Uint8Array[] = [];
  while (frames.length < count) {
    for (const frame of inner) frame.set(peerIp(random() % peers), IPV4_SOURCE);
    burst.load(inner.map((data) => ({ data })));
    burst.encapsulate(tunnel);
    for (const { spans } of burst.frames()) frames.push(Uint8Array.from(spans[0] as Uint8Array));
  }
  engine.close();
  return frames.slice(0, count);
}
