/** A flow that is made up. */

import type { Guest } from "../guest.js";
import type { FlowText } from "../schema.js";
import { type Ends, flowFrame } from "./packets.js";
import type { Source } from "./source.js";
import type { Stream } from "./stream.js";

const PAYLOAD_BYTES = 64;

export class FlowSource implements Source {
  readonly streams: readonly Stream[];
  readonly #text: FlowText;
  readonly #stream: Stream;
  readonly #ends: Ends;
  readonly #number: number;
  #sent = 0;

  /** number: of the flow, which tells flows of the same ends apart. */
  constructor(text: FlowText, stream: Stream, replies: Stream | undefined, number: number) {
    this.#text = text;
    this.#stream = stream;
    this.#number = number;
    this.#ends = endsOf(stream);
    this.streams = replies ? [stream, replies] : [stream];
  }

  async load(): Promise<void> {}

  get nextMs(): number | undefined {
    const { atMs, everyMs, count } = this.#text;
    return this.#sent < count ? atMs + this.#sent * everyMs : undefined;
  }

  get next() {
    const { protocol, port = 0, bytes = PAYLOAD_BYTES } = this.#text;
    const data = flowFrame(this.#ends, { protocol, port, bytes, number: this.#number }, this.#sent);
    return { frame: { data, originalLength: data.length }, stream: this.#stream };
  }

  taken(): void {
    this.#sent++;
  }
}

/** parseScenario has seen that both have an address of one version. */
function endsOf({ from, to }: Stream): Ends {
  const ipOf = ({ ips }: Guest, bytes: number) => ips.find((ip) => ip.length === bytes);
  const bytes = ipOf(from, 4) && ipOf(to, 4) ? 4 : 16;
  const [srcIp, dstIp] = [ipOf(from, bytes), ipOf(to, bytes)] as [Uint8Array, Uint8Array];
  return { srcMac: from.mac, dstMac: to.mac, srcIp, dstIp };
}
