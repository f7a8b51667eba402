/**
 * What Linux's flow dissector finds for bonding's encap policies, header by header, an exception ending it. Written from what
 * net/core/flow_dissector.c does in 3.13, 3.18, 4.4, 4.14, 4.19, 5.10 and 6.6, and the headers' RFCs.
 */
import { foldedAddresses, type Release, transportWord, word32 } from "./bonding.js";

export interface Flow {
  addresses: number;
  /** Ports, or what stands for them, as bonding takes them in. */
  upper: number;
}

/** A header that the dissector does not know, or that is not here. */
class Unknown extends Error {}

/** Undefined when the frame cannot be dissected. */
export function dissected(type: number, bytes: Uint8Array, release: Release): Flow | undefined {
  try {
    return new Dissector(bytes, release).run(type);
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Dissector {
  readonly #bytes: Uint8Array;
  readonly #release: Release;
  readonly #flow: Flow = { addresses: 0, upper: 0 };
  #off = 0;
  #type = 0;
  #headers = 0;

  constructor(bytes: Uint8Array, release: Release) {
    this.#bytes = bytes;
    this.#release = release;
  }

  run(type: number): Flow {
    let next: number | undefined = type;
    while (next !== undefined && this.#headers < 16) {
      this.#headers++;
      this.#type = next;
      next = this.#network(next);
    }
    return this.#flow;
  }

  /** The header of a type; the type that follows, or undefined at the end. */
  #network(type: number): number | undefined {
    switch (type) {
      case 0x0800:
        return this.#ipv4();
      case 0x86dd:
        return this.#ipv6();
      case 0x8100:
      case 0x88a8:
        return this.#take(4, (h) => h[2] * 256 + h[3]);
      case 0x8864:
        return this.#pppoe();
      case 0x8847:
      case 0x8848:
        return this.#end(this.#release("4.3"));
      case 0x0806:
      case 0x8035:
        return this.#end(this.#release("4.11"));
      default:
        throw new Unknown();
    }
  }

  #ipv4(): number | undefined {
    const header = this.#header(20);
    const headerBytes = ((header[0] as number) & 15) * 4;
    if (headerBytes < 20) throw new Unknown();
    this.#flow.addresses = foldedAddresses(header.slice(12, 20));
    const fragment = (((header[6] as number) & 0x3f) << 8) | (header[7] as number);
    if (fragment !== 0) return this.#end(true);
    this.#off += headerBytes;
    return this.#protocol(header[9] as number);
  }

  #ipv6(): number | undefined {
    const header = this.#header(40);
    this.#flow.addresses = foldedAddresses(header.slice(8, 40));
    const label = word32(Uint8Array.of(0, (header[1] as number) & 15, header[2] as number, header[3] as number));
    if (label !== 0 && this.#release("3.17", "4.3")) {
      this.#flow.upper = label;
      return undefined;
    }
    this.#off += 40;
    return this.#protocol(header[6] as number);
  }

  #protocol(protocol: number): number | undefined {
    if (protocol === 47) return this.#gre();
    if (protocol === 4) return 0x0800;
    if (protocol === 41) return 0x86dd;
    if (protocol === 137 && this.#release("4.3")) return 0x8847;
    if (this.#type === 0x86dd && this.#release("4.3")) {
      if ([0, 43, 60].includes(protocol)) {
        const [next, units] = this.#header(2) as unknown as [number, number];
        this.#off += units * 8 + 8;
        this.#headers++;
        if (this.#headers <= 16) return this.#protocol(next);
        this.#flow.upper = transportWord(next, this.#bytes, this.#off, () => false);
        return undefined;
      }
      if (protocol === 44) {
        const [next] = this.#header(8) as unknown as [number];
        if (this.#release("4.14", "4.20"))
          this.#flow.upper = transportWord(next, this.#bytes, this.#off + 8, () => false);
        return undefined;
      }
    }
    this.#flow.upper = transportWord(protocol, this.#bytes, this.#off, this.#release);
    return undefined;
  }

  #gre(): number | undefined {
    const header = this.#header(4);
    const [first, second] = [header[0] as number, header[1] as number];
    const carried = ((header[2] as number) << 8) | (header[3] as number);
    const version = second & 7;
    const isPptp = version === 1 && carried === 0x880b && (first & 0x20) !== 0 && this.#release("4.11");
    if ((first & 0x40) !== 0 || (version !== 0 && !isPptp)) return this.#end(true);
    this.#off += 4;
    for (const bit of [0x80, 0x20, 0x10]) if (first & bit) this.#off += 4;
    if (isPptp) {
      if (second & 0x80) this.#off += 4;
      return this.#take(4, (h) => this.#ppp(h[2] * 256 + h[3]));
    }
    return carried === 0x6558 ? this.#take(14, (h) => (h[12] as number) * 256 + (h[13] as number)) : carried;
  }

  #pppoe(): number | undefined {
    const header = this.#header(8);
    const protocol = ((header[6] as number) << 8) | (header[7] as number);
    this.#off += 8;
    if (!this.#release("6.0")) return this.#ppp(protocol);
    if (header[0] !== 0x11 || header[1] !== 0) throw new Unknown();
    const isShort = ((header[6] as number) & 1) === 1;
    if (isShort) this.#off -= 1;
    const wanted = isShort ? (header[6] as number) : protocol;
    if (wanted === 0x0281 || wanted === 0x0283) return 0x8847;
    if (wanted === 0x0021 || wanted === 0x0057) return this.#ppp(wanted);
    // RFC 1661 section 2: the last bit is one, the last of the first byte zero.
    return this.#end((wanted & 0x0101) === 1);
  }

  #ppp(protocol: number): number {
    if (protocol === 0x0021) return 0x0800;
    if (protocol === 0x0057) return 0x86dd;
    throw new Unknown();
  }

  #end(isKnown: boolean): undefined {
    if (!isKnown) throw new Unknown();
    this.#flow.upper = 0;
  }

  #header(length: number): Uint8Array {
    if (this.#off + length > this.#bytes.length) throw new Unknown();
    return this.#bytes.subarray(this.#off, this.#off + length);
  }

  #take(length: number, next: (header: readonly [number, number, number, number, ...number[]]) => number): number {
    const header = [...this.#header(length)] as [number, number, number, number, ...number[]];
    this.#off += length;
    return next(header);
  }
}
