/**
 * A capture that is replayed between two endpoints, both ways: each frame is sent by the one whose MAC address it comes from, or, where the
 * capture has no Ethernet headers, whose IP address, with their MAC addresses put in.
 */
import {
  CaptureError,
  type CapturePacket,
  CaptureReader,
  type CaptureSource,
  LINKTYPE_ETHERNET,
  toEthernet,
} from "../../index.js";
import type { Delivered } from "../guest.js";
import { ipEnds, isFrom, withMacs } from "../judge/inner.js";
import type { ReplayText } from "../schema.js";
import type { Source } from "./source.js";
import type { Stream } from "./stream.js";

/** Packets that are read at a time. */
const BURST = 256;
const NS_PER_MS = 1e6;

export class ReplaySource implements Source {
  readonly streams: readonly [Stream, Stream];
  readonly capture: string;
  /** Packets of link types that the engine does not take. */
  notTaken = 0;
  /** Frames that come from neither of the two. */
  foreign = 0;
  damage: CaptureError | undefined;
  readonly #text: ReplayText;
  readonly #bursts: AsyncIterator<readonly CapturePacket[]>;
  #waiting: CapturePacket[] = [];
  #isDone = false;
  #firstNs: bigint | undefined;
  #count = 0;
  #next: { readonly frame: Delivered; readonly stream: Stream; readonly atMs: number } | undefined;

  /** The streams there and back. */
  constructor(text: ReplayText, streams: readonly [Stream, Stream], capture: CaptureSource) {
    this.capture = text.capture;
    this.streams = streams;
    this.#text = text;
    this.#bursts = new CaptureReader(capture).bursts(BURST)[Symbol.asyncIterator]();
  }

  async load(): Promise<void> {
    while (!this.#next && !(this.#isDone && this.#waiting.length === 0)) {
      if (this.#waiting.length === 0) await this.#read();
      const packet = this.#waiting.shift();
      if (packet) this.#next = this.#prepare(packet);
    }
  }

  get nextMs(): number | undefined {
    return this.#next?.atMs;
  }

  get next() {
    return this.#next;
  }

  taken(): void {
    this.#next = undefined;
  }

  async #read(): Promise<void> {
    try {
      const { done, value } = await this.#bursts.next();
      this.#isDone = done ?? false;
      // A reader's packets may share memory with those that it reads next.
      this.#waiting = done ? [] : value.map((packet) => ({ ...packet, data: packet.data.slice() }));
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.damage = error;
      this.#isDone = true;
    }
  }

  #prepare(packet: CapturePacket) {
    const ethernet = toEthernet(packet);
    if (!ethernet) {
      this.notTaken++;
      return undefined;
    }
    const isEthernet = packet.linkType === LINKTYPE_ETHERNET;
    const stream = this.streams.find(({ from }) => {
      if (isEthernet) return isFrom(ethernet.data, from.mac);
      const ends = ipEnds(ethernet.data);
      return ends !== undefined && from.hasIp(ends.src);
    });
    if (!stream) {
      this.foreign++;
      return undefined;
    }
    const macs = { dst: stream.to.mac, src: stream.from.mac };
    const data = isEthernet ? ethernet.data : withMacs(ethernet.data, macs);
    return { frame: { data, originalLength: ethernet.originalLength }, stream, atMs: this.#timeOf(packet) };
  }

  #timeOf({ timestampNs }: CapturePacket): number {
    const { atMs, framesPerSecond } = this.#text;
    this.#firstNs ??= timestampNs;
    const after = framesPerSecond
      ? (this.#count++ * 1000) / framesPerSecond
      : Number(timestampNs - this.#firstNs) / NS_PER_MS;
    return atMs + Math.max(0, after);
  }
}
