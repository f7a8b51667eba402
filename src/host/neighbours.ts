/** ARP and neighbour discovery, answered from the directory: guests ask the overlay, and nobody is flooded. */
import type { EndpointQuery, Resolution } from "../directory/records.js";
import { ipText, macText, parseMac } from "../overlay/address.js";
import {
  type ArpQuestion,
  arpReply,
  type NeighbourQuestion,
  neighbourAdvertisement,
  readArp,
  readNeighbour,
} from "../overlay/answers/index.js";
import type { Requests } from "./requests.js";

export interface NeighbourHome {
  readonly requests: Requests;
  readonly now: () => number;
  readonly absentMs: number;
  readonly leaseMs: number;
  /** Frames for that endpoint are to come: it can be made known at once. */
  readonly resolved: (resolution: Resolution) => void;
  /** Gives a frame to the guest at the port with that index. */
  readonly give: (port: number, frame: Uint8Array) => void;
}

type Question = (ArpQuestion & { readonly isIpv6: false }) | (NeighbourQuestion & { readonly isIpv6: true });

interface Known {
  readonly mac: Uint8Array | undefined;
  readonly untilMs: number;
}

/** Answers that are remembered, and questions that wait for one answer. */
const KNOWN_MAX = 4096;
const WAITING_MAX = 64;
/** fe80::/64. */
const LINK_LOCAL = [0xfe, 0x80, 0, 0, 0, 0, 0, 0];

export class Neighbours {
  readonly #home: NeighbourHome;
  /** By network and address; the oldest first. */
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, { readonly port: number; readonly question: Question }[]>();
  answered = 0;
  /** Questions about nobody, announcements, and what asks nothing. */
  ignored = 0;

  constructor(home: NeighbourHome) {
    this.#home = home;
  }

  /** Takes a frame of a guest in that network. */
  take(port: number, vni: number, frame: Uint8Array): void {
    const question = read(frame);
    if (!question || question.kind === "announcement") {
      this.ignored++;
      return;
    }
    const key = `${vni} ${ipText(question.targetIp)}`;
    const known = this.#known.get(key);
    if (known && known.untilMs > this.#home.now()) {
      this.#answer(port, question, known.mac);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting) {
      if (waiting.length < WAITING_MAX) waiting.push({ port, question });
      return;
    }
    this.#waiting.set(key, [{ port, question }]);
    this.#home.requests.ask("resolve", { query: queryFor(vni, question.targetIp) }, (answer) => {
      const asked = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      if (!("value" in answer)) return;
      const mac = answer.value && parseMac("mac", answer.value.endpoint.mac);
      // First, since whoever is told forgets what was known before.
      if (answer.value) this.#home.resolved(answer.value);
      this.#remember(key, mac);
      for (const { port, question } of asked) this.#answer(port, question, mac);
    });
  }

  /** What was known of these addresses may be wrong now. */
  forget(vni: number, ips: readonly string[]): void {
    for (const ip of ips) this.#known.delete(`${vni} ${ip}`);
  }

  #answer(port: number, question: Question, mac: Uint8Array | undefined): void {
    if (!mac) {
      this.ignored++;
      return;
    }
    const reply = question.isIpv6 ? neighbourAdvertisement(question, mac) : arpReply(question, mac);
    if (typeof reply === "string") {
      this.ignored++;
      return;
    }
    this.answered++;
    this.#home.give(port, reply);
  }

  #remember(key: string, mac: Uint8Array | undefined): void {
    this.#known.delete(key);
    const { now, absentMs, leaseMs } = this.#home;
    this.#known.set(key, { mac, untilMs: now() + (mac ? leaseMs : absentMs) });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KNOWN_MAX) break;
      this.#known.delete(oldest);
    }
  }
}

/** A link-local address that is made of a MAC address (RFC 4291 appendix A) need not be in the directory: who has the MAC address has it. */
function queryFor(vni: number, ip: Uint8Array): EndpointQuery {
  const isMadeOfMac = LINK_LOCAL.every((byte, i) => ip[i] === byte) && ip[11] === 0xff && ip[12] === 0xfe;
  if (!isMadeOfMac) return { vni, ip: ipText(ip) };
  return { vni, mac: macText([(ip[8] as number) ^ 2, ...ip.subarray(9, 11), ...ip.subarray(13)]) };
}

function read(frame: Uint8Array): Question | undefined {
  const arp = readArp(frame);
  if (typeof arp !== "string") return { ...arp, isIpv6: false };
  const neighbour = readNeighbour(frame);
  return typeof neighbour === "string" ? undefined : { ...neighbour, isIpv6: true };
}
