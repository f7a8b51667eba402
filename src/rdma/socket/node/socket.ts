/**
 * One end of a stream as a net.Socket: the same events in the same order, the same properties and errors, so that http, ws and any stream
 * library take it unchanged. It extends Duplex, not net.Socket, whose inside is bound to a handle of libuv's.
 *
 * Bounds: of what the peer sent, no more than a stream's window and readableHighWaterMark wait here, since a byte is reported used only when
 * the reader wants more; of what is written here, what Writable holds until its stream has room.
 */
import { addAbortSignal, Duplex, type DuplexOptions } from "node:stream";
import type { StreamAddress, StreamEnd, StreamErrorCode, StreamHandler } from "../../agent/stream.js";
import { familyOf, type IpFamily } from "./family.js";
import { HandlerSlot } from "./handler-slot.js";
import { IdleTimer } from "./idle-timer.js";
import { LoopReference } from "./loop-reference.js";
import { DEAF, Orphan } from "./orphan.js";
import { type Done, Outbox } from "./outbox.js";
import { codedError, systemError } from "./socket-error.js";

export interface AggregateSocketOptions
  extends Pick<DuplexOptions, "highWaterMark" | "readableHighWaterMark" | "writableHighWaterMark" | "signal"> {
  /** False (default): ends by itself after the peer's end. */
  readonly allowHalfOpen?: boolean;
  /** As setTimeout(), from the beginning; in milliseconds. */
  readonly timeout?: number;
}

export type SocketReadyState = "opening" | "open" | "readOnly" | "writeOnly" | "closed";

export class AggregateSocket extends Duplex {
  readonly #stream: StreamEnd;
  readonly #slot: HandlerSlot;
  readonly #remote: StreamAddress;
  readonly #outbox = new Outbox();
  readonly #idle = new IdleTimer(() => this.emit("timeout"));
  readonly #loop = new LoopReference();
  #connecting: boolean;
  #peerEnded = false;
  #bytesRead = 0;
  /** Of writes that the stream has taken whole. */
  #bytesSent = 0;
  /** Delivered by the stream, and not yet reported used. */
  #heldBytes = 0;

  /**
   * Sockets come from connectSocket and AggregateServer. open gets the handler for a stream that it returns: one that onOpen will be called for
   * (connecting), or one that is open.
   */
  constructor(
    open: (handler: StreamHandler) => StreamEnd,
    connecting: boolean,
    remote: StreamAddress,
    options: AggregateSocketOptions = {},
  ) {
    const { timeout, signal, ...duplex } = options;
    super({ allowHalfOpen: false, ...duplex, emitClose: false, autoDestroy: true });
    this.#connecting = connecting;
    this.#remote = remote;
    this.#slot = new HandlerSlot({
      onOpen: () => this.#onOpen(),
      onData: (bytes) => this.#onData(bytes),
      onEnd: () => this.#onEnd(),
      onWritable: () => this.#flush(),
      onClose: (error) => this.#onClose(error),
    });
    if (timeout !== undefined) this.#idle.set(timeout);
    this.#stream = open(this.#slot);
    this.#loop.hold();
    // Not Duplex's to do: a signal that was aborted before destroys the socket at once, which needs all of it.
    if (signal) addAbortSignal(signal, this);
  }

  get connecting(): boolean {
    return this.#connecting;
  }

  /** Not connected: not yet, or no more. */
  get pending(): boolean {
    return this.#connecting || this.destroyed;
  }

  get readyState(): SocketReadyState {
    if (this.#connecting) return "opening";
    if (this.readable && this.writable) return "open";
    if (this.readable) return "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** What was written, with what waits for room. */
  get bytesWritten(): number {
    return this.#bytesSent + this.writableLength;
  }

  get bufferSize(): number {
    return this.writableLength;
  }

  get remoteAddress(): string | undefined {
    return this.#connecting ? undefined : this.#remote.address;
  }

  get remotePort(): number | undefined {
    return this.#connecting ? undefined : this.#remote.port;
  }

  get remoteFamily(): IpFamily | undefined {
    return this.#connecting ? undefined : familyOf(this.#remote.address);
  }

  get localAddress(): string | undefined {
    return this.#connecting ? undefined : this.#stream.local.address;
  }

  get localPort(): number | undefined {
    return this.#connecting ? undefined : this.#stream.local.port;
  }

  get localFamily(): IpFamily | undefined {
    return this.#connecting ? undefined : familyOf(this.#stream.local.address);
  }

  /** This end; nothing while it connects. */
  address(): { address?: string; port?: number; family?: string } {
    const [address, port, family] = [this.localAddress, this.localPort, this.localFamily];
    return { ...(address && { address, family }), ...(port !== undefined && { port }) };
  }

  /** Milliseconds, as set last; undefined before. */
  get timeout(): number | undefined {
    return this.#idle.timeoutMs;
  }

  /** Emits 'timeout' after so many milliseconds without bytes in either direction; 0: never. ConfigError for what is no such number. */
  setTimeout(timeoutMs: number, listener?: () => void): this {
    if (this.destroyed) return this;
    this.#idle.set(timeoutMs);
    if (listener && timeoutMs > 0) this.once("timeout", listener);
    else if (listener) this.removeListener("timeout", listener);
    return this;
  }

  /** Nothing to set: a sender that is idle waits for nothing. */
  setNoDelay(_noDelay?: boolean): this {
    return this;
  }

  /** Nothing to set: the agent's connection has timers of its own. */
  setKeepAlive(_enable?: boolean, _initialDelayMs?: number): this {
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

  /** Destroys the socket when all that was written has left. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Breaks the stream off: the peer gets ECONNRESET. On a socket that is destroyed already it does nothing. */
  resetAndDestroy(): this {
    if (this.destroyed) return this;
    this.#stream.reset();
    if (this.#connecting) return this.destroy(codedError("ERR_SOCKET_CLOSED"));
    return this.destroy();
  }

  override write(chunk: unknown, encoding?: BufferEncoding | Done, callback?: Done): boolean {
    const done = typeof encoding === "function" ? encoding : callback;
    // net tells who ended: this socket did so by itself, and its user could not know.
    if (this.readableEnded && !this.allowHalfOpen && this.writableEnded) {
      const error = codedError("EPIPE");
      if (done) process.nextTick(done, error);
      this.destroy(error);
      return false;
    }
    return super.write(chunk, typeof encoding === "string" ? encoding : "utf8", done);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([chunk], done);
  }

  override _writev(writes: { chunk: Buffer }[], done: Done): void {
    const chunks = writes.map(({ chunk }) => chunk);
    this.#send(chunks, done);
  }

  override _final(done: Done): void {
    if (this.#connecting) {
      this.once("connect", () => this._final(done));
      return;
    }
    this.#stream.end();
    done();
  }

  override _read(): void {
    const heldBytes = this.#heldBytes;
    this.#heldBytes = 0;
    if (heldBytes > 0) this.#stream.consumed(heldBytes);
  }

  override _destroy(error: Error | null, done: Done): void {
    const wasConnecting = this.#connecting;
    this.#connecting = false;
    this.#idle.stop();
    this.#loop.release();
    this.#letGo(wasConnecting);
    done(error);
    this.#outbox.fail(
      error ?? codedError(wasConnecting ? "ERR_SOCKET_CLOSED_BEFORE_CONNECTION" : "ERR_STREAM_DESTROYED"),
    );
    process.nextTick(() => this.emit("close", error !== null));
  }

  #letGo(wasConnecting: boolean): void {
    if (wasConnecting) this.#stream.reset();
    this.#slot.current = this.#stream.isClosed ? DEAF : new Orphan(this.#stream, this.#heldBytes, this.#peerEnded);
  }

  #onOpen(): void {
    this.#connecting = false;
    this.#idle.touch();
    this.emit("connect");
    this.emit("ready");
    this.#flush();
  }

  #onData(bytes: Uint8Array): void {
    this.#bytesRead += bytes.length;
    this.#heldBytes += bytes.length;
    this.#idle.touch();
    if (this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) && !this.destroyed) this._read();
  }

  #onEnd(): void {
    this.#peerEnded = true;
    this.push(null);
    // With nothing left to read, 'end' comes even where nobody reads, as net has it.
    this.read(0);
  }

  #onClose(code: StreamErrorCode | undefined): void {
    if (code === undefined) return;
    const error = this.#connecting ? systemError("connect", code, this.#remote) : systemError("read", code);
    this.destroy(error);
  }

  #send(chunks: Buffer[], done: Done): void {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#outbox.put(chunks, (error) => {
      if (!error) this.#bytesSent += bytes;
      done(error);
    });
    this.#flush();
  }

  #flush(): void {
    if (this.#connecting || this.destroyed) return;
    if (this.#outbox.flush(this.#stream) > 0) this.#idle.touch();
  }
}
