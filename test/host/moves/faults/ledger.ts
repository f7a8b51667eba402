/** Where each numbered frame has been: taken from its guest, on the underlay, in a host that has died, with the guest that it is for. */
import { decodeMovePacket } from "../../../../src/migrate/wire/codec.js";
import { isPiece, PieceAssembly } from "../../../../src/migrate/wire/pieces.js";
import type { Guest } from "../../../helpers/moving-world.js";
import { streamFrame } from "../../../helpers/stream.js";
import { innerOf, isControl } from "./nic.js";

export interface Stream {
  readonly from: Guest;
  readonly to: Guest;
  readonly sent: number[];
  /** In the order of their coming; -1 for one that is not as it was sent. */
  readonly got: number[];
}

interface Trace {
  left: number;
  arrived: number;
  /** It was in a host that has died since. */
  readonly hosts: Set<number>;
}

/** Behind Ethernet, IPv4, UDP, BTH and DETH. */
const CONTROL_PAYLOAD_AT = 62;
const ICRC_BYTES = 4;
const SENDER_AT = 42;
const NUMBER_AT = 43;

export class Ledger {
  readonly streams: Stream[] = [];
  readonly #traces = new Map<string, Trace>();
  readonly #assemblies = new Map<string, PieceAssembly>();
  readonly #dead = new Set<number>();
  #next = 0;

  add(from: Guest, to: Guest): number {
    return this.streams.push({ from, to, sent: [], got: [] }) - 1;
  }

  /** The next frame of a stream; sent says whether the host has taken it. */
  next(stream: number): { readonly bytes: Uint8Array; sent(host: number): void } {
    const { from, to, sent } = this.streams[stream] as Stream;
    const number = this.#next++;
    return {
      bytes: streamFrame(from, to, stream, number),
      sent: (host) => {
        sent.push(number);
        this.#trace(stream, number).hosts.add(host);
      },
    };
  }

  /** An underlay frame leaves a host. */
  readonly tap = (frame: { readonly spans: readonly Uint8Array[] }): void => {
    const bytes = Buffer.concat(frame.spans);
    if (!isControl(bytes)) this.#of(innerOf(bytes)).left++;
  };

  /** An underlay frame has come to a host. */
  arrived(bytes: Uint8Array, host: number): void {
    const trace = this.#of(innerOf(bytes));
    trace.arrived++;
    trace.hosts.add(host);
  }

  /** What a host holds of or for a guest is with another too: as its state. */
  copied(of: Guest, from: number, to: number): void {
    for (const [stream, { sent, got, to: receiver }] of this.streams.entries()) {
      const here = new Set(got);
      for (const number of sent) {
        const { left, arrived, hosts } = this.#trace(stream, number);
        const isThere = hosts.has(from) && (left === 0 || (receiver === of && left <= arrived));
        if (!here.has(number) && isThere) hosts.add(to);
      }
    }
  }

  /** A control message has come to a host: one with a frame that another has sent on, perhaps. */
  heard(bytes: Uint8Array, host: number): void {
    const payload = bytes.subarray(CONTROL_PAYLOAD_AT, bytes.length - ICRC_BYTES);
    if (!isPiece(payload)) return;
    const way = `${bytes.subarray(26, 30).join()} ${host}`;
    const assembly = this.#assemblies.get(way) ?? new PieceAssembly({ packets: 64, pieces: 4096, bytes: 2 ** 20 });
    this.#assemblies.set(way, assembly);
    const packet = assembly.take(payload);
    const body = packet && decodeMovePacket(packet)?.message?.body;
    if (body?.type === "frame") this.#of(body.frame.data).hosts.add(host);
  }

  /** A guest has taken a frame, on a host. */
  got(bytes: Uint8Array, host: number): void {
    const { stream, number } = read(bytes);
    const known = this.streams[stream];
    // A bit of it was flipped.
    if (!known) return;
    this.#trace(stream, number).hosts.add(host);
    const isAsSent = Buffer.compare(bytes, streamFrame(known.from, known.to, stream, number)) === 0;
    known.got.push(isAsSent ? number : -1);
  }

  died(host: number): void {
    this.#dead.add(host);
  }

  /** Frames that were taken and did not come, though neither the underlay has lost them nor a host that died can have had them. */
  missing(stream: number): number[] {
    const { sent, got } = this.streams[stream] as Stream;
    const here = new Set(got);
    return sent.filter((number) => {
      if (here.has(number)) return false;
      const { left, arrived, hosts } = this.#trace(stream, number);
      return left <= arrived && ![...hosts].some((host) => this.#dead.has(host));
    });
  }

  /** Frames that came again. */
  doubled(stream: number): number[] {
    const seen = new Set<number>();
    return (this.streams[stream] as Stream).got.filter((number) => seen.size === seen.add(number).size);
  }

  /** Frames that came behind one that was sent after them. */
  overtaken(stream: number): number[] {
    let highest = -1;
    return (this.streams[stream] as Stream).got.filter((number) => {
      const isLate = number < highest;
      highest = Math.max(highest, number);
      return isLate;
    });
  }

  whereabouts(stream: number, number: number): string {
    const { left, arrived, hosts } = this.#trace(stream, number);
    return `${stream}/${number}: left ${left}, arrived ${arrived}, in ${[...hosts]}`;
  }

  #of(inner: Uint8Array): Trace {
    const { stream, number } = read(inner);
    return this.#trace(stream, number);
  }

  #trace(stream: number, number: number): Trace {
    const key = `${stream}/${number}`;
    const known = this.#traces.get(key);
    if (known) return known;
    const trace = { left: 0, arrived: 0, hosts: new Set<number>() };
    this.#traces.set(key, trace);
    return trace;
  }
}

function read(bytes: Uint8Array): { stream: number; number: number } {
  // The bit that was flipped may be one of a length.
  if (bytes.length < NUMBER_AT + 4) return { stream: -1, number: -1 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { stream: view.getUint8(SENDER_AT), number: view.getUint32(NUMBER_AT) };
}
