/** Who sends what to whom in measurements of the overlay: the same frames in every run. */
import { randomU32 } from "../workload.js";

export const VNI = 4711;
export const SOURCE_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const SOURCE_IP = Uint8Array.of(10, 0, 0, 1);

export function destinationMac(i: number): Uint8Array {
  return Uint8Array.of(2, 1, i >>> 24, (i >> 16) & 0xff, (i >> 8) & 0xff, i & 0xff);
}

export function destinationIp(i: number): Uint8Array {
  return Uint8Array.of(11 + (i >>> 24), (i >> 16) & 0xff, (i >> 8) & 0xff, i & 0xff);
}

/** count frames of 64 bytes to random ones of so many destinations: UDP to port 53, each from another port. */
export function frames(count: number, destinations: number): Uint8Array[] {
  const random = randomU32(destinations);
  return Array.from({ length: count }, (_, n) => {
    const to = random() % destinations;
    const frame = Uint8Array.from({ length: 64 }, random);
    const view = new DataView(frame.buffer);
    frame.set(destinationMac(to));
    frame.set(SOURCE_MAC, 6);
    frame.set([0x08, 0x00, 0x45, 0], 12);
    view.setUint16(16, 50);
    view.setUint16(20, 0); // no fragment
    frame.set([64, 17], 22);
    frame.set(SOURCE_IP, 26);
    frame.set(destinationIp(to), 30);
    view.setUint16(34, 1024 + (n % 60_000));
    view.setUint16(36, 53);
    view.setUint16(38, 30);
    return frame;
  });
}
