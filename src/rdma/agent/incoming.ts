/** The half of an agent that takes streams: listeners, and the sessions that peers have asked for. */
import { ConfigError } from "../../errors.js";
import { Aggregator } from "../aggregator/aggregator.js";
import { decodeHello, encodeHello, type Hello } from "../aggregator/hello.js";
import type { ConnectionEvent } from "../connect/index.js";
import { AgentStream } from "./agent-stream.js";
import type { ConnectionOwner } from "./connection-owner.js";
import type { Directs } from "./directs.js";
import type { AgentParts } from "./parts.js";
import { Session } from "./session.js";
import type { TakenImage } from "./state/image.js";
import type { RestoredStream } from "./state/users.js";
import type { StreamAddress, StreamEnd, StreamHandler } from "./stream.js";

export type Accept = (stream: StreamEnd, from: StreamAddress) => StreamHandler;
type Request = Extract<ConnectionEvent, { type: "requested" }>;

export class IncomingHalf {
  readonly #parts: AgentParts;
  readonly #directs: Directs;
  readonly #listeners = new Map<number, Accept>();
  /** One of each peer at most. */
  readonly #sessions = new Map<string, Session>();

  constructor(parts: AgentParts, directs: Directs) {
    this.#parts = parts;
    this.#directs = directs;
  }

  /** With their peers' addresses. */
  get sessions(): (readonly [remote: string, session: Session])[] {
    return [...this.#sessions];
  }

  /** Whoever takes streams to a port. */
  acceptOf(port: number): Accept | undefined {
    return this.#listeners.get(port);
  }

  get image(): { readonly listeners: readonly number[]; readonly taken: readonly TakenImage[] } {
    const taken = [...this.#sessions].map(([remote, session]) => {
      return { remote, peerSession: session.peerSession ?? 0n, session: session.image };
    });
    return { listeners: [...this.#listeners.keys()], taken };
  }

  /** With the listeners of a moved agent, and the sessions that its peers had asked for. */
  goOn(listeners: ReadonlyMap<number, Accept>, taken: readonly TakenImage[], streamOf: RestoredStream): void {
    for (const [port, accept] of listeners) this.#listeners.set(port, accept);
    for (const { remote, peerSession, session: image } of taken) {
      const session = this.#sessionWith(remote, image.machine, peerSession);
      const streams = image.streams.map(
        ([id, stream]) => [id, streamOf({ remote, kind: "taker", number: id }, stream)] as const,
      );
      session.goOn(image, new Map(streams));
      if (session.connection !== undefined) this.#parts.owners.set(session.connection, this.#owner(session));
    }
  }

  listen(port: number, accept: Accept): void {
    if (this.#listeners.has(port)) throw new ConfigError("port", port, "one that nobody listens to");
    this.#parts.cm.listen(port);
    this.#listeners.set(port, accept);
  }

  unlisten(port: number): void {
    if (this.#listeners.delete(port)) this.#parts.cm.unlisten(port);
  }

  requested(request: Request, nowMs: number): void {
    if (request.port === this.#parts.sessionPort) this.#requestedSession(request, nowMs);
    else this.#requestedDirect(request, nowMs);
  }

  /** Sessions that ended are forgotten. */
  poll(nowMs: number): void {
    for (const [remote, session] of this.#sessions) {
      if (session.machine.state === "ended") this.#drop(remote, session, nowMs);
    }
  }

  #requestedSession({ id, remote, privateData }: Request, nowMs: number): void {
    const { cm, owners, framing, tenant } = this.#parts;
    const hello = decodeHello(privateData);
    const session = hello?.tenant === tenant ? this.#sessionOf(remote, hello, nowMs) : undefined;
    if (!hello || !session) {
      cm.reject(id, "consumer-reject", nowMs);
      return;
    }
    try {
      const { qp } = session.prepare();
      session.connection = id;
      owners.set(id, this.#owner(session));
      if (session.machine.connected(hello, framing)) {
        cm.accept(id, { qp, privateData: encodeHello(session.machine.hello) }, nowMs);
        return;
      }
    } catch {
      // No room on the device for another connection.
    }
    session.lost(nowMs);
    cm.reject(id, session.machine.state === "ended" ? "consumer-reject" : "no-resources", nowMs);
    if (session.machine.state === "new") this.#drop(remote, session, nowMs);
  }

  /** The session that the peer means; undefined: it is none that this end knows. */
  #sessionOf(remote: string, hello: Hello, nowMs: number): Session | undefined {
    const known = this.#sessions.get(remote);
    if (known?.peerSession === hello.session) {
      // The peer has lost a connection that this end believes in.
      known.leave(nowMs);
      return known.machine.state === "ended" ? undefined : known;
    }
    // One that the peer has given up since, perhaps: a request that comes late does the one it has now no harm.
    if (hello.peerSession !== 0n) return undefined;
    if (known) this.#drop(remote, known, nowMs);
    this.#makeRoom(nowMs);
    const { session: limits, tenant, drawSession } = this.#parts;
    const machine = new Aggregator({ ...limits, role: "taker", session: drawSession(), tenant });
    return this.#sessionWith(remote, machine, hello.session);
  }

  #sessionWith(remote: string, machine: Aggregator, peerSession: bigint): Session {
    const session = new Session(machine, this.#parts, (stream, port) => this.#take(stream, { address: remote, port }));
    session.peerSession = peerSession;
    this.#sessions.set(remote, session);
    return session;
  }

  /** There are as many sessions as connections at most: those that have lost theirs give way, or peers could leave any number. */
  #makeRoom(nowMs: number): void {
    if (this.#sessions.size < this.#parts.links.max) return;
    for (const [remote, session] of this.#sessions) {
      if (session.machine.state !== "lost") continue;
      this.#drop(remote, session, nowMs);
      return;
    }
  }

  #take(stream: AgentStream, from: StreamAddress): boolean {
    const accept = this.#listeners.get(stream.local.port);
    if (!accept) return false;
    stream.handler = accept(stream, from);
    return true;
  }

  #requestedDirect({ id, port, remote, remotePort }: Request, nowMs: number): void {
    const accept = this.#listeners.get(port);
    const stream = new AgentStream({ address: this.#parts.address, port }, this.#parts.onWork);
    if (!accept || !this.#directs.accept(stream, id, nowMs)) {
      this.#parts.cm.reject(id, accept ? "no-resources" : "invalid-service-id", nowMs);
      return;
    }
    stream.handler = accept(stream, { address: remote, port: remotePort });
  }

  #owner(session: Session): ConnectionOwner {
    return {
      established: () => {},
      ended: (connection, _, nowMs) => {
        // It may come back, whatever is said now: the peer may have opened a stream that this end has not heard of.
        if (session.connection === connection) session.lost(nowMs);
      },
    };
  }

  #drop(remote: string, session: Session, nowMs: number): void {
    if (this.#sessions.get(remote) === session) this.#sessions.delete(remote);
    session.end(nowMs);
  }
}
