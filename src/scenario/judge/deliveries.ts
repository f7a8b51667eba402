/**
 * Judges every frame that a guest is given: it was sent to it, and is as it was sent; or it is there twice, altered, another tenant's, one
 * that policy was to stop, or nobody's. What guests answer by themselves comes back: a waypoint sends on, whoever is pinged replies.
 */
import { isSame } from "../../overlay/answers/ethernet.js";
import type { Delivered, Delivery, Guest } from "../guest.js";
import { echoReply } from "../traffic/packets.js";
import type { Stream } from "../traffic/stream.js";
import { fingerprint, Recent } from "./fingerprint.js";
import {
  flowKey,
  ipEnds,
  isArrivalTalk,
  isFrom,
  isNeighbourTalk,
  isToMany,
  isTooBigAnswer,
  neighbourAnswer,
  withMacs,
} from "./inner.js";
import { Ledger } from "./ledger.js";

/** A frame that a guest sends because of one that it was given. */
export interface Reaction {
  readonly guest: Guest;
  readonly frame: Delivered;
  /** Undefined for one that is on its way still. */
  readonly stream: Stream | undefined;
}

/** A guest's side. */
interface Side {
  readonly ledger: Ledger;
  readonly delivered: Recent<Stream>;
}

export class Deliveries {
  /** Frames of one network given to a guest of another. */
  crossed = 0;
  /** Frames that nobody can have sent to whoever got them. */
  strays = 0;
  /** Answers of hosts to questions about addresses, and those that were wrong. */
  answers = 0;
  wrongAnswers = 0;
  /** Words of hosts that a VM has come to them. */
  arrivals = 0;
  /** Answers of hosts that a packet was too big. */
  tooBigAnswers = 0;
  /** Copies of broadcasts and multicasts for others than the one that a replay is for. */
  copies = 0;
  /** Frames that each waypoint has sent on. */
  readonly forwarded = new Map<Guest, number>();
  readonly #guests: readonly Guest[];
  readonly #floods: ReadonlySet<string>;
  readonly #sides = new Map<Guest, Side>();
  /** By network. */
  readonly #sent = new Map<string, Recent<Stream>>();
  readonly #replies: ReadonlyMap<Stream, Stream>;

  /** floods: names of networks that flood; replies: the stream of a stream's answers. */
  constructor(guests: readonly Guest[], floods: ReadonlySet<string>, replies: ReadonlyMap<Stream, Stream>) {
    this.#guests = guests;
    this.#floods = floods;
    this.#replies = replies;
    for (const guest of guests) {
      this.#sides.set(guest, { ledger: new Ledger(), delivered: new Recent() });
      this.#sent.set(guest.network, new Recent());
    }
  }

  /** A stream's frame was taken by its sender's port. */
  sent(stream: Stream, frame: Delivered): void {
    const { from, to, expect } = stream;
    const number = ++stream.sent;
    stream.sentBytes += frame.data.length;
    this.#sent.get(from.network)?.add(fingerprint(frame.data, frame.originalLength), stream);
    if (isNeighbourTalk(frame.data)) stream.neighbours++;
    else if (isToMany(frame.data) && !this.#floods.has(from.network)) stream.unflooded++;
    else if (typeof expect === "object") {
      const data = withMacs(frame.data, { dst: expect.via.mac });
      this.#side(expect.via).ledger.expect({ frame: { ...frame, data }, stream, isOnItsWay: true, number });
    } else if (expect !== "denied") this.#side(to).ledger.expect({ frame, stream, isOnItsWay: false, number });
  }

  take({ guest, frame }: Delivery): Reaction | undefined {
    const { ledger, delivered } = this.#side(guest);
    const key = fingerprint(frame.data, frame.originalLength);
    const expected = ledger.take(frame, key);
    if (!expected) {
      this.#judge(guest, frame, key);
      return undefined;
    }
    const { stream, isOnItsWay, number } = expected;
    delivered.add(key, stream);
    if (isOnItsWay) return this.#forward(guest, frame, stream, number);
    stream.arrived(flowKey(frame.data), number);
    const reply = guest.ignores(frame) ? undefined : this.#replies.get(stream);
    const data = reply && echoReply(frame.data);
    return data && { guest, stream: reply, frame: { data, originalLength: data.length } };
  }

  /** A frame that was not expected. */
  #judge(guest: Guest, frame: Delivered, key: number): void {
    const { ledger, delivered } = this.#side(guest);
    const before = delivered.get(key);
    const own = this.#sent.get(guest.network)?.get(key);
    if (before) before.duplicated++;
    else if (isNeighbourTalk(frame.data)) this.#judgeAnswer(guest, frame.data);
    else if (isArrivalTalk(frame.data) && this.#hasMac(guest.network, frame.data)) this.arrivals++;
    else if (own?.expect === "denied") own.leaked++;
    else if (own && isToMany(frame.data)) this.copies++;
    else if (own) this.strays++;
    else if (this.#isOthers(guest, key)) this.crossed++;
    else if (isTooBigAnswer(frame.data)) this.tooBigAnswers++;
    else {
      const like = ledger.takeLike(frame);
      if (like) like.stream.altered++;
      else this.strays++;
    }
  }

  #isOthers(guest: Guest, key: number): boolean {
    return [...this.#sent].some(([network, sent]) => network !== guest.network && sent.get(key) !== undefined);
  }

  /** Somebody in the network has the frame's source address. */
  #hasMac(network: string, frame: Uint8Array): boolean {
    return this.#guests.some((guest) => guest.network === network && isFrom(frame, guest.mac));
  }

  /** An answer must name the one who has the address in the guest's network. */
  #judgeAnswer(guest: Guest, frame: Uint8Array): void {
    const answer = neighbourAnswer(frame);
    const owner = answer && this.#ownerOf(guest.network, answer.ip);
    this.answers++;
    if (!owner || !isSame(owner.mac, answer.mac)) this.wrongAnswers++;
  }

  /** As a router does, but for the TTL: to the MAC address of whoever has the destination IP address, from its own. */
  #forward(guest: Guest, { data, originalLength }: Delivered, stream: Stream, number: number): Reaction | undefined {
    const ends = ipEnds(data);
    const owner = ends && this.#ownerOf(guest.network, ends.dst);
    if (!owner) return undefined;
    const frame = { data: withMacs(data, { dst: owner.mac, src: guest.mac }), originalLength };
    this.#side(owner).ledger.expect({ frame, stream, isOnItsWay: false, number });
    this.forwarded.set(guest, (this.forwarded.get(guest) ?? 0) + 1);
    return { guest, frame, stream: undefined };
  }

  #ownerOf(network: string, ip: Uint8Array): Guest | undefined {
    return this.#guests.find((guest) => guest.network === network && guest.hasIp(ip));
  }

  #side(guest: Guest): Side {
    return this.#sides.get(guest) as Side;
  }
}
