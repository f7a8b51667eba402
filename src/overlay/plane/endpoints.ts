/** The records of endpoints and addresses (assembly/overlay/endpoint.ts), read and written by the control plane. */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import { ConfigError } from "../../errors.js";
import { ipText, macText } from "../address.js";
import type { OverlayRecord } from "./record.js";

export type EndpointState = "free" | "pending" | "remote" | "local" | "absent";

const STATES: readonly EndpointState[] = ["free", "pending", "remote", "local", "absent"];

/** What a record is about: a MAC address, or an IP address (4 or 16 bytes), of a network (its record's address). */
export type EndpointKey =
  | { readonly network: number; readonly mac: Uint8Array }
  | { readonly network: number; readonly ip: Uint8Array };

/** What is written of an endpoint. Addresses in network order; classes by the network's policy. */
export interface EndpointFields {
  readonly state: "remote" | "local" | "absent";
  readonly ip4?: Uint8Array | undefined;
  readonly ip6?: Uint8Array | undefined;
  /** By the first IPv4 address, the first IPv6 address, and without an address. */
  readonly class4: number;
  readonly class6: number;
  readonly class: number;
  /** The route to its host; 0 for one that is here, unless its guest has gone on and only what the underlay brings still comes here. */
  readonly route?: number;
  /** Its host's underlay address, 4 or 16 bytes; of one that is here, that of its last host, which may send on to it until deadline. */
  readonly host?: Uint8Array;
  /** Its vnic's record, for one that is here. */
  readonly vnic?: number;
  readonly gqpn?: number;
  readonly generation?: number;
  /** It sends with addresses that are not its own. */
  readonly forwards?: boolean;
  /** It stays although nobody talks to it. */
  readonly pinned?: boolean;
  /** Frames that still come for it are sent on, so many at most. */
  readonly sendOn?: number;
  /** The tick when an absence ends. */
  readonly deadline?: number;
}

export class EndpointRecords {
  readonly #owner: FrameOwner;
  readonly #record: OverlayRecord;
  /** Records that there are, in use or not. */
  readonly #count: number;
  /** For so long frames may be under way from where an endpoint was. */
  readonly #sendOnTicks: number;

  constructor(owner: FrameOwner, record: OverlayRecord, count: number, sendOnTicks: number) {
    this.#owner = owner;
    this.#record = record;
    this.#count = count;
    this.#sendOnTicks = sendOnTicks;
  }

  /** The record's address, or 0. */
  find(key: EndpointKey): number {
    this.#writeKey(key);
    const { kernels } = this.#owner;
    const table = "mac" in key ? this.#record.endpoints : this.#record.addresses;
    const found = kernels.tableLookup(table, this.#record.scratch) >>> 0;
    return found === layout.TABLE_MISS ? 0 : found;
  }

  /** The record's address; made if need be. Throws ConfigError when there is no room. */
  make(key: EndpointKey): number {
    const ptr = this.place(key);
    if (ptr === 0) throw new ConfigError("endpoints", "full", "more of them (createEngine's overlay.endpoints)");
    return ptr;
  }

  /** Records that nobody has. */
  get room(): number {
    return this.#get(this.#record.ptr, layout.OVERLAY_FREE_RECORD_COUNT);
  }

  /** The record's address; made if need be, or 0 when there is no room. */
  place(key: EndpointKey): number {
    const known = this.find(key);
    if (known !== 0) return known;
    const isAddress = "ip" in key;
    const ptr = this.#owner.kernels.overlayRemember(this.#record.ptr, isAddress) >>> 0;
    if (ptr === 0) return 0;
    const { u8 } = this.#owner.arena;
    this.#set(ptr, layout.ENDPOINT_NETWORK, key.network);
    if (!isAddress) u8.set(key.mac, ptr + layout.ENDPOINT_MAC);
    else {
      const isIpv6 = key.ip.length === 16;
      u8.set(key.ip, ptr + (isIpv6 ? layout.ENDPOINT_IP6 : layout.ENDPOINT_IP4));
      this.#set(ptr, layout.ENDPOINT_FLAGS, layout.ENDPOINT_F_ADDRESS | (isIpv6 ? layout.ENDPOINT_F_IPV6 : 0));
    }
    return ptr;
  }

  /** Writes what is known of an endpoint; its packet sequence number, and what waits for it, stay. */
  write(ptr: number, fields: EndpointFields): void {
    const { u8 } = this.#owner.arena;
    const set = (offset: number, value: number) => this.#set(ptr, offset, value);
    const isAddress = this.isAddress(ptr);
    if (!isAddress) {
      u8.fill(0, ptr + layout.ENDPOINT_IP4, ptr + layout.ENDPOINT_IP4 + 4);
      u8.fill(0, ptr + layout.ENDPOINT_IP6, ptr + layout.ENDPOINT_IP6 + 16);
      if (fields.ip4) u8.set(fields.ip4, ptr + layout.ENDPOINT_IP4);
      if (fields.ip6) u8.set(fields.ip6, ptr + layout.ENDPOINT_IP6);
    }
    if (!isAddress) this.#rehome(ptr, fields);
    // By another address it is another peer.
    set(layout.ENDPOINT_PEER, 0);
    set(layout.ENDPOINT_CLASS4, fields.class4);
    set(layout.ENDPOINT_CLASS6, fields.class6);
    set(layout.ENDPOINT_CLASS, fields.class);
    set(layout.ENDPOINT_ROUTE, fields.route ?? 0);
    set(layout.ENDPOINT_VNIC, fields.vnic ?? 0);
    set(layout.ENDPOINT_GQPN, fields.gqpn ?? 0);
    set(layout.ENDPOINT_GENERATION, fields.generation ?? 0);
    set(layout.ENDPOINT_FORWARDS, fields.sendOn ?? 0);
    set(layout.ENDPOINT_DEADLINE, fields.deadline ?? this.#tick);
    const claimed = fields.state === "local" ? 0 : layout.ENDPOINT_F_CLAIMED;
    const lasting = layout.ENDPOINT_F_ADDRESS | layout.ENDPOINT_F_IPV6 | claimed;
    const kept = this.#get(ptr, layout.ENDPOINT_FLAGS) & lasting;
    const forwards = fields.forwards ? layout.ENDPOINT_F_FORWARDS : 0;
    set(layout.ENDPOINT_FLAGS, kept | forwards | (fields.pinned ? layout.ENDPOINT_F_PINNED : 0));
    set(layout.ENDPOINT_STATE, STATES.indexOf(fields.state));
  }

  /** Writes where it is. One that moves keeps its number: with another it is another, whose frames come from nowhere else. */
  #rehome(ptr: number, { state, host, gqpn = 0 }: EndpointFields): void {
    const { scratch, ptr: overlay } = this.#record;
    const { u8 } = this.#owner.arena;
    u8.fill(0, scratch, scratch + 16);
    if (host) u8.set(host, scratch);
    const isSame = state !== "absent" && (this.gqpn(ptr) === gqpn || this.gqpn(ptr) === 0);
    this.#owner.kernels.overlayRehome(overlay, ptr, this.#tick + this.#sendOnTicks, isSame);
  }

  /** Its frames wait until it is known again. */
  doubt(ptr: number, deadline: number): void {
    this.#set(ptr, layout.ENDPOINT_STATE, layout.STATE_PENDING);
    this.#set(ptr, layout.ENDPOINT_DEADLINE, deadline);
  }

  state(ptr: number): EndpointState {
    return STATES[this.#get(ptr, layout.ENDPOINT_STATE)] as EndpointState;
  }

  isAddress(ptr: number): boolean {
    return (this.#get(ptr, layout.ENDPOINT_FLAGS) & layout.ENDPOINT_F_ADDRESS) !== 0;
  }

  generation(ptr: number): number {
    return this.#get(ptr, layout.ENDPOINT_GENERATION);
  }

  gqpn(ptr: number): number {
    return this.#get(ptr, layout.ENDPOINT_GQPN);
  }

  network(ptr: number): number {
    return this.#get(ptr, layout.ENDPOINT_NETWORK);
  }

  mac(ptr: number): string {
    return macText(this.#owner.arena.u8.subarray(ptr + layout.ENDPOINT_MAC, ptr + layout.ENDPOINT_MAC + 6));
  }

  /** The IP address of an address's record. */
  ip(ptr: number): Uint8Array {
    const isIpv6 = (this.#get(ptr, layout.ENDPOINT_FLAGS) & layout.ENDPOINT_F_IPV6) !== 0;
    const at = ptr + (isIpv6 ? layout.ENDPOINT_IP6 : layout.ENDPOINT_IP4);
    return this.#owner.arena.u8.slice(at, at + (isIpv6 ? 16 : 4));
  }

  /** The six bytes of its MAC address: a view. */
  macBytes(ptr: number): Uint8Array {
    return this.#owner.arena.u8.subarray(ptr + layout.ENDPOINT_MAC, ptr + layout.ENDPOINT_MAC + 6);
  }

  /** Its first IPv4 (4) or IPv6 (16 bytes) address, zero where it has none: a view. */
  firstIp(ptr: number, version: 4 | 6): Uint8Array {
    const at = ptr + (version === 4 ? layout.ENDPOINT_IP4 : layout.ENDPOINT_IP6);
    return this.#owner.arena.u8.subarray(at, at + (version === 4 ? 4 : 16));
  }

  /** Its host's underlay address, 16 bytes of which as many count as the overlay's own has: a view. */
  hostBytes(ptr: number): Uint8Array {
    return this.#owner.arena.u8.subarray(ptr + layout.ENDPOINT_HOST, ptr + layout.ENDPOINT_HOST + 16);
  }

  /** The packet sequence number of the next frame to it. */
  psn(ptr: number): number {
    return this.#get(ptr, layout.ENDPOINT_PSN);
  }

  /** Ticks since a frame went to it. */
  age(ptr: number): number {
    return (this.#tick - this.#get(ptr, layout.ENDPOINT_LAST_USED)) >>> 0;
  }

  /** Frames go on to it from where another host has sent some: what has gone from here already counts more. */
  resume(ptr: number, psn: number, age: number): void {
    if (this.psn(ptr) === 0) this.#set(ptr, layout.ENDPOINT_PSN, psn);
    if (age < this.age(ptr) || this.state(ptr) === "pending") {
      this.#set(ptr, layout.ENDPOINT_LAST_USED, (this.#tick - age) >>> 0);
    }
  }

  /** Its host's underlay address as text. */
  hostOf(ptr: number, isIpv6: boolean): string {
    const at = ptr + layout.ENDPOINT_HOST;
    return ipText(this.#owner.arena.u8.subarray(at, at + (isIpv6 ? 16 : 4)));
  }

  /** True when that is its host's underlay address. */
  hostIs(ptr: number, address: Uint8Array): boolean {
    const at = ptr + layout.ENDPOINT_HOST;
    return address.every((byte, i) => this.#owner.arena.u8[at + i] === byte);
  }

  /** Frames that still come for it and may be sent on. */
  sendOn(ptr: number): number {
    return this.#get(ptr, layout.ENDPOINT_FORWARDS);
  }

  /** So many frames that still come for it are sent on. */
  setSendOn(ptr: number, frames: number): void {
    this.#set(ptr, layout.ENDPOINT_FORWARDS, frames);
  }

  /** True while it is about to be here. */
  isClaimed(ptr: number): boolean {
    return (this.#get(ptr, layout.ENDPOINT_FLAGS) & layout.ENDPOINT_F_CLAIMED) !== 0;
  }

  /** It is about to be here, or is not to be any more: frames for it from the underlay wait, and none is sent on. */
  setClaimed(ptr: number, claimed: boolean): void {
    const flags = this.#get(ptr, layout.ENDPOINT_FLAGS) & ~layout.ENDPOINT_F_CLAIMED;
    this.#set(ptr, layout.ENDPOINT_FLAGS, flags | (claimed ? layout.ENDPOINT_F_CLAIMED : 0));
  }

  /** The question about it was answered, or cannot be: it rests from now on, since what waited for the answer is to be believed. */
  answered(ptr: number): void {
    const flags = this.#get(ptr, layout.ENDPOINT_FLAGS);
    this.#set(ptr, layout.ENDPOINT_FLAGS, flags & ~layout.ENDPOINT_F_ASKED);
    const rest = this.#get(this.#record.ptr, layout.OVERLAY_REFRESH_TICKS);
    this.#set(ptr, layout.ENDPOINT_REFRESH_AFTER, this.#tick + rest);
    this.#owner.kernels.overlayBelieve(this.#record.ptr, ptr);
  }

  /** Asks about it again, if frames wait for it. */
  askAgain(ptr: number): void {
    if (this.#get(ptr, layout.ENDPOINT_HOLD) !== 0) this.#owner.kernels.overlayAsk(this.#record.ptr, ptr);
  }

  remove(ptr: number): void {
    this.#owner.kernels.overlayRemove(this.#record.ptr, ptr);
  }

  /** Routes that some record names. */
  routesInUse(): Set<number> {
    const routes = new Set<number>();
    for (const ptr of this.all()) routes.add(this.#get(ptr, layout.ENDPOINT_ROUTE));
    return routes;
  }

  /** Records of MAC addresses of a network (its record's address) that frames went to no more than so many ticks ago, unless they are absent. */
  used(network: number, ticks: number): number[] {
    const { u32 } = this.#owner.arena;
    const tick = this.#tick;
    const found: number[] = [];
    const end = this.#record.records + this.#count * layout.ENDPOINT_BYTES;
    for (let ptr = this.#record.records; ptr < end; ptr += layout.ENDPOINT_BYTES) {
      const state = u32[(ptr + layout.ENDPOINT_STATE) >> 2] as number;
      if (state === layout.STATE_FREE || state === layout.STATE_ABSENT) continue;
      if (u32[(ptr + layout.ENDPOINT_NETWORK) >> 2] !== network || this.isAddress(ptr)) continue;
      if ((tick - (u32[(ptr + layout.ENDPOINT_LAST_USED) >> 2] as number)) >>> 0 <= ticks) found.push(ptr);
    }
    return found;
  }

  /** Records that frames wait for. */
  *holding(): IterableIterator<number> {
    for (const ptr of this.all()) if (this.#get(ptr, layout.ENDPOINT_HOLD) !== 0) yield ptr;
  }

  /** Addresses of all records that are in use. */
  *all(): IterableIterator<number> {
    for (let i = 0; i < this.#count; i++) {
      const ptr = this.#record.records + i * layout.ENDPOINT_BYTES;
      if (this.#get(ptr, layout.ENDPOINT_STATE) !== layout.STATE_FREE) yield ptr;
    }
  }

  #writeKey(key: EndpointKey): void {
    const { u8, u32 } = this.#owner.arena;
    const at = this.#record.scratch;
    u8.fill(0, at, at + 32);
    u32[at >> 2] = key.network;
    if ("mac" in key) u8.set(key.mac, at + 8);
    else {
      u32[(at + 8) >> 2] = key.ip.length === 16 ? 6 : 4;
      u8.set(key.ip, at + 16);
    }
  }

  get #tick(): number {
    return this.#get(this.#record.ptr, layout.OVERLAY_TICK);
  }

  #get(ptr: number, offset: number): number {
    return this.#owner.arena.u32[(ptr + offset) >> 2] as number;
  }

  #set(ptr: number, offset: number, value: number): void {
    this.#owner.arena.u32[(ptr + offset) >> 2] = value;
  }
}
