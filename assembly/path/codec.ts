// Whole bursts through one step, for tools that work on frames without ports: each frame's cause is left in its mbuf.
import { DROP_UNKNOWN_VNI, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Ecn } from "./ecn";
import { Encap } from "./encap";
import { Outer } from "./outer";
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

/**
 * Parses and decapsulates n frames, in any encapsulation: VXLAN on UDP port vxlanPort, of the network vni or (-1) of any. strict
 * refuses reserved bits that are set. What is inside is left as it is.
 */
export function decapBurst(list: usize, n: u32, vxlanPort: u32, vni: i32, strict: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    changetype<Mbuf>(m).cause = decap(m, vxlanPort, vni, strict) as u16;
  }
}

function decap(m: usize, vxlanPort: u32, vni: i32, strict: bool): u32 {
  let cause = parse(m);
  if (cause != OK) return cause;
  cause = Outer.openAt(m, strict, vxlanPort);
  if (cause != OK) return cause;
  if (vni != ANY_VNI) {
    if (changetype<Mbuf>(m).vni != (vni as u32)) return DROP_UNKNOWN_VNI;
  }
  return Outer.strip(m);
}

/** Encap.hashed of one frame. */
export function encapHashed(m: usize, tunnel: usize, hash: u32): u32 {
  return Encap.hashed(m, tunnel, hash);
}

/** Ecn.outer of one frame. */
export function ecnOuter(m: usize): u32 {
  return Ecn.outer(m);
}

/** Ecn.apply to one frame. */
export function ecnApply(m: usize, outerTos: u32, uniform: bool): u32 {
  return Ecn.apply(m, outerTos, uniform);
}
