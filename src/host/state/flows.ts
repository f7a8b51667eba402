/**
 * What stateful rules have let in of an adapter's flows, and first fragments whose later ones follow: entries of the data plane's tables
 * (assembly/overlay/flow.ts) that have an address of the adapter at either end; of an adapter that forwards, all of its network's.
 *
 *   │ VNI 4 │ waypoints 2 │ 0 2 │ IPv4 entries 4 │ IPv6 entries 4 │ names of waypoints, ascending: text … │ 0 to a multiple of 4 │ entries
 *   entry  │ source │ destination (4 each, then 16 each) │ ports or identification 4 │ protocol 1 │ action 1 │ waypoint 1 │ 0 1 │ age in ms 4 │
 *
 * Entries are in ascending order of their keys, word by word (u32); a waypoint is its name's place, NO_WAYPOINT for none.
 */
import { ACTION_ALLOW, ACTION_VIA, FLOW_FRAGMENT, FLOW_TRANSPORT } from "../../../assembly/layout.js";
import { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import type { StatePart, StateRefusal } from "../../migrate/state/part.js";
import { refuse, within } from "../../migrate/state/refusal.js";
import { addressBytes, type FlowValue, type IpVersion, OWN_WORDS_MAX } from "../../overlay/plane/flows.js";
import { AdapterAddresses } from "./addresses.js";
import type { StateHome } from "./home.js";
import { refusing } from "./refusing.js";
import type { Room } from "./room.js";
import { WordRows } from "./word-rows.js";

const NO_WAYPOINT = 0xff;
/** Behind the addresses: ports, protocol and what was decided, age. */
const REST_WORDS = 3;
/** Ticks of flows count to 2^15, of a second at most. */
const AGE_MS_MAX = (2 ** 15 - 1) * 1000;
/** Above the protocol: allowed, by no waypoint. */
const ALLOWED = ACTION_ALLOW | (NO_WAYPOINT << 8);
const VERSIONS = [4, 6] as const;
const KINDS = { flows: FLOW_TRANSPORT, fragments: FLOW_FRAGMENT } as const;

/** Room in the tables of both versions. */
export type FlowRoom = Readonly<Record<IpVersion, Room>>;

/** A section as it was read, and found sound. */
interface Incoming {
  /** Number here of each of its waypoints. */
  readonly waypoints: readonly number[];
  readonly rows: Readonly<Record<IpVersion, Uint32Array>>;
}

export class FlowsPart implements StatePart {
  readonly name: "flows" | "fragments";
  readonly version = 1;
  readonly #home: StateHome;
  readonly #room: FlowRoom;

  constructor(name: "flows" | "fragments", home: StateHome, room: FlowRoom) {
    this.name = name;
    this.#home = home;
    this.#room = room;
  }

  extract(nowMs: number): Uint8Array {
    const { attachment } = this.#home;
    this.#home.at(nowMs);
    const { waypoints } = attachment.network.policy;
    const found = VERSIONS.map((version) => this.#find(version));
    const used = new Set(found.flatMap(({ waypoints }) => [...waypoints]));
    const names = [...used].map((number) => waypoints[number] as string).sort();
    const places = waypoints.map((name) => names.indexOf(name));
    const writer = new SectionWriter(64 + found.reduce((sum, { rows }) => sum + rows.bytes, 0));
    writer.u32(attachment.vni).u16(names.length).u16(0);
    for (const { rows } of found) writer.u32(rows.count);
    for (const name of names) writer.text16(name);
    writer.align(4);
    for (const { rows } of found) writer.bytes(rows.sorted((meta) => withPlace(meta, places)));
    return writer.done();
  }

  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal {
    return refusing(this.name, () => {
      const incoming = this.#read(new SectionReader(bytes));
      for (const version of VERSIONS) {
        if (this.name === "flows") this.#room[version].begin();
        const fresh = this.#each(incoming, version, () => !this.#home.plane.flows.has(version));
        this.#room[version].want(this.name, `count${version}`, fresh);
      }
      return () => this.#take(incoming, nowMs);
    });
  }

  #take(incoming: Incoming, nowMs: number): void {
    const { flows } = this.#home.plane;
    this.#home.at(nowMs);
    for (const version of VERSIONS) {
      this.#each(incoming, version, (value) => flows.set(version, value));
      this.#room[version].took(this.name);
    }
  }

  /** The adapter's entries, and the numbers of waypoints in them; those that are too old to count are not. */
  #find(version: IpVersion): { rows: WordRows; waypoints: Set<number> } {
    const { plane, times, attachment } = this.#home;
    const addresses = new AdapterAddresses(attachment, version);
    const words = addressBytes(version) / 4;
    const rows = new WordRows(words + REST_WORDS);
    const waypoints = new Set<number>();
    const { length } = attachment.network.policy.waypoints;
    const ticks = this.#ticks;
    const own = addresses.words;
    const isSifted = own.length <= OWN_WORDS_MAX;
    const { index } = attachment.network.plane;
    const take = (from: Uint32Array, count: number) => {
      for (let row = 0; row < count * (words + REST_WORDS); row += words + REST_WORDS) {
        if (!isSifted && !addresses.meet(from, row)) continue;
        const { action, waypoint, age } = plane.flows.read(from[row + words + 2] as number);
        const isVia = action === ACTION_VIA;
        if (age > ticks || (isVia ? waypoint >= length : action !== ACTION_ALLOW)) continue;
        if (isVia) waypoints.add(waypoint);
        const protocol = ((from[row + words + 1] as number) >>> 8) & 0xff;
        const at = rows.add(from, row, words + 1);
        rows.words[at + words + 1] = metaOf(protocol, action, isVia ? waypoint : NO_WAYPOINT);
        rows.words[at + words + 2] = age * times.tickMs;
      }
    };
    if (!addresses.isNone) {
      plane.flows.each(version, index, KINDS[this.name], isSifted ? own : new Uint32Array(), take);
    }
    return { rows, waypoints };
  }

  #read(reader: SectionReader): Incoming {
    const { attachment } = this.#home;
    const vni = reader.u32("vni");
    if (vni !== attachment.vni) refuse("vni", vni, `${attachment.vni}, the adapter's network`);
    const nameCount = reader.u16("waypoints.length", NO_WAYPOINT);
    reader.zeros("reserved", 2);
    const counts = VERSIONS.map((version) => reader.u32(`count${version}`));
    const waypoints = this.#readNames(reader, nameCount);
    reader.align(4);
    const wanted = VERSIONS.reduce((sum, version, i) => sum + (counts[i] as number) * rowBytes(version), 0);
    if (reader.left !== wanted) refuse("length", reader.left, `${wanted} bytes of entries`);
    const used = new Set<number>();
    const [rows4, rows6] = VERSIONS.map((version, i) => {
      const rows = new Uint32Array(reader.bytes("entries", (counts[i] as number) * rowBytes(version)).buffer);
      this.#check(version, rows, waypoints.length, used);
      return rows;
    }) as [Uint32Array, Uint32Array];
    if (used.size !== waypoints.length) refuse("waypoints.length", waypoints.length, `${used.size}, those of entries`);
    return { waypoints, rows: { 4: rows4, 6: rows6 } };
  }

  #readNames(reader: SectionReader, count: number): number[] {
    let last = "";
    return Array.from({ length: count }, (_, i) => {
      const name = reader.text16(`waypoints[${i}]`);
      if (i > 0 && name <= last) refuse(`waypoints[${i}]`, name, `behind ${last}`);
      last = name;
      const number = this.#home.attachment.network.policy.waypoints.indexOf(name);
      if (number < 0) refuse(`waypoints[${i}]`, name, "a waypoint of the network's rules here");
      return number;
    });
  }

  #check(version: IpVersion, rows: Uint32Array, names: number, used: Set<number>): void {
    const { attachment } = this.#home;
    const addresses = new AdapterAddresses(attachment, version);
    const words = addressBytes(version) / 4;
    const stride = words + REST_WORDS;
    for (let at = 0; at < rows.length; at += stride) {
      const meta = rows[at + words + 1] as number;
      const isVia = ((meta >>> 8) & 0xff) === ACTION_VIA;
      if (isVia) used.add((meta >>> 16) & 0xff);
      const isSound =
        addresses.meet(rows, at) &&
        (isVia ? meta >>> 16 < names : meta >>> 8 === ALLOWED) &&
        (this.name === "flows" || isFragment(version, rows[at + words] as number, meta & 0xff)) &&
        (rows[at + words + 2] as number) <= AGE_MS_MAX &&
        (at === 0 || isAscending(rows, at - stride, at, words));
      // Only now, since saying what costs more than looking.
      if (!isSound) this.#refuseRow(version, rows, at, words, names, addresses);
    }
  }

  #refuseRow(
    version: IpVersion,
    rows: Uint32Array,
    at: number,
    words: number,
    names: number,
    addresses: AdapterAddresses,
  ): never {
    const field = `${this.name}${version}[${at / (words + REST_WORDS)}]`;
    const [word, meta, age] = rows.subarray(at + words, at + words + 3) as unknown as [number, number, number];
    const [protocol, action, waypoint] = [meta & 0xff, (meta >>> 8) & 0xff, (meta >>> 16) & 0xff];
    if (!addresses.meet(rows, at)) refuse(`${field}.addresses`, "others'", "the adapter's at one end");
    within(`${field}.reserved`, meta >>> 24, 0, 0);
    if (action === ACTION_VIA) within(`${field}.waypoint`, waypoint, 0, names - 1);
    else {
      within(`${field}.action`, action, ACTION_ALLOW, ACTION_ALLOW);
      within(`${field}.waypoint`, waypoint, NO_WAYPOINT, NO_WAYPOINT);
    }
    // An IPv4 identification has two bytes; IPv6 datagrams are told apart by theirs alone (RFC 8200 section 4.5).
    if (this.name === "fragments" && version === 4) within(`${field}.identification`, word, 0, 0xffff);
    if (this.name === "fragments" && version === 6) within(`${field}.protocol`, protocol, 0, 0);
    within(`${field}.ageMs`, age, 0, AGE_MS_MAX);
    return refuse(field, "its key", "behind the key before it");
  }

  /** Writes each key, and counts those for which visit is true; entries too old for this host are left out. */
  #each({ waypoints, rows }: Incoming, version: IpVersion, visit: (value: FlowValue) => boolean): number {
    const { plane, times, attachment } = this.#home;
    const { u32 } = plane;
    const list = rows[version];
    const words = addressBytes(version) / 4;
    const key = plane.flows.key >> 2;
    const kind = (attachment.network.plane.index << 16) | KINDS[this.name];
    let count = 0;
    u32.fill(0, key, key + 12);
    for (let at = 0; at < list.length; at += words + REST_WORDS) {
      const age = Math.floor((list[at + words + 2] as number) / times.tickMs);
      if (age > this.#ticks) continue;
      const meta = list[at + words + 1] as number;
      for (let i = 0; i <= words; i++) u32[key + i] = list[at + i] as number;
      u32[key + words + 1] = (kind | ((meta & 0xff) << 8)) >>> 0;
      const action = (meta >>> 8) & 0xff;
      const waypoint = action === ACTION_VIA ? (waypoints[meta >>> 16] as number) : 0;
      if (visit({ action, waypoint, age })) count++;
    }
    return count;
  }

  /** For how many an entry counts here. */
  get #ticks(): number {
    const { times } = this.#home;
    return Math.ceil((this.name === "flows" ? times.flowMs : times.fragmentMs) / times.tickMs);
  }
}

function rowBytes(version: IpVersion): number {
  return addressBytes(version) + REST_WORDS * 4;
}

function metaOf(protocol: number, action: number, waypoint: number): number {
  return protocol | (action << 8) | (waypoint << 16);
}

/** The waypoint's number here is its name's place in the section. */
function withPlace(meta: number, places: readonly number[]): number {
  const waypoint = meta >>> 16;
  return waypoint === NO_WAYPOINT ? meta : metaOf(meta & 0xff, (meta >>> 8) & 0xff, places[waypoint] as number);
}

function isAscending(rows: Uint32Array, a: number, b: number, words: number): boolean {
  for (let i = 0; i <= words; i++) {
    const [before, after] = [rows[a + i] as number, rows[b + i] as number];
    if (before !== after) return before < after;
  }
  return ((rows[a + words + 1] as number) & 0xff) < ((rows[b + words + 1] as number) & 0xff);
}

function isFragment(version: IpVersion, identification: number, protocol: number): boolean {
  return version === 4 ? identification <= 0xffff : protocol === 0;
}
