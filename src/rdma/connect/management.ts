/**
 * Queue pair 1 of a device: management datagrams in and out (IBTA volume 1, 13.5.1). One region holds both:
 *
 *   │ receive 0: GRH 40, MAD 256 │ receive 1 │ ... │ send 0: MAD 256 │ send 1 │ ...
 *
 * What finds no room to be sent waits, so much and no more: the communication manager says everything again that is not answered.
 */
import { MAD_BYTES, QKEY_GENERAL_SERVICES, QPN_GENERAL_SERVICES } from "../cm/index.js";
import type { CompletionQueue, MemoryRegion, QueuePair, RdmaDevice } from "../verbs/index.js";
import { GRH_BYTES, grhEnds } from "./grh.js";
import type { Remotes } from "./remotes.js";

const SLOTS = 32;
const RECEIVE_BYTES = GRH_BYTES + MAD_BYTES;
const WAITING_MAX = 256;

export interface ManagementCounters {
  sent: number;
  received: number;
  /** Sent to another address than this end's. */
  misdirected: number;
  /** Not sent for want of room. */
  dropped: number;
}

export class ManagementQueue {
  readonly counters: ManagementCounters = { sent: 0, received: 0, misdirected: 0, dropped: 0 };
  readonly #local: string;
  readonly #remotes: Remotes;
  readonly #qp: QueuePair;
  readonly #cq: CompletionQueue;
  readonly #region: MemoryRegion;
  readonly #receives: number;
  readonly #sends: number;
  #waiting: { readonly remote: string; readonly mad: Uint8Array }[] = [];

  /** Throws ConfigError for a device that has no room for it. */
  constructor(device: RdmaDevice, local: string, remotes: Remotes) {
    const { sendDepth, receiveDepth, completions } = device.limits;
    this.#local = local;
    this.#remotes = remotes;
    // Sends leave no completion.
    this.#receives = Math.min(SLOTS, receiveDepth, completions);
    this.#sends = Math.min(SLOTS, sendDepth);
    const pd = device.allocPd();
    this.#region = pd.register(this.#receives * RECEIVE_BYTES + this.#sends * MAD_BYTES, { access: ["local-write"] });
    this.#cq = device.createCq();
    this.#qp = device.createQp({ pd, type: "ud", sendCq: this.#cq, qpn: QPN_GENERAL_SERVICES });
    this.#qp.modify({ state: "init", qkey: QKEY_GENERAL_SERVICES });
    this.#qp.modify({ state: "rtr", mtu: MAD_BYTES });
    this.#qp.modify({ state: "rts", sqPsn: 0 });
    for (let slot = 0; slot < this.#receives; slot++) this.#arm(slot);
  }

  /** MADs that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Hands over what arrived; the bytes are the receiver's until it returns. */
  receive(take: (source: string, mad: Uint8Array) => void): void {
    for (const { wrId: slot, byteLen } of this.#cq.poll()) {
      const bytes = this.#region.bytes.subarray(slot * RECEIVE_BYTES, slot * RECEIVE_BYTES + byteLen);
      const { source, destination } = grhEnds(bytes);
      this.counters.received++;
      if (destination === this.#local) take(source, bytes.subarray(GRH_BYTES));
      else this.counters.misdirected++;
      this.#arm(slot);
    }
  }

  /** Sends a MAD as soon as there is room; send does. */
  queue(remote: string, mad: Uint8Array): void {
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ remote, mad });
    else this.counters.dropped++;
  }

  /** Sends what waits, as far as there is room. */
  send(): void {
    let sent = 0;
    while (sent < this.#waiting.length && this.#post(this.#waiting[sent] as { remote: string; mad: Uint8Array }))
      sent++;
    this.#waiting = this.#waiting.slice(sent);
  }

  #post({ remote, mad }: { readonly remote: string; readonly mad: Uint8Array }): boolean {
    const { sendsOpen } = this.#qp;
    if (sendsOpen === this.#sends) return false;
    const address = this.#remotes.handle(remote, sendsOpen === 0);
    if (!address) return false;
    // Sends complete in order, so the place of the one before the last so many is free.
    const slot = this.counters.sent % this.#sends;
    const offset = this.#receives * RECEIVE_BYTES + slot * MAD_BYTES;
    this.#region.bytes.set(mad, offset);
    this.#qp.postSend({
      opcode: "send",
      local: { region: this.#region, offset, length: MAD_BYTES },
      to: { address, qpn: QPN_GENERAL_SERVICES, qkey: QKEY_GENERAL_SERVICES },
      signaled: false,
    });
    this.counters.sent++;
    return true;
  }

  #arm(slot: number): void {
    const local = { region: this.#region, offset: slot * RECEIVE_BYTES, length: RECEIVE_BYTES };
    this.#qp.postRecv({ wrId: slot, local });
  }
}
