/** Frames from many peers, each in VXLAN. */
import { createEngine } from "../../src/index.js";
import { WASM } from "../bed.js";
import { hostAddress, LOCAL } from "../overlay/plane.js";
import { destinationIp, destinationMac, SOURCE_IP, SOURCE_MAC, VNI } from "../overlay/traffic.js";
import { randomU32, udpFrames } from "../workload.js";

/** Where addresses are in a frame without tags (RFC 791 section 3.1). */
const IPV4_SOURCE = 26;
const IPV4_DESTINATION = 30;

/** count frames of 64 bytes to one guest, from random ones of so many peers on so many hosts, as the underlay brings them. */
export async function vxlanFrames(count: number, peers: number, hosts: number): Promise<Uint8Array[]> {
  const random = randomU32(peers);
  const engine = await createEngine({ wasm: WASM, mbufs: 2, tunnels: hosts });
  const tunnels = Array.from({ length: hosts }, (_, i) =>
    engine.addTunnel({ vni: VNI, local: hostAddress(i).join("."), remote: LOCAL.join(".") }),
  );
  const burst = engine.burst();
  const [inner] = udpFrames(1, 64) as [Uint8Array];
  inner.set(SOURCE_MAC);
  inner.set(SOURCE_IP, IPV4_DESTINATION);
  const frames = Array.from({ length: count }, () => {
    const peer = random() % peers;
    inner.set(destinationMac(peer), SOURCE_MAC.length);
    inner.set(destinationIp(peer), IPV4_SOURCE);
    burst.load([{ data: inner }]);
    burst.encapsulate(tunnels[peer % hosts] as (typeof tunnels)[number]);
    return Uint8Array.from(burst.frames()[0]?.spans[0] as Uint8Array);
  });
  burst.release();
  engine.close();
  return frames;
}
