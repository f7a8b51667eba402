/** VXLAN encapsulation by packages that people pick for header encoding; no flow hash, so one entropy port for all. */
import { createRequire } from "node:module";

interface EncodingState {
  buffer: Buffer;
  start: number;
  end: number;
}
interface IpPacket {
  encode(state: EncodingState, packet: object): void;
  checksum(header: Buffer): number;
}
interface UdpPacket {
  encode(packet: object): Buffer;
}
type EtherFrame = new (options: object) => { toBuffer(buffer: Buffer): Buffer };

const require = createRequire(import.meta.url);
const etherFrame = require("ether-frame") as EtherFrame;
const ipPacket = require("ip-packet") as IpPacket;
const udpPacket = require("udp-packet") as UdpPacket;

const ETHERNET_BYTES = 14;
const IP_BYTES = 20;
const DONT_FRAGMENT = 2;
const VXLAN_HEADER_HEX = "0800000000126700";

/** The outer header that bench/plane.ts's tunnel has, and the frame behind it, in a new buffer. */
export function encapByPackages(frame: Buffer): Buffer {
  const vxlan = Buffer.concat([Buffer.from(VXLAN_HEADER_HEX, "hex"), frame]);
  const datagram = udpPacket.encode({ sourcePort: 49152, destinationPort: 4789, data: vxlan });
  datagram.writeUInt16BE(0, 6); // absent, as VXLAN over IPv4 has it
  const outer = Buffer.alloc(ETHERNET_BYTES + IP_BYTES + datagram.length);
  new etherFrame({ src: "02:00:c0:00:02:01", dst: "02:00:c6:33:64:02", type: "ip" }).toBuffer(outer);
  const packet = outer.subarray(ETHERNET_BYTES);
  ipPacket.encode(
    { buffer: packet, start: 0, end: packet.length },
    {
      version: 4,
      flags: DONT_FRAGMENT,
      ttl: 64,
      protocol: 17,
      sourceIp: "192.0.2.1",
      destinationIp: "198.51.100.2",
      data: datagram,
    },
  );
  ipPacket.checksum(packet);
  return outer;
}
