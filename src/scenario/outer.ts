/**
 * The outer headers of a frame on the underlay, as the hosts of a scenario write them: Ethernet 14, IP 20 or 40 without options, and
 *
 *   UDP 8 │ VXLAN, VXLAN-GPE, Geneve 8 │ inner frame        to 4789, 4790, 6081; the network in the last four bytes' upper 24 bits
 *   GRE with a key 8 │ inner frame                          NVGRE, the same
 *   UDP 8 │ BTH 12 │ DETH 8 │ 4 │ inner frame │ pad │ ICRC 4  RoCEv2, to 4791; BTH: pad in the second byte, queue pair in the second word
 */
import { QPN_CONTROL } from "../../assembly/layout.js";
import { ROCEV2_PORT } from "../gqp/numbers.js";
import type { EncapsulationName } from "../index.js";
import { viewOf } from "../overlay/answers/ethernet.js";

const ETHERNET_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_UDP = 17;
const PROTOCOL_GRE = 47;
const UDP_BYTES = 8;
const TUNNEL_BYTES = 8;
const QUEUE_PAIR_BYTES = 24;
const ICRC_BYTES = 4;
const TUNNEL_PORTS: Readonly<Record<number, EncapsulationName>> = { 4789: "vxlan", 4790: "vxlan-gpe", 6081: "geneve" };

export interface Outer {
  /** Outer destination IP address. */
  readonly to: Uint8Array;
  readonly encapsulation: EncapsulationName;
  /** Of queue pairs; undefined where the headers say the network. */
  readonly gqpn: number | undefined;
  /** Packet sequence number; undefined where there is none. */
  readonly psn: number | undefined;
  /** undefined of queue pairs. */
  readonly vni: number | undefined;
  readonly headerBytes: number;
  /** Pad and ICRC. */
  readonly trailerBytes: number;
}

/** "control" for what hosts say to each other; undefined for what is in no encapsulation. */
export function readOuter(frame: Uint8Array): Outer | "control" | undefined {
  const view = viewOf(frame);
  if (frame.length < ETHERNET_BYTES + 20 + UDP_BYTES + TUNNEL_BYTES) return undefined;
  const isIpv4 = view.getUint16(12) === ETHERTYPE_IPV4;
  const l4 = ETHERNET_BYTES + (isIpv4 ? 20 : 40);
  const protocol = frame[isIpv4 ? ETHERNET_BYTES + 9 : ETHERNET_BYTES + 6];
  const to = isIpv4 ? frame.subarray(l4 - 4, l4) : frame.subarray(l4 - 16, l4);
  if (protocol === PROTOCOL_GRE) return tunnel(view, to, "nvgre", l4 + TUNNEL_BYTES);
  if (protocol !== PROTOCOL_UDP) return undefined;
  const port = view.getUint16(l4 + 2);
  const encapsulation = TUNNEL_PORTS[port];
  if (encapsulation) return tunnel(view, to, encapsulation, l4 + UDP_BYTES + TUNNEL_BYTES);
  if (port !== ROCEV2_PORT) return undefined;
  const bth = l4 + UDP_BYTES;
  const gqpn = view.getUint32(bth + 4) & 0xffffff;
  if (gqpn === QPN_CONTROL) return "control";
  const trailerBytes = ((view.getUint8(bth + 1) >> 4) & 3) + ICRC_BYTES;
  const psn = view.getUint32(bth + 8) & 0xffffff;
  return { to, encapsulation: "rocev2", gqpn, psn, vni: undefined, headerBytes: bth + QUEUE_PAIR_BYTES, trailerBytes };
}

function tunnel(view: DataView, to: Uint8Array, encapsulation: EncapsulationName, headerBytes: number): Outer {
  return {
    to,
    encapsulation,
    gqpn: undefined,
    psn: undefined,
    vni: view.getUint32(headerBytes - 4) >>> 8,
    headerBytes,
    trailerBytes: 0,
  };
}
