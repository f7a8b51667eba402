/** A net.Server that takes streams of an agent: the same events, the same errors, the same way to close. */
import { EventEmitter } from "node:events";
import { checkInteger } from "../../../check.js";
import type { StreamAddress, StreamAgent, StreamEnd, StreamHandler } from "../../agent/stream.js";
import { familyOf } from "./family.js";
import { undisturbed } from "./handler-slot.js";
import { listenOn } from "./listen.js";
import { LoopReference } from "./loop-reference.js";
import { Orphan } from "./orphan.js";
import { AggregateSocket, type AggregateSocketOptions } from "./socket.js";
import { codedError, systemError } from "./socket-error.js";

export interface AggregateServerOptions extends AggregateSocketOptions {
  /** Sockets start paused. */
  readonly pauseOnConnect?: boolean;
}

export class AggregateServer extends EventEmitter {
  /** More connections than this are ended at once, and 'drop' is emitted; undefined: no bound. */
  maxConnections: number | undefined;
  readonly #agent: StreamAgent;
  readonly #pauseOnConnect: boolean;
  readonly #socketOptions: AggregateSocketOptions;
  readonly #loop = new LoopReference();
  #port: number | undefined;
  #connections = 0;

  constructor(agent: StreamAgent, options: AggregateServerOptions = {}, listener?: (socket: AggregateSocket) => void) {
    super();
    const { pauseOnConnect = false, ...socketOptions } = options;
    this.#agent = agent;
    this.#pauseOnConnect = pauseOnConnect;
    this.#socketOptions = socketOptions;
    if (listener) this.on("connection", listener);
  }

  get listening(): boolean {
    return this.#port !== undefined;
  }

  /**
   * Takes streams to a port, 0 for any that is free; 'listening' or 'error' (EADDRINUSE) follows. Throws ConfigError for a bad port, and
   * ERR_SERVER_ALREADY_LISTEN.
   */
  listen(where: number | { readonly port: number }, listener?: () => void): this {
    const port = checkInteger("port", typeof where === "number" ? where : where.port, 0, 65_535);
    if (this.listening) throw codedError("ERR_SERVER_ALREADY_LISTEN");
    const taken = listenOn(this.#agent, port, (stream, from) => this.#accept(stream, from));
    if (taken instanceof Error) {
      process.nextTick(() => this.emit("error", systemError("listen", "EADDRINUSE", { port }, taken)));
      return this;
    }
    this.#port = taken;
    this.#loop.hold();
    if (listener) this.once("listening", listener);
    process.nextTick(() => this.listening && this.emit("listening"));
    return this;
  }

  /** Takes no more; 'close' follows when the last connection has ended. listener then hears ERR_SERVER_NOT_RUNNING if nobody listened. */
  close(listener?: (error?: Error) => void): this {
    const error = this.listening ? undefined : codedError("ERR_SERVER_NOT_RUNNING");
    if (listener) this.once("close", () => (error ? listener(error) : listener()));
    if (this.#port !== undefined) this.#agent.unlisten(this.#port);
    this.#port = undefined;
    this.#loop.release();
    this.#closeWhenDrained();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.listening) await new Promise<void>((resolve) => this.close(() => resolve()));
  }

  /** Where the server listens; null when it does not. */
  address(): { address: string; family: string; port: number } | null {
    const { address } = this.#agent;
    return this.#port === undefined ? null : { address, family: familyOf(address), port: this.#port };
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this.#connections);
    return this;
  }

  ref(): this {
    this.#loop.ref();
    return this;
  }

  unref(): this {
    this.#loop.unref();
    return this;
  }

  #accept(stream: StreamEnd, remote: StreamAddress): StreamHandler {
    if (this.maxConnections !== undefined && this.#connections >= this.maxConnections) {
      undisturbed(() => this.emit("drop", dropped(stream.local, remote)));
      return new Orphan(stream, 0, false);
    }
    let handler: StreamHandler | undefined;
    const open = (given: StreamHandler) => {
      handler = given;
      return stream;
    };
    const socket = new AggregateSocket(open, false, remote, this.#socketOptions);
    this.#connections++;
    socket.once("close", () => {
      this.#connections--;
      this.#closeWhenDrained();
    });
    if (this.#pauseOnConnect) socket.pause();
    undisturbed(() => this.emit("connection", socket));
    return handler as StreamHandler;
  }

  #closeWhenDrained(): void {
    if (!this.listening && this.#connections === 0) process.nextTick(() => this.emit("close"));
  }
}

/** A server; listener is called on each 'connection'. */
export function createSocketServer(
  agent: StreamAgent,
  options: AggregateServerOptions = {},
  listener?: (socket: AggregateSocket) => void,
): AggregateServer {
  return new AggregateServer(agent, options, listener);
}

function dropped(local: StreamAddress, remote: StreamAddress): Record<string, unknown> {
  return {
    localAddress: local.address,
    localPort: local.port,
    localFamily: familyOf(local.address),
    remoteAddress: remote.address,
    remotePort: remote.port,
    remoteFamily: familyOf(remote.address),
  };
}
