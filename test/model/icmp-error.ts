/**
 * "Too big" answers, the slow way, as fields in a list rather than bytes at offsets: RFC 1191 section 4 with RFC 1812 section 4.3.2,
 * and RFC 4443 section 3.2. What is to be answered at all is the test's business.
 */
import { concat, u16, u32 } from "../helpers/bytes.js";
import { internetChecksum, pseudoHeader } from "./checksum.js";

/** The answer to an IPv4 packet, as an IPv4 packet of 576 bytes at most. */
export function fragmentationNeeded(packet: Uint8Array, mtu: number): Uint8Array {
  const quote = packet.slice(0, 576 - 28);
  const message = summed([3, 4], [0, 0, ...u16(mtu)], quote, []);
  const head = (sum: number) =>
    concat(
      [0x45, 0xc0],
      u16(20 + message.length),
      [0, 0, 0x40, 0],
      [64, 1],
      u16(sum),
      packet.slice(16, 20),
      packet.slice(12, 16),
    );
  return concat(head(internetChecksum(head(0))), message);
}

/** The answer to an IPv6 packet, as an IPv6 packet of 1280 bytes at most. */
export function packetTooBig(packet: Uint8Array, mtu: number): Uint8Array {
  const quote = packet.slice(0, 1280 - 48);
  const [src, dst] = [packet.slice(24, 40), packet.slice(8, 24)];
  const message = summed([2, 0], u32(mtu), quote, pseudoHeader(src, dst, 58, 8 + quote.length));
  return concat([0x60, 0, 0, 0], u16(message.length), [58, 64], src, dst, message);
}

function summed(head: number[], rest: number[], quote: Uint8Array, pseudo: number[]): Uint8Array {
  const sum = internetChecksum([...pseudo, ...head, 0, 0, ...rest, ...quote]);
  return concat(head, u16(sum), rest, quote);
}
