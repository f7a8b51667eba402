/**
 * Endpoints and addresses that a host without an engine knows: what assembly/overlay keeps of them, as far as the control plane reads or
 * writes it, and the bytes that an engine would keep. The control plane meets the same answers as in front of an engine.
 */
import { ENDPOINT_BYTES, TABLE_WAYS } from "../../../assembly/layout.js";
import type { HostRecords } from "../../host/plane.js";
import { ipText, macText } from "../../overlay/address.js";
import type { EndpointFields, EndpointKey, EndpointState } from "../../overlay/plane/endpoints.js";
import { tableBytes, tableShape } from "../../table/shape.js";

/** One of them; addresses as text, a character a byte. */
export interface ScaleRecord {
  readonly network: number;
  readonly bytes: string;
  readonly isAddress: boolean;
  state: EndpointState;
  route: number;
  host: string;
  gqpn: number;
  generation: number;
  deadline: number;
  lastUsed: number;
  refreshAfter: number;
  isAsked: boolean;
  isPinned: boolean;
}

/** A third of a bucket: what an entry takes of a table that is full. */
const [MAC_ENTRY_BYTES, IP_ENTRY_BYTES] = [16, 32].map(entryBytes) as [number, number];
/** In the stack of records in no use. */
const PLACE_BYTES = 4;

export class ScaleRecords implements HostRecords {
  /** By their number, which stands for a record's address: from 1, since 0 is none. */
  readonly #records: (ScaleRecord | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #found = new Map<string, number>();
  /** Those that are of nobody here. */
  readonly #elsewhere = new Set<number>();
  #addresses = 0;
  /** Times that something was written about an endpoint elsewhere. */
  learned = 0;

  /** Records in use. */
  get count(): number {
    return this.#found.size;
  }

  /** Bytes of records in use and of their table entries. */
  get bytes(): number {
    const entries = (this.count - this.#addresses) * MAC_ENTRY_BYTES + this.#addresses * IP_ENTRY_BYTES;
    return this.count * (ENDPOINT_BYTES + PLACE_BYTES) + entries;
  }

  find(key: EndpointKey): number {
    return this.#found.get(keyText(key)) ?? 0;
  }

  make(key: EndpointKey): number {
    const text = keyText(key);
    const known = this.#found.get(text);
    if (known !== undefined) return known;
    const ptr = this.#free.pop() ?? this.#records.length;
    const isAddress = "ip" in key;
    this.#records[ptr] = {
      ...{ network: key.network, bytes: textOf(isAddress ? key.ip : key.mac), isAddress, state: "pending" },
      ...{ route: 0, host: "", gqpn: 0, generation: 0, deadline: 0, lastUsed: 0, refreshAfter: 0 },
      ...{ isAsked: false, isPinned: false },
    };
    this.#found.set(text, ptr);
    this.#elsewhere.add(ptr);
    if (isAddress) this.#addresses++;
    return ptr;
  }

  write(ptr: number, fields: EndpointFields): void {
    const record = this.at(ptr);
    record.state = fields.state;
    record.route = fields.route ?? 0;
    record.host = fields.host ? textOf(fields.host) : "";
    record.gqpn = fields.gqpn ?? 0;
    record.generation = fields.generation ?? 0;
    record.deadline = fields.deadline ?? 0;
    record.isPinned = fields.pinned ?? false;
    record.isAsked = false;
    if (fields.state === "local") this.#elsewhere.delete(ptr);
    else {
      this.#elsewhere.add(ptr);
      this.learned++;
    }
  }

  doubt(ptr: number, deadline: number): void {
    const record = this.at(ptr);
    record.state = "pending";
    record.deadline = deadline;
  }

  answered(ptr: number): void {
    this.at(ptr).isAsked = false;
  }

  /** Guests ask by sending again: no frame waits here. */
  askAgain(): void {}

  /** No frame comes for one that is about to be here, and none is sent on. */
  setClaimed(): void {}

  isClaimed(): boolean {
    return false;
  }

  sendOn(): number {
    return 0;
  }

  remove(ptr: number): void {
    const { network, bytes, isAddress } = this.at(ptr);
    this.#found.delete(`${network} ${bytes}`);
    this.#records[ptr] = undefined;
    this.#elsewhere.delete(ptr);
    this.#free.push(ptr);
    if (isAddress) this.#addresses--;
  }

  state(ptr: number): EndpointState {
    return this.#records[ptr]?.state ?? "free";
  }

  isAddress(ptr: number): boolean {
    return this.at(ptr).isAddress;
  }

  generation(ptr: number): number {
    return this.at(ptr).generation;
  }

  gqpn(ptr: number): number {
    return this.at(ptr).gqpn;
  }

  network(ptr: number): number {
    return this.at(ptr).network;
  }

  mac(ptr: number): string {
    return macText(bytesOf(this.at(ptr).bytes));
  }

  ip(ptr: number): Uint8Array {
    return bytesOf(this.at(ptr).bytes);
  }

  hostOf(ptr: number): string {
    return ipText(bytesOf(this.at(ptr).host));
  }

  hostIs(ptr: number, address: Uint8Array): boolean {
    return this.at(ptr).host === textOf(address);
  }

  routesInUse(): Set<number> {
    return new Set([...this.all()].map((ptr) => this.at(ptr).route));
  }

  *all(): IterableIterator<number> {
    yield* this.#found.values();
  }

  elsewhere(): Iterable<number> {
    return this.#elsewhere;
  }

  /** @internal For the plane, which stands for the data plane. */
  at(ptr: number): ScaleRecord {
    const record = this.#records[ptr];
    if (!record) throw new Error(`no record has the number ${ptr}`);
    return record;
  }
}

function entryBytes(keyBytes: number): number {
  const shape = tableShape(keyBytes, 1);
  return tableBytes(shape) / (shape.buckets * TABLE_WAYS);
}

/** Six bytes are a MAC address, 4 and 16 an IP address, so no two keys have one text. */
function keyText(key: EndpointKey): string {
  return `${key.network} ${textOf("ip" in key ? key.ip : key.mac)}`;
}

/** Bytes of an address as characters. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
