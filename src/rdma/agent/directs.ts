/** Streams that have a connection to themselves. */
import type { AgentStream } from "./agent-stream.js";
import { DirectStream } from "./direct.js";
import { DirectOwner } from "./direct-owner.js";
import type { AgentParts } from "./parts.js";
import type { DirectImage } from "./state/image.js";

export class Directs {
  readonly #parts: AgentParts;
  readonly #open = new Map<number, DirectOwner>();

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  /** By their connections, those that go on. */
  get open(): (readonly [connection: number, owner: DirectOwner])[] {
    return [...this.#open].filter(([, { isEnded }]) => !isEnded);
  }

  get image(): DirectImage[] {
    return this.open.map(([connection, { isOpener, direct }]) => ({ connection, isOpener, ...direct.image }));
  }

  /** One that a moved agent had. */
  goOn(stream: AgentStream, image: DirectImage): void {
    this.#add(image.connection, new DirectStream(stream, this.#parts.links, image), image.isOpener);
  }

  /** Their streams are carried by them, whoever did before; an opener's only once the peer has taken it. */
  hold(): void {
    for (const [, { isOpener, direct }] of this.open) {
      const isTaken = !isOpener || !["reset", "init", "rtr"].includes(direct.link.qp.state);
      if (isTaken) direct.stream.carry(direct);
    }
  }

  /** Asks a peer for a connection for a stream. */
  connect(stream: AgentStream, remote: string, port: number, nowMs: number): void {
    const direct = this.#make(stream);
    if (!direct) {
      stream.close("ECONNREFUSED");
      return;
    }
    const { cm, pathMtu } = this.#parts;
    const { qp } = direct.link;
    try {
      this.#add(cm.connect({ remote, port, localPort: stream.local.port, qp, pathMtu }, nowMs), direct, true);
    } catch {
      // No room for one more connection.
      direct.close(undefined, "ECONNREFUSED");
    }
  }

  /** Takes a connection that a peer asks for. False: there is no room for it. */
  accept(stream: AgentStream, connection: number, nowMs: number): boolean {
    const direct = this.#make(stream);
    if (!direct) return false;
    this.#parts.cm.accept(connection, { qp: direct.link.qp }, nowMs);
    stream.carry(direct);
    this.#add(connection, direct, false);
    return true;
  }

  poll(nowMs: number): void {
    for (const [connection, owner] of this.#open) {
      if (owner.isEnded) {
        this.#open.delete(connection);
        continue;
      }
      owner.direct.poll();
      if (owner.direct.isOver || owner.direct.stream.isReset) this.#parts.cm.disconnect(connection, nowMs);
    }
  }

  #make(stream: AgentStream): DirectStream | undefined {
    try {
      return new DirectStream(stream, this.#parts.links);
    } catch {
      return undefined;
    }
  }

  #add(connection: number, direct: DirectStream, isOpener: boolean): void {
    const owner = new DirectOwner(direct, isOpener);
    this.#open.set(connection, owner);
    this.#parts.owners.set(connection, owner);
  }
}
