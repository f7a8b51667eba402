/**
 * An engine's RDMA device, sans I/O: RoCEv2 packets come and go by one port, time is told to it.
 *
 *   const device = engine.addRdma({ port });
 *   const qp = device.createQp({ pd: device.allocPd(), type: "rc", sendCq: device.createCq() });
 */
import {
  BURST_MAX,
  RDMA_ENDPOINT_CRC,
  RDMA_ENDPOINT_QP_MASK,
  RDMA_ENDPOINT_REGION_MASK,
  RDMA_PATH_BYTES,
} from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { Port } from "../../buffer/port.js";
import { checkInteger, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { Address } from "./address.js";
import { CompletionQueue } from "./completion.js";
import { type RdmaCounters, readRdmaCounters } from "./counters.js";
import { type EndpointRecord, makeEndpointRecord } from "./endpoint-record.js";
import { type MemoryRun, RegionMemory } from "./memory.js";
import { type Mtu, maxMtu } from "./modify.js";
import { type AddressOptions, writePath } from "./path.js";
import { ProtectionDomain } from "./protection-domain.js";
import { type QpMemory, takeQpMemory } from "./qp-memory.js";
import { type QpOptions, QueuePair } from "./queue-pair.js";
import { type MemoryRegion, RegionTable } from "./region.js";
import type { RdmaLimits } from "./sizes.js";
import { ICRCS, type Icrc } from "./words.js";

export interface RdmaOptions {
  /** The port that RoCEv2 packets come and go by: nobody else reads it. */
  readonly port: Port;
  /**
   * "full", the default: every ICRC is made and checked (annex A17). "none": it is sent as 0 and not looked at, which does not conform and
   * lets damage through; only for two ends of which both say so, over memory.
   */
  readonly icrc?: Icrc;
}

/** Microseconds that wrap at 2^32, as the data plane counts them. */
export function microseconds(nowMs: number): number {
  return Math.floor(nowMs * 1000) % 2 ** 32;
}

/** Numbers below are the subnet manager's and the connection manager's (IBTA volume 1, 10.2.4.1). */
const QPN_FIRST = 2;

export class RdmaDevice {
  readonly port: Port;
  readonly #endpoint: EndpointRecord;
  #memory: RegionMemory;
  #regions: RegionTable;
  readonly #spare: QpMemory[] = [];
  readonly #qps = new Map<number, QueuePair>();
  readonly #cqs: CompletionQueue[] = [];
  readonly #pds: ProtectionDomain[] = [];
  readonly #addresses: Address[] = [];
  #nextQpn = QPN_FIRST;
  #isStopped = false;

  /** @internal Made by Engine.addRdma. */
  constructor(owner: FrameOwner, limits: RdmaLimits, { port, icrc }: RdmaOptions) {
    this.port = port;
    this.#endpoint = makeEndpointRecord(owner, limits, port, checkOneOf("icrc", icrc ?? "full", ICRCS));
    this.#memory = new RegionMemory(this.#endpoint.memory, limits.memoryBytes);
    this.#regions = new RegionTable(this.#endpoint, this.#memory);
  }

  /** @internal */
  reads(port: Port): boolean {
    return port === this.port;
  }

  /** @internal */
  get endpoint(): EndpointRecord {
    return this.#endpoint;
  }

  /** @internal What regions, and records of the data plane, are made of. */
  get memory(): RegionMemory {
    return this.#memory;
  }

  /** @internal */
  get regionTable(): RegionTable {
    return this.#regions;
  }

  /** @internal The number that the next queue pair is given if it is free. */
  get nextQpn(): number {
    return this.#nextQpn;
  }

  /** Whether it makes and checks ICRCs. */
  get icrc(): Icrc {
    return this.#endpoint.owner.arena.u32[(this.#endpoint.ptr + RDMA_ENDPOINT_CRC) >> 2] === 0 ? "none" : "full";
  }

  /** What it has room for. */
  get limits(): RdmaLimits {
    return this.#endpoint.limits;
  }

  /** The longest path MTU whose packets fit into the engine's buffers; undefined when not even the shortest does. */
  get maxMtu(): Mtu | undefined {
    return maxMtu(this.#endpoint.owner.pool.shape.payloadBytes);
  }

  get counters(): RdmaCounters {
    this.#endpoint.owner.checkOpen();
    return readRdmaCounters(this.#endpoint);
  }

  allocPd(): ProtectionDomain {
    this.#endpoint.owner.checkOpen();
    const pd = new ProtectionDomain(this.#pds.length + 1, this.#regions);
    this.#pds.push(pd);
    return pd;
  }

  /** Throws ConfigError for one too many. */
  createCq(): CompletionQueue {
    this.#endpoint.owner.checkOpen();
    checkInteger("completionQueues", this.#cqs.length + 1, 1, this.#endpoint.limits.completionQueues);
    const cq = new CompletionQueue(this.#endpoint, this.#cqs.length);
    this.#cqs.push(cq);
    return cq;
  }

  /** Where datagrams can go. Throws ConfigError for a bad option, and for one too many. */
  createAddress(options: AddressOptions): Address {
    this.#endpoint.owner.checkOpen();
    const number = this.#addresses.length;
    checkInteger("addresses", number + 1, 1, this.#endpoint.limits.addresses);
    const ptr = this.#endpoint.paths + number * RDMA_PATH_BYTES;
    writePath(this.#endpoint, ptr, options);
    const address = new Address(number, ptr);
    this.#addresses.push(address);
    return address;
  }

  /** The same handle, for another place; what was posted to it goes where it leads when it is sent. Throws ConfigError for a bad option. */
  modifyAddress(address: Address, options: AddressOptions): void {
    this.#endpoint.owner.checkOpen();
    writePath(this.#endpoint, address.ptr, options);
  }

  /** A queue pair in RESET. Throws ConfigError for a number whose place is taken, and for one too many. */
  createQp(options: QpOptions): QueuePair {
    this.#endpoint.owner.checkOpen();
    const { limits, qps, owner } = this.#endpoint;
    checkInteger("queuePairs", this.#qps.size + 1, 1, limits.queuePairs);
    const qpn = options.qpn === undefined ? this.#freeQpn() : checkInteger("qpn", options.qpn, 1, 0xffffff);
    const slot = (qps >> 2) + (qpn & (limits.queuePairs - 1));
    if (owner.arena.u32[slot] !== 0) throw new ConfigError("qpn", qpn, "one whose place in the table is free");
    const memory = this.#spare.pop() ?? takeQpMemory(this.#endpoint);
    const qp = new QueuePair(this.#endpoint, memory, qpn, options, () => {
      owner.arena.u32[slot] = 0;
      this.#qps.delete(qpn);
      this.#spare.push(memory);
    });
    owner.arena.u32[slot] = memory.ptr;
    this.#qps.set(qpn, qp);
    return qp;
  }

  // What it has, by the numbers that name it: they are the same where its state is taken in, while handles are new.

  get protectionDomains(): readonly ProtectionDomain[] {
    return this.#pds;
  }

  get completionQueues(): readonly CompletionQueue[] {
    return this.#cqs;
  }

  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  get queuePairs(): readonly QueuePair[] {
    return [...this.#qps.values()];
  }

  get regions(): readonly MemoryRegion[] {
    return [...this.#regions.regions.values()];
  }

  protectionDomain(number: number): ProtectionDomain | undefined {
    return this.#pds[number - 1];
  }

  completionQueue(number: number): CompletionQueue | undefined {
    return this.#cqs[number];
  }

  address(number: number): Address | undefined {
    return this.#addresses[number];
  }

  queuePair(qpn: number): QueuePair | undefined {
    return this.#qps.get(qpn);
  }

  region(lkey: number): MemoryRegion | undefined {
    return this.#regions.regions.get(lkey);
  }

  /** Nothing was ever made of it. */
  get isUnused(): boolean {
    const made = this.#pds.length + this.#cqs.length + this.#addresses.length;
    return made === 0 && this.#memory.isUnused;
  }

  /**
   * @internal An unused device becomes one of these limits, none larger than its own, with nothing in it but runs of memory that are taken, in
   * the order of their offsets; nextQpn is the number that the next queue pair is given if it is free.
   */
  become(limits: RdmaLimits, taken: readonly MemoryRun[], nextQpn: number): void {
    const { owner, ptr, memory } = this.#endpoint;
    this.#endpoint.limits = limits;
    owner.arena.u32[(ptr + RDMA_ENDPOINT_QP_MASK) >> 2] = limits.queuePairs - 1;
    owner.arena.u32[(ptr + RDMA_ENDPOINT_REGION_MASK) >> 2] = limits.regions - 1;
    this.#memory = new RegionMemory(memory, limits.memoryBytes, taken);
    this.#regions = new RegionTable(this.#endpoint, this.#memory);
    this.#nextQpn = nextQpn;
  }

  /** Nothing is taken and nothing sent from now on: what arrives stays at the port. */
  stop(): void {
    this.#isStopped = true;
  }

  /** It goes on. */
  start(): void {
    this.#isStopped = false;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** It is nowMs. Returns how many queue pairs wait for a time to come. */
  tick(nowMs: number): number {
    this.#endpoint.owner.checkOpen();
    if (this.#isStopped) return 0;
    return this.#endpoint.owner.kernels.rdmaTick(this.#endpoint.ptr, microseconds(nowMs));
  }

  /** Takes what arrived, and sends what may go. Returns packets moved; 0 when all is quiet. */
  poll(): number {
    const { kernels } = this.#endpoint.owner;
    this.#endpoint.owner.checkOpen();
    if (this.#isStopped) return 0;
    this.port.reap();
    const received = kernels.rdmaReceiveBurst(this.#endpoint.ptr, BURST_MAX);
    return received + kernels.rdmaSendBurst(this.#endpoint.ptr, BURST_MAX);
  }

  /** Queue pairs that went to ERROR since the last call. */
  takeErrors(): QueuePair[] {
    const { kernels, arena } = this.#endpoint.owner;
    this.#endpoint.owner.checkOpen();
    const { events, list } = this.#endpoint;
    const errors: QueuePair[] = [];
    for (;;) {
      const n = kernels.ringDequeueBurst(events, list, BURST_MAX);
      if (n === 0) return errors;
      for (const qpn of arena.u32.subarray(list >> 2, (list >> 2) + n)) {
        const qp = this.#qps.get(qpn);
        if (qp && !errors.includes(qp)) errors.push(qp);
      }
    }
  }

  #freeQpn(): number {
    const { qps, limits, owner } = this.#endpoint;
    for (;;) {
      const qpn = this.#nextQpn;
      this.#nextQpn = qpn === 0xffffff ? QPN_FIRST : qpn + 1;
      if (owner.arena.u32[(qps >> 2) + (qpn & (limits.queuePairs - 1))] === 0) return qpn;
    }
  }
}
