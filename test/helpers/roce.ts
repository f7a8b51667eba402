/** RoCEv2 packets of real traffic. */
import { readFileSync } from "node:fs";
import { CaptureReader } from "../../src/capture/index.js";
import { exampleCapture } from "./files.js";

const ETHERNET_BYTES = 14;

/** The frames of captures that go to RoCEv2's UDP port. */
export async function roceFrames(...names: readonly string[]): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (const name of names) {
    const file = new Uint8Array(readFileSync(exampleCapture(`${name}.pcap`)));
    for await (const { data } of new CaptureReader(file)) if (isRoce(packetOf(data))) frames.push(data.slice());
  }
  return frames;
}

/** Their IP packets, without what Ethernet pads. */
export async function rocePackets(name: string): Promise<Uint8Array[]> {
  return (await roceFrames(name)).map((frame) => {
    const view = packetOf(frame);
    const length = isIpv4(view) ? view.getUint16(2) : 40 + view.getUint16(4);
    return frame.slice(ETHERNET_BYTES, ETHERNET_BYTES + length);
  });
}

function packetOf(frame: Uint8Array): DataView {
  return new DataView(frame.buffer, frame.byteOffset + ETHERNET_BYTES, frame.length - ETHERNET_BYTES);
}

function isIpv4(packet: DataView): boolean {
  return packet.getUint8(0) >> 4 === 4;
}

function isRoce(packet: DataView): boolean {
  const protocol = packet.getUint8(isIpv4(packet) ? 9 : 6);
  return protocol === 17 && packet.getUint16(isIpv4(packet) ? 22 : 42) === 4791;
}
