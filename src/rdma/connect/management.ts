/**
 * Queue pair 1 of a device: management datagrams in and out (IBTA volume 1, 13.5.1). One region holds both:
 *
 *   │ receive 0: GRH 40, MAD 256 │ receive 1 │ ... │ send 0: MAD 256 │ send 1 │ ...
 *
 * What finds no room to be sent waits, so much and no more: the communication manager says everything again that is not answered.
 */
import { MAD_BYTES, QKEY_GENERAL_SERVICES, QPN_GENERAL_SERVICES } from "../cm/index.js";
import type { CompletionQueue, MemoryRegion, QueuePair, RdmaDevice, RdmaLimits } from "../verbs/index.js";
import { GRH_BYTES, grhEnds } from "./grh.js";
import type { Remotes } from "./remotes.js";

const SLOTS = 32;
export const RECEIVE_BYTES = GRH_BYTES + MAD_BYTES;
export const WAITING_MAX = 256;

export interface ManagementCounters {
  sent: number;
  received: number;
  /** Sent to another address than this end's. */
  misdirected: number;
  /** Not sent for want of room. */
  dropped: number;
}

/** A MAD that waits for room. */
export interface WaitingMad {
  readonly remote: string;
  readonly mad: Uint8Array;
}

/** What it has of its device. */
export interface ManagementParts {
  readonly region: MemoryRegion;
  readonly cq: CompletionQueue;
  readonly qp: QueuePair;
}

/** How many receives and sends there are at a time. Sends leave no completion. */
export function managementSlots({ sendDepth, receiveDepth, completions }: RdmaLimits) {
  return { receives: Math.min(SLOTS, receiveDepth, completions), sends: Math.min(SLOTS, sendDepth) };
}

/** Queue pair 1 with all its receives posted. Throws ConfigError for a device that has no room for it. */
export function makeManagementParts(device: RdmaDevice): ManagementParts {
  const { receives, sends } = managementSlots(device.limits);
  const pd = device.allocPd();
  const region = pd.register(receives * RECEIVE_BYTES + sends * MAD_BYTES, { access: ["local-write"] });
  const cq = device.createCq();
  const qp = device.createQp({ pd, type: "ud", sendCq: cq, qpn: QPN_GENERAL_SERVICES });
  qp.modify({ state: "init", qkey: QKEY_GENERAL_SERVICES });
  qp.modify({ state: "rtr", mtu: MAD_BYTES });
  qp.modify({ state: "rts", sqPsn: 0 });
  for (let slot = 0; slot < receives; slot++) arm({ region, cq, qp }, slot);
  return { region, cq, qp };
}

function arm({ region, qp }: ManagementParts, slot: number): void {
  qp.postRecv({ wrId: slot, local: { region, offset: slot * RECEIVE_BYTES, length: RECEIVE_BYTES } });
}

export class ManagementQueue {
  readonly counters: ManagementCounters;
  readonly parts: ManagementParts;
  readonly remotes: Remotes;
  readonly #local: string;
  readonly #receives: number;
  readonly #sends: number;
  #waiting: readonly WaitingMad[];

  constructor(
    limits: RdmaLimits,
    parts: ManagementParts,
    local: string,
    remotes: Remotes,
    counters: Readonly<ManagementCounters> = { sent: 0, received: 0, misdirected: 0, dropped: 0 },
    waiting: readonly WaitingMad[] = [],
  ) {
    const { receives, sends } = managementSlots(limits);
    this.parts = parts;
    this.remotes = remotes;
    this.counters = { ...counters };
    this.#local = local;
    this.#receives = receives;
    this.#sends = sends;
    this.#waiting = waiting;
  }

  /** MADs that wait for room, oldest first. */
  get waiting(): readonly WaitingMad[] {
    return this.#waiting;
  }

  /** Hands over what arrived; the bytes are the receiver's until it returns. */
  receive(take: (source: string, mad: Uint8Array) => void): void {
    const { cq, region } = this.parts;
    for (const { wrId: slot, byteLen } of cq.poll()) {
      const bytes = region.bytes.subarray(slot * RECEIVE_BYTES, slot * RECEIVE_BYTES + byteLen);
      const { source, destination } = grhEnds(bytes);
      this.counters.received++;
      if (destination === this.#local) take(source, bytes.subarray(GRH_BYTES));
      else this.counters.misdirected++;
      arm(this.parts, slot);
    }
  }

  /** Sends a MAD as soon as there is room; send does. */
  queue(remote: string, mad: Uint8Array): void {
    if (this.#waiting.length < WAITING_MAX) this.#waiting = [...this.#waiting, { remote, mad }];
    else this.counters.dropped++;
  }

  /** Sends what waits, as far as there is room. */
  send(): void {
    let sent = 0;
    while (sent < this.#waiting.length && this.#post(this.#waiting[sent] as WaitingMad)) sent++;
    this.#waiting = this.#waiting.slice(sent);
  }

  #post({ remote, mad }: WaitingMad): boolean {
    const { qp, region } = this.parts;
    const { sendsOpen } = qp;
    if (sendsOpen === this.#sends) return false;
    const address = this.remotes.handle(remote, sendsOpen === 0);
    if (!address) return false;
    // Sends complete in order, so the place of the one before the last so many is free.
    const slot = this.counters.sent % this.#sends;
    const offset = this.#receives * RECEIVE_BYTES + slot * MAD_BYTES;
    region.bytes.set(mad, offset);
    qp.postSend({
      opcode: "send",
      local: { region, offset, length: MAD_BYTES },
      to: { address, qpn: QPN_GENERAL_SERVICES, qkey: QKEY_GENERAL_SERVICES },
      signaled: false,
    });
    this.counters.sent++;
    return true;
  }
}
