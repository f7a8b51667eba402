/**
 * An engine's RDMA device, sans I/O: RoCEv2 packets come and go by one port, time is told to it.
 *
 *   const device = engine.addRdma({ port });
 *   const qp = device.createQp({ pd: device.allocPd(), type: "rc", sendCq: device.createCq() });
 */
import { BURST_MAX, RDMA_PATH_BYTES } from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { Port } from "../../buffer/port.js";
import { checkInteger, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { Address } from "./address.js";
import { CompletionQueue } from "./completion.js";
import { type RdmaCounters, readRdmaCounters } from "./counters.js";
import { type EndpointRecord, makeEndpointRecord } from "./endpoint-record.js";
import { RegionMemory } from "./memory.js";
import { type Mtu, maxMtu } from "./modify.js";
import { type AddressOptions, writePath } from "./path.js";
import { ProtectionDomain } from "./protection-domain.js";
import { type QpMemory, takeQpMemory } from "./qp-memory.js";
import { type QpOptions, QueuePair } from "./queue-pair.js";
import { RegionTable } from "./region.js";
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

/** Numbers below are the subnet manager's and the connection manager's (IBTA volume 1, 10.2.4.1). */
const QPN_FIRST = 2;

export class RdmaDevice {
  readonly port: Port;
  /** @internal */
  readonly memory: RegionMemory;
  readonly #endpoint: EndpointRecord;
  readonly #regions: RegionTable;
  readonly #spare: QpMemory[] = [];
  readonly #qps = new Map<number, QueuePair>();
  #cqs = 0;
  #pds = 0;
  #addresses = 0;
  #nextQpn = QPN_FIRST;

  /** @internal Made by Engine.addRdma. */
  constructor(owner: FrameOwner, limits: RdmaLimits, { port, icrc }: RdmaOptions) {
    this.port = port;
    this.#endpoint = makeEndpointRecord(owner, limits, port, checkOneOf("icrc", icrc ?? "full", ICRCS));
    this.memory = new RegionMemory(this.#endpoint.memory, limits.memoryBytes);
    this.#regions = new RegionTable(this.#endpoint, this.memory);
  }

  /** @internal */
  reads(port: Port): boolean {
    return port === this.port;
  }

  /** @internal */
  get endpoint(): EndpointRecord {
    return this.#endpoint;
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
    this.#pds++;
    return new ProtectionDomain(this.#pds, this.#regions);
  }

  /** Throws ConfigError for one too many. */
  createCq(): CompletionQueue {
    this.#endpoint.owner.checkOpen();
    checkInteger("completionQueues", this.#cqs + 1, 1, this.#endpoint.limits.completionQueues);
    this.#cqs++;
    return new CompletionQueue(this.#endpoint);
  }

  /** Where datagrams can go. Throws ConfigError for a bad option, and for one too many. */
  createAddress(options: AddressOptions): Address {
    this.#endpoint.owner.checkOpen();
    checkInteger("addresses", this.#addresses + 1, 1, this.#endpoint.limits.addresses);
    const ptr = this.#endpoint.paths + this.#addresses * RDMA_PATH_BYTES;
    writePath(this.#endpoint, ptr, options);
    this.#addresses++;
    return new Address(ptr);
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

  /** It is nowMs. Returns how many queue pairs wait for a time to come. */
  tick(nowMs: number): number {
    this.#endpoint.owner.checkOpen();
    return this.#endpoint.owner.kernels.rdmaTick(this.#endpoint.ptr, Math.floor(nowMs * 1000) % 2 ** 32);
  }

  /** Takes what arrived, and sends what may go. Returns packets moved; 0 when all is quiet. */
  poll(): number {
    const { kernels } = this.#endpoint.owner;
    this.#endpoint.owner.checkOpen();
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
