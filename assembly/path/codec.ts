// Whole bursts through one step, for tools that work on frames without ports: each frame's cause is left in its mbuf.
import { DROP_UNKNOWN_VNI, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Decap } from "./decap";
import { Encap } from "./encap";
import { parse } from "./parse";

/** Any VNI will do. */
const ANY_VNI: i32 = -1;

export function parseBurst(list: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    changetype<Mbuf>(m).cause = parse(m) as u16;
  }
}

/** Parses and encapsulates n frames by the tunnel's template. */
export function encapBurst(list: usize, n: u32, tunnel: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    let cause = parse(m);
    if (cause == OK) cause = Encap.of(m, tunnel);
    changetype<Mbuf>(m).cause = cause as u16;
  }
}

/** Encapsulates n frames that parse has accepted. */
export function encapParsedBurst(list: usize, n: u32, tunnel: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    changetype<Mbuf>(m).cause = Encap.of(m, tunnel) as u16;
  }
}

/** Parses and decapsulates n frames: VXLAN on UDP port udpPort, of the network vni or (-1) of any. */
export function decapBurst(list: usize, n: u32, udpPort: u32, vni: i32): void {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    changetype<Mbuf>(m).cause = decap(m, udpPort, vni) as u16;
  }
}

function decap(m: usize, udpPort: u32, vni: i32): u32 {
  let cause = parse(m);
  if (cause != OK) return cause;
  cause = Decap.open(m, udpPort);
  if (cause != OK) return cause;
  if (vni != ANY_VNI) {
    if (changetype<Mbuf>(m).vni != (vni as u32)) return DROP_UNKNOWN_VNI;
  }
  return Decap.strip(m);
}
