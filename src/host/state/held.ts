/**
 * Frames that the adapter has sent and that wait until it is known to whom: for whom they wait. The frames themselves are in the block's
 * section of frames, in the order in which they stand here.
 *
 *   │ keys 4 │ frames 4 │ key 24 …  ascending by kind, then by address
 *   key  │ kind 1: 1 a MAC address, 4 or 6 an IP address whose class is wanted │ 0 3 │ frames 4 │ address 16, zeros behind it │
 */
import type { Port } from "../../buffer/port.js";
import { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import { type FrameHolder, PLACE_HELD_SENT } from "../../migrate/state/frames/holder.js";
import type { StatePart, StateRefusal } from "../../migrate/state/part.js";
import { refuse } from "../../migrate/state/refusal.js";
import type { EndpointKey } from "../../overlay/plane/endpoints.js";
import type { OverlayPlane } from "../../overlay/plane/plane.js";
import type { StateHome } from "./home.js";
import { refusing } from "./refusing.js";

const KEY_BYTES = 24;
const ADDRESS_BYTES = 16;
const KIND_BYTES = { 1: 6, 4: 4, 6: 16 } as const;
type Kind = keyof typeof KIND_BYTES;

/** Of AdapterFrames (src/migrate/state/frames/): the frames of a block that is taken in. */
export interface HeldIncoming {
  readonly incoming: {
    /** Number of the first frame of a place, and how many there are. */
    first(place: number): number;
    count(place: number): number;
  };
  /** Address of the mbuf of a frame, once frames were taken in. */
  mbufOf(number: number): number;
}

interface Waiting {
  readonly kind: Kind;
  readonly address: Uint8Array;
  readonly mbufs: readonly number[];
}

/** The adapter's frames in rings of endpoints, for whoever writes, moves or frees them. */
export class HeldSent implements FrameHolder {
  readonly place = PLACE_HELD_SENT;
  readonly #plane: OverlayPlane;
  readonly #port: Port;
  /** Frames that came with the adapter, until it is live. */
  readonly #parked: { readonly key: EndpointKey; readonly ring: number }[] = [];

  constructor(plane: OverlayPlane, port: Port) {
    this.#plane = plane;
    this.#port = port;
  }

  /** Addresses of mbufs in the order of the section. */
  mbufs(): readonly number[] {
    return this.waiting().flatMap(({ mbufs }) => mbufs);
  }

  /** The adapter's frames wait no more: the mbufs are the caller's. */
  letGo(): void {
    this.#plane.held.takeOut(this.#port);
    for (const { ring } of this.#parked.splice(0)) this.#plane.held.unpark(ring);
  }

  /** For whom frames wait, ascending. */
  waiting(): Waiting[] {
    const { endpoints, held } = this.#plane;
    const inRings = held.of(this.#port).map(({ endpoint, mbufs }): Waiting => {
      if (!endpoints.isAddress(endpoint)) return { kind: 1, address: endpoints.macBytes(endpoint).slice(), mbufs };
      const address = endpoints.ip(endpoint);
      return { kind: address.length === 4 ? 4 : 6, address, mbufs };
    });
    const parked = this.#parked.map(({ key, ring }) => ({ ...kindOf(key), mbufs: held.framesIn(ring) }));
    return [...inRings, ...parked].sort((a, b) => a.kind - b.kind || compareBytes(a.address, b.address));
  }

  /** Frames wait for somebody, as soon as release is called. */
  park(key: EndpointKey, mbufs: readonly number[]): void {
    this.#parked.push({ key, ring: this.#plane.held.park(this.#port, mbufs) });
  }

  /** The adapter is live: its frames wait as all others do, and are asked about; without room for whom they wait for, they are dropped. */
  release(): void {
    const { endpoints, held } = this.#plane;
    for (const { key, ring } of this.#parked.splice(0)) {
      const endpoint = endpoints.place(key);
      if (endpoint === 0) held.drop(ring);
      else {
        held.join(endpoint, ring);
        endpoints.askAgain(endpoint);
      }
    }
  }

  /** The adapter will not be live. */
  drop(): void {
    for (const { ring } of this.#parked.splice(0)) this.#plane.held.drop(ring);
  }
}

export class HeldPart implements StatePart {
  readonly name = "held";
  readonly version = 1;
  readonly #home: StateHome;
  readonly #held: HeldSent;
  readonly #frames: HeldIncoming;

  constructor(home: StateHome, held: HeldSent, frames: HeldIncoming) {
    this.#home = home;
    this.#held = held;
    this.#frames = frames;
  }

  extract(): Uint8Array {
    const waiting = this.#held.waiting();
    const frames = waiting.reduce((sum, { mbufs }) => sum + mbufs.length, 0);
    const writer = new SectionWriter().u32(waiting.length).u32(frames);
    for (const { kind, address, mbufs } of waiting) {
      writer.u8(kind).zeros(3).u32(mbufs.length).bytes(address);
      writer.zeros(ADDRESS_BYTES - address.length);
    }
    return writer.done();
  }

  prepare(bytes: Uint8Array): (() => void) | StateRefusal {
    return refusing(this.name, () => this.#plan(new SectionReader(bytes)));
  }

  #plan(reader: SectionReader): () => void {
    const { plane, room } = this.#home;
    const count = reader.u32("keys");
    const frames = reader.u32("frames");
    const there = this.#frames.incoming.count(PLACE_HELD_SENT);
    if (frames !== there) refuse("frames", frames, `${there}, as the block has of these`);
    if (reader.left !== count * KEY_BYTES) refuse("length", reader.left, `${count * KEY_BYTES} bytes of keys`);
    if (count > plane.held.freeRings)
      refuse("keys", count, `at most ${plane.held.freeRings} (overlay.waits of createEngine)`);
    const keys = this.#readKeys(reader, count, frames);
    const fresh = keys.filter(({ key }) => plane.endpoints.find(key) === 0);
    room.want(this.name, "keys", fresh.length);
    return () => {
      let number = this.#frames.incoming.first(PLACE_HELD_SENT);
      for (const { key, frames } of keys) {
        this.#held.park(
          key,
          Array.from({ length: frames }, () => this.#frames.mbufOf(number++)),
        );
      }
      room.took(this.name);
      const { attachment } = this.#home;
      attachment.parked = this.#held;
      if (attachment.state === "live") this.#held.release();
    };
  }

  #readKeys(reader: SectionReader, count: number, frames: number): { key: EndpointKey; frames: number }[] {
    const { plane, attachment } = this.#home;
    const network = attachment.network.plane.ptr;
    let last: Uint8Array | undefined;
    let left = frames;
    const keys = reader.list("keys", count, () => {
      const { kind, address, waiting } = readKey(reader);
      left -= reader.within("frames", waiting, 1, Math.min(left, plane.held.ringFrames));
      const order = Uint8Array.of(kind, ...address);
      if (last && compareBytes(last, order) >= 0) reader.refuse("", kind, "behind the key before it");
      last = order;
      return { key: kind === 1 ? { network, mac: address } : { network, ip: address }, frames: waiting };
    });
    if (left > 0) refuse("frames", frames, `${frames - left}, the sum of its keys'`);
    return keys;
  }
}

function readKey(reader: SectionReader): { kind: Kind; address: Uint8Array; waiting: number } {
  const kind = reader.u8("kind");
  if (!isKind(kind)) return reader.refuse("kind", kind, "1, 4 or 6");
  reader.zeros("reserved", 3);
  const waiting = reader.u32("frames");
  const address = reader.bytes("address", KIND_BYTES[kind]);
  reader.zeros("address", ADDRESS_BYTES - address.length);
  return { kind, address, waiting };
}

function isKind(kind: number): kind is Kind {
  return kind in KIND_BYTES;
}

function kindOf(key: EndpointKey): { kind: Kind; address: Uint8Array } {
  if ("mac" in key) return { kind: 1, address: key.mac };
  return { kind: key.ip.length === 4 ? 4 : 6, address: key.ip };
}

/** Byte by byte. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
