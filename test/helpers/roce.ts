/** RoCEv2 packets of real traffic. */
import { readFileSync } from "node:fs";
import { CaptureReader } from "../../src/capture/index.js";
import { exampleCapture } from "./files.js";

const ETHERNET_BYTES = 14;

/** The IP packets of a capture that go to RoCEv2's UDP port, without what Ethernet pads. */
export async function rocePackets(name: string): Promise<Uint8Array[]> {
  const packets: Uint8Array[] = [];
  const file = new Uint8Array(readFileSync(exampleCapture(`${name}.pcap`)));
  for await (const { data } of new CaptureReader(file)) {
    const view = new DataView(data.buffer, data.byteOffset + ETHERNET_BYTES, data.length - ETHERNET_BYTES);
    const isIpv4 = view.getUint8(0) >> 4 === 4;
    const protocol = isIpv4 ? view.getUint8(9) : view.getUint8(6);
    if (protocol !== 17 || view.getUint16(isIpv4 ? 22 : 42) !== 4791) continue;
    const length = isIpv4 ? view.getUint16(2) : 40 + view.getUint16(4);
    packets.push(data.slice(ETHERNET_BYTES, ETHERNET_BYTES + length));
  }
  return packets;
}
