/** Numbered frames from several guests to one that moves, and what of them is seen: by the guest, and on the underlay. */
import { QPN_CONTROL } from "../../assembly/layout.js";
import type { Outgoing } from "../../src/buffer/outgoing.js";
import type { Port } from "../../src/buffer/port.js";
import type { EncapsulationName } from "../../src/directory/records.js";
import type { Attachment } from "../../src/host/attachment.js";
import { concat, counting, macFrom, u32 } from "./bytes.js";
import * as f from "./frames.js";
import type { Guest, OverlayWorld } from "./moving-world.js";
import { bytesOf, drain } from "./ports.js";

/** A frame of the underlay that carries one to the guest that moves. */
export interface Carried {
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly from: string;
  readonly to: string;
  readonly inner: Uint8Array;
  readonly sender: number;
  readonly number: number;
  /** Of RoCEv2. */
  readonly destQpn: number;
  readonly psn: number;
}

/** A control message. */
export interface Told {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
}

const PAYLOAD_BYTES = 32;
const FRAME_BYTES = 14 + 20 + 8 + PAYLOAD_BYTES;
/** Between the underlay's IP header and the frame inside. */
const BETWEEN: Readonly<Record<EncapsulationName, number>> = {
  vxlan: 16,
  geneve: 16,
  "vxlan-gpe": 16,
  nvgre: 8,
  rocev2: 32,
  infiniband: 0,
};

/** What a sender says the nth time. */
export function streamFrame(from: Guest, to: Guest, sender: number, number: number): Uint8Array {
  const ips = {
    src: (from.ips[0] as string).split(".").map(Number),
    dst: (to.ips[0] as string).split(".").map(Number),
  };
  const payload = concat([sender], u32(number), counting(PAYLOAD_BYTES - 5, number));
  const inside = f.ipv4(f.udp(payload, { sport: 1000 + (number % 7), dport: 53 }), ips);
  return f.ethernet(inside, { src: macFrom(from.mac), dst: macFrom(to.mac) });
}

function readStream(bytes: Uint8Array): { sender: number; number: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { sender: view.getUint8(42), number: view.getUint32(43) };
}

/** Reads what leaves the hosts' uplinks; give tap to the fabric. */
export class UnderlayWatch {
  readonly carried: Carried[] = [];
  readonly told: Told[] = [];
  readonly all: { readonly timestampNs: bigint; readonly bytes: Uint8Array }[] = [];
  readonly #encapsulation: EncapsulationName;
  readonly #mac: string;

  constructor(encapsulation: EncapsulationName, to: Guest) {
    this.#encapsulation = encapsulation;
    this.#mac = Buffer.from(macFrom(to.mac)).toString("hex");
  }

  readonly tap = (frame: Outgoing): void => {
    const bytes = bytesOf(frame);
    this.all.push({ timestampNs: frame.timestampNs, bytes });
    const atMs = Number(frame.timestampNs) / 1e6;
    const is4 = bytes[12] === 0x08;
    const [source, destination, l4] = is4 ? [26, 30, 34] : [22, 38, 54];
    const [from, to] = [addressText(bytes, source, is4), addressText(bytes, destination, is4)];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const isRoce = bytes[is4 ? 23 : 20] === 17 && view.getUint16(l4 + 2) === 4791;
    const destQpn = isRoce ? view.getUint32(l4 + 12) & 0xffffff : 0;
    if (isRoce && destQpn === QPN_CONTROL) {
      this.told.push({ atMs, from, to });
      return;
    }
    const inside = l4 + BETWEEN[isRoce ? "rocev2" : this.#encapsulation];
    const inner = bytes.subarray(inside, inside + FRAME_BYTES);
    if (Buffer.from(inner.subarray(0, 6)).toString("hex") !== this.#mac) return;
    const psn = isRoce ? view.getUint32(l4 + 16) & 0xffffff : 0;
    this.carried.push({ atMs, bytes, from, to, inner, ...readStream(inner), destQpn, psn });
  };
}

function addressText(bytes: Uint8Array, at: number, is4: boolean): string {
  return is4 ? bytes.subarray(at, at + 4).join(".") : `fd00::${bytes[at + 15]}`;
}

export interface Sender {
  readonly guest: Guest;
  readonly attachment: Attachment;
}

/** Streams to a guest, one for each sender. */
export class Streams {
  /** Numbers that the guest has got, in order, by sender; a frame that is not as it was sent is -1. */
  readonly got: number[][];
  /** How many each has sent. */
  sent = 0;
  readonly #world: OverlayWorld;
  readonly #to: Guest;
  readonly #senders: readonly Sender[];
  readonly #ends: Port[] = [];

  constructor(world: OverlayWorld, to: Guest, senders: readonly Sender[]) {
    this.#world = world;
    this.#to = to;
    this.#senders = senders;
    this.got = senders.map(() => []);
  }

  /** A port at which the guest is, or was. */
  watch(port: Port): void {
    this.#ends.push(port);
  }

  /** So many frames of every sender, one each time a step of virtual time has passed. */
  run(frames: number, stepMs = 0.05): void {
    for (let i = 0; i < frames; i++) {
      for (const [sender, { guest, attachment }] of this.#senders.entries()) {
        if (!attachment.vnic.receive(streamFrame(guest, this.#to, sender, this.sent)))
          throw new Error("a sender's ring is full");
      }
      this.sent++;
      this.rest(stepMs);
    }
  }

  /** Time passes, and the guest takes what has come. */
  rest(forMs: number): void {
    this.#world.fabric.run({ forMs });
    for (const port of this.#ends) {
      for (const { bytes } of drain(port)) {
        const { sender, number } = readStream(bytes);
        const { guest } = this.#senders[sender] as Sender;
        const isAsSent = Buffer.compare(bytes, streamFrame(guest, this.#to, sender, number)) === 0;
        this.got[sender]?.push(isAsSent ? number : -1);
      }
    }
  }

  /** Numbers of a sender that did not come. */
  lost(sender: number): number[] {
    const got = new Set(this.got[sender]);
    return Array.from({ length: this.sent }, (_, i) => i).filter((number) => !got.has(number));
  }

  /** Numbers of a sender that came again. */
  twice(sender: number): number[] {
    const seen = new Set<number>();
    return (this.got[sender] as number[]).filter((number) => seen.size === seen.add(number).size);
  }
}
