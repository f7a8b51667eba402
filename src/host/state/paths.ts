/**
 * Endpoints that the adapter's network has sent frames to lately, here and elsewhere, so that the next host knows whom to ask about, and
 * goes on with their packet sequence numbers.
 *
 *   │ paths 4 │ 0 4 │ path 64 …  the last used first, then by MAC address
 *   path  │ MAC 6 │ version of the host's address 1: 0, 4 or 6 │ 0 1 │ age in ms 4 │ next PSN 4 │ GQPN 4 │ generation 4 │
 *         │ first IPv4 address 4 │ 0 4 │ first IPv6 address 16 │ host's underlay address 16 │
 *
 * Where they are is not believed: a host that takes them in asks the directory, and remembers what was said only so that it can say it on.
 */
import { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { StatePart, StateRefusal } from "../../migrate/state/part.js";
import { isRefusal, refuse } from "../../migrate/state/refusal.js";
import { macText, parseMac } from "../../overlay/address.js";
import type { Attachment } from "../attachment.js";
import { keyOf } from "../knowledge.js";
import type { StateHome } from "./home.js";
import { refusing } from "./refusing.js";

/** More are never said; those that were used last are. */
export const PATHS_MAX = 4096;
const HEADER_BYTES = 8;
export const PATH_BYTES = 64;
const [HOST_VERSION, AGE, PSN, GQPN, GENERATION, IP4, IP6, HOST] = [6, 8, 12, 16, 20, 24, 32, 48] as const;
/** Where zeros stand. */
const ZEROS = [7, 28, 29, 30, 31] as const;
/** A day: what a host may be told to remember those that nobody talks to (options.ts). */
const AGE_MS_MAX = 86_400_000;
const NUMBER_MAX = 0xff_ffff;

export class PathsPart implements StatePart {
  readonly name = "paths";
  readonly version = 1;
  readonly #home: StateHome;

  constructor(home: StateHome) {
    this.#home = home;
  }

  extract(nowMs: number): Uint8Array {
    const { plane, times, attachment } = this.#home;
    this.#home.at(nowMs);
    const { endpoints } = plane;
    const own = endpoints.find(keyOf(attachment.network, attachment.mac));
    const idle = Math.ceil(times.idleMs / times.tickMs);
    const used = endpoints
      .used(attachment.network.plane.ptr, idle)
      .filter((ptr) => ptr !== own)
      .map((ptr) => ({ ptr, age: endpoints.age(ptr), mac: macNumber(endpoints.macBytes(ptr), 0) }));
    used.sort((a, b) => a.age - b.age || a.mac - b.mac);
    const count = Math.min(used.length, PATHS_MAX);
    const bytes = new Uint8Array(HEADER_BYTES + count * PATH_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, count, true);
    const local = plane.local;
    for (let i = 0; i < count; i++) {
      const { ptr, age } = used[i] as { ptr: number; age: number };
      const at = HEADER_BYTES + i * PATH_BYTES;
      view.setUint32(at + AGE, age * times.tickMs, true);
      this.#write(bytes, view, at, ptr, local);
    }
    return bytes;
  }

  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal {
    return refusing(this.name, () => this.#plan(bytes, nowMs));
  }

  /**
   * Asks the directory about the endpoints of a section that came before the last one, so that they are known when the adapter runs here.
   * A refusal, and nothing is asked, for a section that is not sound.
   */
  warm(bytes: Uint8Array, nowMs: number): StateRefusal | undefined {
    const macs = refusing(this.name, () => check(bytes, this.#home.attachment));
    if (isRefusal(macs)) return macs;
    this.#home.warm(macs.map(macText), nowMs);
    return undefined;
  }

  #plan(bytes: Uint8Array, nowMs: number): () => void {
    const { attachment, plane, room } = this.#home;
    const macs = check(bytes, attachment);
    const network = attachment.network.plane.ptr;
    const fresh = macs.filter((mac) => plane.endpoints.find({ network, mac }) === 0);
    room.begin();
    room.want(this.name, "count", fresh.length);
    return () => this.#take(bytes, macs, nowMs);
  }

  #take(bytes: Uint8Array, macs: readonly Uint8Array[], nowMs: number): void {
    const { attachment, plane, times, room } = this.#home;
    this.#home.at(nowMs);
    const { endpoints } = plane;
    const { network } = attachment;
    const { said } = network;
    const isPending = (ptr: number) => ptr !== 0 && endpoints.state(ptr) === "pending";
    for (const mac of said.keys()) if (!isPending(endpoints.find(keyOf(network, mac)))) said.delete(mac);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const unknown: string[] = [];
    for (const [i, mac] of macs.entries()) {
      const at = HEADER_BYTES + i * PATH_BYTES;
      const ptr = endpoints.place({ network: network.plane.ptr, mac });
      if (ptr === 0) continue;
      if (isPending(ptr)) {
        const text = macText(mac);
        said.set(text, bytes.slice(at, at + PATH_BYTES));
        unknown.push(text);
      }
      const age = Math.floor(view.getUint32(at + AGE, true) / times.tickMs);
      endpoints.resume(ptr, view.getUint32(at + PSN, true), age);
    }
    room.took(this.name);
    this.#home.warm(unknown, nowMs);
  }

  /** What is known of an endpoint, or what was said of it where it is not. */
  #write(bytes: Uint8Array, view: DataView, at: number, ptr: number, local: Uint8Array): void {
    const { endpoints } = this.#home.plane;
    const state = endpoints.state(ptr);
    bytes.set(endpoints.macBytes(ptr), at);
    view.setUint32(at + PSN, endpoints.psn(ptr), true);
    const [gqpn, generation] = [endpoints.gqpn(ptr), endpoints.generation(ptr)];
    if (state === "pending" && gqpn === 0 && generation === 0) {
      const said = this.#home.attachment.network.said.get(endpoints.mac(ptr));
      if (!said) return;
      bytes[at + HOST_VERSION] = said[HOST_VERSION] as number;
      bytes.set(said.subarray(GQPN), at + GQPN);
      return;
    }
    view.setUint32(at + GQPN, gqpn, true);
    view.setUint32(at + GENERATION, generation, true);
    bytes.set(endpoints.firstIp(ptr, 4), at + IP4);
    bytes.set(endpoints.firstIp(ptr, 6), at + IP6);
    bytes[at + HOST_VERSION] = local.length === 16 ? 6 : 4;
    const host = state === "local" ? local : endpoints.hostBytes(ptr).subarray(0, local.length);
    bytes.set(host, at + HOST);
  }
}

/** The MAC addresses of a section, in its order; or the reading ends. */
function check(bytes: Uint8Array, attachment: Attachment): Uint8Array[] {
  const reader = new SectionReader(bytes);
  const count = reader.u32("count", PATHS_MAX);
  reader.zeros("reserved", 4);
  if (reader.left !== count * PATH_BYTES) refuse("length", bytes.length, `${HEADER_BYTES + count * PATH_BYTES} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // The adapter's own address is none of them, and each is said once.
  const seen = new Set([macNumber(parseMac("mac", attachment.mac), 0)]);
  const macs: Uint8Array[] = [];
  let [lastAge, lastMac] = [0, 0];
  for (let i = 0; i < count; i++) {
    const at = HEADER_BYTES + i * PATH_BYTES;
    const mac = macNumber(bytes, at);
    const age = view.getUint32(at + AGE, true);
    const isStation = ((bytes[at] as number) & 1) === 0 && mac !== 0;
    if (!isStation || seen.has(mac)) {
      const text = macText(bytes.subarray(at, at + 6));
      refuse(`paths[${i}].mac`, text, "another station's address than the adapter's, said once");
    }
    if (age > AGE_MS_MAX) refuse(`paths[${i}].ageMs`, age, `at most ${AGE_MS_MAX}`);
    if (age < lastAge || (age === lastAge && mac < lastMac)) refuse(`paths[${i}].ageMs`, age, "ascending, then by MAC");
    checkFacts(i, bytes, view, at);
    seen.add(mac);
    macs.push(bytes.subarray(at, at + 6));
    [lastAge, lastMac] = [age, mac];
  }
  return macs;
}

function checkFacts(i: number, bytes: Uint8Array, view: DataView, at: number): void {
  const [psn, gqpn] = [view.getUint32(at + PSN, true), view.getUint32(at + GQPN, true)];
  if (psn > NUMBER_MAX) refuse(`paths[${i}].psn`, psn, `at most ${NUMBER_MAX}`);
  if (gqpn > NUMBER_MAX) refuse(`paths[${i}].gqpn`, gqpn, `at most ${NUMBER_MAX}`);
  const version = bytes[at + HOST_VERSION] as number;
  if (version !== 0 && version !== 4 && version !== 6) refuse(`paths[${i}].hostVersion`, version, "0, 4 or 6");
  for (const zero of ZEROS) if (bytes[at + zero] !== 0) refuse(`paths[${i}].reserved`, bytes[at + zero], "0");
  // Nothing is known of somebody whose host is not.
  const known = version === 6 ? PATH_BYTES : version === 4 ? HOST + 4 : GQPN;
  for (let byte = known; byte < PATH_BYTES; byte++) {
    if (bytes[at + byte] !== 0) refuse(`paths[${i}].known`, bytes[at + byte], "0 behind what is known");
  }
}

/** Six bytes as a number. */
function macNumber(bytes: Uint8Array, at: number): number {
  let number = 0;
  for (let i = 0; i < 6; i++) number = number * 256 + (bytes[at + i] as number);
  return number;
}
