/** The serving end's work: each client's queue pair and buffers, echoes for ping, and receives that are posted again for perf. */
import {
  type Completion,
  type CompletionQueue,
  ConfigError,
  type ConnectionEvent,
  type MemoryRegion,
  type ProtectionDomain,
  type QueuePair,
} from "../../index.js";
import type { RdmaHost, Work } from "./host.js";
import { depthOf, windowOf } from "./window.js";
import { decodeWish, encodeOffer, type Wish } from "./wish.js";

interface Client {
  readonly remote: string;
  readonly wish: Wish;
  readonly qp: QueuePair;
  readonly region: MemoryRegion;
}

export interface ServerOptions {
  /** It ends with its first client. */
  readonly isOnce: boolean;
  readonly say: (line: string) => void;
}

export class Server implements Work {
  readonly nextMs = undefined;
  readonly #host: RdmaHost;
  readonly #options: ServerOptions;
  readonly #cq: CompletionQueue;
  readonly #pd: ProtectionDomain;
  readonly #clients = new Map<number, Client>();
  readonly #byQpn = new Map<number, Client>();
  #isStopping = false;

  constructor(host: RdmaHost, options: ServerOptions) {
    this.#host = host;
    this.#options = options;
    this.#cq = host.device.createCq();
    this.#pd = host.device.allocPd();
  }

  get isDone(): boolean {
    return this.#isStopping && this.#clients.size === 0;
  }

  /** Ends the connections; a second time, does not wait for the clients. */
  stop(nowMs: number): void {
    if (this.#isStopping) this.#clients.clear();
    this.#isStopping = true;
    for (const id of this.#clients.keys()) this.#host.cm.disconnect(id, nowMs);
  }

  turn(events: readonly ConnectionEvent[], nowMs: number): void {
    for (const event of events) this.#hear(event, nowMs);
    for (const completion of this.#cq.poll()) this.#complete(completion);
  }

  #hear(event: ConnectionEvent, nowMs: number): void {
    const client = this.#clients.get(event.id);
    if (event.type === "requested") this.#request(event, nowMs);
    else if (!client) return;
    else if (event.type === "established") this.#options.say(`${client.remote}: ${client.wish.what}`);
    else if (event.type === "disconnected" || event.type === "rejected") {
      this.#options.say(`${client.remote}: ${event.reason === "requested" ? "done" : event.reason}`);
      if (this.#options.isOnce) this.#isStopping = true;
    } else this.#forget(event.id, client);
  }

  #request(event: Extract<ConnectionEvent, { type: "requested" }>, nowMs: number): void {
    const { id, remote, privateData } = event;
    const wish = this.#isStopping ? undefined : decodeWish(privateData);
    const client = wish && this.#open(remote, wish);
    if (!client) {
      this.#host.cm.reject(id, wish ? "no-resources" : "consumer-reject", nowMs);
      return;
    }
    const { qp, region } = client;
    this.#clients.set(id, client);
    this.#byQpn.set(qp.qpn, client);
    const offer = encodeOffer({ va: region.va, rkey: region.rkey, lengthBytes: region.bytes.length });
    this.#host.cm.accept(id, { qp, window: windowOf(event.pathMtu), privateData: offer }, nowMs);
  }

  /** Undefined when there is no room for another client. */
  #open(remote: string, wish: Wish): Client | undefined {
    const { sizeBytes, what } = wish;
    const depth = depthOf(sizeBytes);
    let region: MemoryRegion | undefined;
    try {
      const access = ["local-write", "remote-write", "remote-read"] as const;
      region = this.#pd.register(depth * sizeBytes, { access });
      const qp = this.#host.device.createQp({ pd: this.#pd, type: "rc", sendCq: this.#cq });
      qp.modify({ state: "init", access: ["remote-write", "remote-read"] });
      const client = { remote, wish, qp, region };
      const hasReceives = what === "ping" || what === "send";
      for (let slot = 0; hasReceives && slot < depth; slot++) this.#arm(client, slot);
      return client;
    } catch (error) {
      region?.deregister();
      if (error instanceof ConfigError) return undefined;
      throw error;
    }
  }

  #complete({ qpn, opcode, wrId: slot, byteLen, status }: Completion): void {
    const client = this.#byQpn.get(qpn);
    if (!client || status !== "success") return;
    const { qp, region, wish } = client;
    const isEchoed = opcode === "recv" && wish.what === "ping";
    if (!isEchoed) this.#arm(client, slot);
    else qp.postSend({ opcode: "send", wrId: slot, local: { region, offset: slot * wish.sizeBytes, length: byteLen } });
  }

  #arm({ qp, region, wish: { sizeBytes } }: Client, slot: number): void {
    qp.postRecv({ wrId: slot, local: { region, offset: slot * sizeBytes, length: sizeBytes } });
  }

  #forget(id: number, { qp, region }: Client): void {
    this.#clients.delete(id);
    this.#byQpn.delete(qp.qpn);
    qp.destroy();
    region.deregister();
  }
}
