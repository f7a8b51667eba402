/**
 * RoCEv2 over a UDP socket: a port's frames leave as datagrams to their destination's port 4791, and what comes is a frame again. No rights
 * are needed for it, and no Ethernet: the kernel has its own.
 *
 * What leaves bears the socket's port as its source, which the ICRC covers: paths need sourcePort 4791. Errors of the socket are told, and
 * never thrown; what a network loses, the endpoint sends again.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { Outgoing } from "../../buffer/outgoing.js";
import type { Arrival } from "../../buffer/pool.js";
import type { Port } from "../../buffer/port.js";
import { checkInteger } from "../../check.js";
import { ROCEV2_PORT } from "../../gqp/numbers.js";
import { parseIp } from "../../overlay/address.js";
import type { Driver } from "../driver.js";
import { datagramOf } from "./datagram.js";
import { Headers } from "./headers.js";

export interface UdpDriverOptions {
  readonly port: Port;
  /** The address to bind to, IPv4 or IPv6, of this end's paths; not a wildcard, since peers know it. */
  readonly local: string;
  /** 4791 by default. */
  readonly udpPort?: number | undefined;
  /** Datagrams that the socket may have before it has sent them, 1 to 65536; 1024 by default. Further frames stay at the port. */
  readonly backlog?: number | undefined;
  /** Datagrams that may have come before the port takes them, 1 to 65536; 4096 by default. Further ones are lost, and counted. */
  readonly arrivals?: number | undefined;
  /** Something has come: pump is worth calling. Called once until then. */
  readonly onArrival?: (() => void) | undefined;
  /** Sees each frame that comes or goes, as Ethernet; its bytes are not the observer's to keep. */
  readonly onFrame?: ((frame: Uint8Array) => void) | undefined;
  /** The socket has an error: of one datagram, or of its own. */
  readonly onError?: ((error: Error) => void) | undefined;
}

interface CheckedOptions extends UdpDriverOptions {
  readonly udpPort: number;
  readonly backlog: number;
  readonly arrivals: number;
}

export interface UdpCounters {
  sent: number;
  received: number;
  /** The socket has refused them. */
  sendErrors: number;
  /** No RoCEv2 packet from this address and port, and therefore not sent. */
  unsendable: number;
  /** Calls of pump that found the backlog full. */
  backlogFull: number;
  /** Lost since the port had not taken the ones before. */
  overflowed: number;
}

/** Asked for; a system gives what it allows. */
const SOCKET_BUFFER_BYTES = 4 * 2 ** 20;

/** Binds the socket. Throws ConfigError for a bad option, and rejects with the system's error for an address that cannot be bound. */
export async function openUdpDriver(options: UdpDriverOptions): Promise<UdpDriver> {
  const local = parseIp("local", options.local);
  const udpPort = checkInteger("udpPort", options.udpPort ?? ROCEV2_PORT, 1, 65_535);
  const backlog = checkInteger("backlog", options.backlog ?? 1024, 1, 65_536);
  const arrivals = checkInteger("arrivals", options.arrivals ?? 4096, 1, 65_536);
  const socket = createSocket({
    type: local.length === 4 ? "udp4" : "udp6",
    // Addresses are numbers already: without a detour, what is sent leaves at once.
    lookup: (address, _, done) => done(null, address, local.length === 4 ? 4 : 6),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address: options.local, port: udpPort, exclusive: true }, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
  socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
  return new UdpDriver(socket, local, { ...options, udpPort, backlog, arrivals });
}

export class UdpDriver implements Driver {
  readonly counters: UdpCounters = {
    sent: 0,
    received: 0,
    sendErrors: 0,
    unsendable: 0,
    backlogFull: 0,
    overflowed: 0,
  };
  readonly #socket: Socket;
  readonly #port: Port;
  readonly #local: Uint8Array;
  readonly #udpPort: number;
  readonly #headers: Headers;
  readonly #backlog: number;
  readonly #arrivalsMax: number;
  readonly #onArrival: () => void;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #onError: (error: Error) => void;
  #arrived: Arrival[] = [];
  #sending = 0;
  /** Frames that the socket has read: their buffers go back with the next pump. */
  #done: Outgoing[] = [];
  #isClosed = false;

  /** @internal Made by openUdpDriver, of a bound socket. */
  constructor(socket: Socket, local: Uint8Array, options: CheckedOptions) {
    this.#socket = socket;
    this.#port = options.port;
    this.#local = local;
    this.#udpPort = options.udpPort;
    this.#headers = new Headers(local, options.udpPort);
    this.#backlog = options.backlog;
    this.#arrivalsMax = options.arrivals;
    this.#onFrame = options.onFrame ?? (() => {});
    this.#onArrival = options.onArrival ?? (() => {});
    this.#onError = options.onError ?? (() => {});
    socket.on("message", (payload, from) => this.#arrive(payload, from));
    socket.on("error", (error) => this.#onError(error));
  }

  get isDone(): boolean {
    return this.#isClosed;
  }

  /** Datagrams that the socket has and has not sent. */
  get sending(): number {
    return this.#sending;
  }

  /** Frames to the port, and frames from it, a burst each. */
  pump(): number {
    if (this.#isClosed) return 0;
    this.#complete();
    const taken = this.#port.receiveBurst(this.#arrived);
    this.#arrived = this.#arrived.slice(taken);
    if (this.#sending >= this.#backlog) {
      this.counters.backlogFull++;
      return taken;
    }
    const frames = this.#port.takeBurst();
    for (const frame of frames) this.#send(frame);
    return taken + frames.length;
  }

  /** The process lives as long as the socket, as at first. */
  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  /** What the socket still has is sent first. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await new Promise<void>((resolve) => {
      const whenSent = () => (this.#sending === 0 ? this.#socket.close(resolve) : setImmediate(whenSent));
      whenSent();
    });
    this.#complete();
  }

  #send(frame: Outgoing): void {
    const whole = frame.spans.length === 1 ? (frame.spans[0] as Uint8Array) : Buffer.concat(frame.spans);
    const datagram = datagramOf(whole, this.#local, this.#udpPort);
    if (!datagram) {
      this.counters.unsendable++;
      this.#done.push(frame);
      return;
    }
    this.#onFrame(whole);
    this.#sending++;
    this.#socket.send(datagram.payload, this.#udpPort, datagram.address, (error) => {
      this.#sending--;
      this.#done.push(frame);
      if (!error) this.counters.sent++;
      else {
        this.counters.sendErrors++;
        this.#onError(error);
      }
    });
  }

  #complete(): void {
    const done = this.#done;
    this.#done = [];
    if (done.length > 0) this.#port.complete(done);
  }

  #arrive(payload: Uint8Array, { address, port }: RemoteInfo): void {
    if (this.#isClosed) return;
    if (this.#arrived.length >= this.#arrivalsMax) {
      this.counters.overflowed++;
      return;
    }
    this.counters.received++;
    const isFirst = this.#arrived.length === 0;
    const data = this.#headers.frame(address, port, payload);
    this.#onFrame(data);
    this.#arrived.push({ data });
    if (isFirst) this.#onArrival();
  }
}
