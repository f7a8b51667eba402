/** The half of an agent that opens streams: what it knows of each peer, and the sessions it asks them for. */
import { earliest } from "../../earliest.js";
import { Aggregator } from "../aggregator/aggregator.js";
import { decodeHello, encodeHello } from "../aggregator/hello.js";
import { AgentStream } from "./agent-stream.js";
import { type ConnectionEnd, type ConnectionOwner, errorOf } from "./connection-owner.js";
import type { Directs } from "./directs.js";
import type { AgentParts } from "./parts.js";
import { Peer } from "./peer.js";
import { Session } from "./session.js";
import type { PeerImage, SessionImage } from "./state/image.js";
import type { RestoredStream } from "./state/users.js";
import type { StreamErrorCode, StreamHandler } from "./stream.js";

/** This end's ports, which only tell its streams apart for people: dynamic ones, in turn. */
const LOCAL_PORTS = { first: 49_152, last: 65_535 } as const;

export class Outgoing {
  readonly #parts: AgentParts;
  readonly #directs: Directs;
  readonly #aggregates: boolean;
  readonly #peers = new Map<string, Peer>();
  #nextPort: number = LOCAL_PORTS.first;

  constructor(parts: AgentParts, directs: Directs, aggregates: boolean) {
    this.#parts = parts;
    this.#directs = directs;
    this.#aggregates = aggregates;
  }

  get peers(): number {
    return this.#peers.size;
  }

  /** Streams that wait until their peers are known. */
  get waiting(): (readonly [remote: string, stream: AgentStream, place: number])[] {
    return [...this.#peers.values()].flatMap(({ remote, waiting }) =>
      waiting.map(({ stream }, place) => [remote, stream, place] as const),
    );
  }

  get image(): { readonly nextPort: number; readonly peers: readonly PeerImage[] } {
    return { nextPort: this.#nextPort, peers: [...this.#peers.values()].map(({ image }) => image) };
  }

  /** With what a moved agent knew of its peers, and its streams to them. */
  goOn(nextPort: number, peers: readonly PeerImage[], streamOf: RestoredStream): void {
    this.#nextPort = nextPort;
    for (const image of peers) {
      const { remote } = image;
      const peer = new Peer(remote, image);
      this.#peers.set(remote, peer);
      peer.waiting = image.waiting.map(({ port, stream }, number) => ({
        port,
        stream: streamOf({ remote, kind: "waiting", number }, stream),
      }));
      if (image.session) this.#goOn(peer, image.session, streamOf);
    }
  }

  /** With their peers' addresses. */
  get sessions(): (readonly [remote: string, session: Session])[] {
    return [...this.#peers.values()].flatMap(({ remote, session }) => (session ? [[remote, session] as const] : []));
  }

  /** When a connection is to be asked for again; undefined: none is. */
  get nextMs(): number | undefined {
    return earliest([...this.#peers.values()].map(({ nextMs }) => nextMs));
  }

  connect(remote: string, port: number, handler: StreamHandler): AgentStream {
    const { address, onWork } = this.#parts;
    const stream = new AgentStream({ address, port: this.#nextPort }, onWork);
    this.#nextPort = this.#nextPort === LOCAL_PORTS.last ? LOCAL_PORTS.first : this.#nextPort + 1;
    stream.handler = handler;
    const peer = this.#peers.get(remote) ?? new Peer(remote);
    this.#peers.set(remote, peer);
    peer.waiting.push({ stream, port });
    this.#parts.onWork();
    return stream;
  }

  poll(nowMs: number): void {
    for (const peer of this.#peers.values()) {
      const reset = peer.waiting.filter(({ stream }) => stream.isReset);
      peer.waiting = peer.waiting.filter(({ stream }) => !stream.isReset);
      for (const { stream } of reset) stream.close(undefined);
      this.#serve(peer, nowMs);
      this.#look(peer, nowMs);
      if (!peer.session && peer.waiting.length === 0 && !peer.isDirect(nowMs)) this.#peers.delete(peer.remote);
    }
  }

  /** Streams that wait go by the session there is, by connections of their own, or wait for the session that is asked for. */
  #serve(peer: Peer, nowMs: number): void {
    if (peer.waiting.length === 0) return;
    if (!this.#aggregates || peer.isDirect(nowMs)) {
      for (const { stream, port } of peer.takeWaiting()) this.#directs.connect(stream, peer.remote, port, nowMs);
      return;
    }
    const { session } = peer;
    if (!session) this.#begin(peer, nowMs);
    else if (session.machine.state === "open") this.#carry(peer, session);
  }

  #carry(peer: Peer, session: Session): void {
    for (const { stream, port } of peer.takeWaiting()) {
      if (!session.open(stream, port)) stream.close("ECONNREFUSED");
    }
  }

  #goOn(peer: Peer, image: SessionImage, streamOf: RestoredStream): void {
    const session = new Session(image.machine, this.#parts, () => false);
    const { remote } = peer;
    const streams = image.streams.map(
      ([id, stream]) => [id, streamOf({ remote, kind: "opener", number: id }, stream)] as const,
    );
    session.goOn(image, new Map(streams));
    peer.session = session;
    if (session.connection !== undefined) this.#parts.owners.set(session.connection, this.#owner(peer, session));
  }

  #begin(peer: Peer, nowMs: number): void {
    const { session: limits, tenant, drawSession } = this.#parts;
    const machine = new Aggregator({ ...limits, role: "opener", session: drawSession(), tenant });
    peer.session = new Session(machine, this.#parts, () => false);
    this.#ask(peer, peer.session, nowMs);
  }

  /** Asks for a connection for the session. */
  #ask(peer: Peer, session: Session, nowMs: number): void {
    const { cm, sessionPort: port, pathMtu, owners } = this.#parts;
    const { remote } = peer;
    peer.retryAtMs = undefined;
    try {
      const { qp } = session.prepare();
      const privateData = encodeHello(session.machine.hello);
      const connection = cm.connect({ remote, port, qp, pathMtu, privateData }, nowMs);
      session.connection = connection;
      owners.set(connection, this.#owner(peer, session));
    } catch {
      // No room on the device: other connections end, and it is tried again.
      session.lost(nowMs);
      if (session.machine.state === "new") this.#giveUp(peer, "ECONNREFUSED");
      else peer.retry(nowMs);
    }
  }

  #owner(peer: Peer, session: Session): ConnectionOwner {
    return {
      established: (_, privateData, nowMs) => {
        const hello = decodeHello(privateData);
        if (hello && session.machine.connected(hello, this.#parts.framing)) {
          peer.connected();
          return;
        }
        session.leave(nowMs);
        if (!hello) this.#isDirect(peer, session, nowMs);
      },
      ended: (_, end, nowMs) => {
        session.lost(nowMs);
        if (peer.session === session) this.#ended(peer, session, end, nowMs);
      },
    };
  }

  #ended(peer: Peer, session: Session, end: ConnectionEnd, nowMs: number): void {
    const { machine } = session;
    if (machine.state === "new") {
      if (end.reason === "invalid-service-id") this.#isDirect(peer, session, nowMs);
      else this.#giveUp(peer, errorOf(end));
    } else if (end.type === "rejected" && end.reason === "consumer-reject") {
      // The peer knows nothing of the session: it is another than before.
      session.machine.fail("ECONNRESET");
    } else if (machine.numbers > 0 || peer.waiting.length > 0) {
      peer.retry(nowMs);
    } else {
      session.machine.fail("ECONNRESET");
    }
  }

  #isDirect(peer: Peer, session: Session, nowMs: number): void {
    peer.setDirect(nowMs);
    session.machine.fail("ECONNREFUSED");
    peer.session = undefined;
  }

  #giveUp(peer: Peer, error: StreamErrorCode): void {
    peer.session = undefined;
    for (const { stream } of peer.takeWaiting()) stream.close(error);
  }

  /** A session that ended, that idles, or whose connection is to be asked for again. */
  #look(peer: Peer, nowMs: number): void {
    const { session } = peer;
    // A stream's number is in use until the peer is done with it, and has all that was written.
    const isIdle = session?.machine.state === "open" && session.machine.numbers === 0;
    peer.idleSinceMs = isIdle ? (peer.idleSinceMs ?? nowMs) : undefined;
    if (!session) return;
    if (session.machine.state === "ended" || peer.isIdle(nowMs)) {
      peer.session = undefined;
      peer.idleSinceMs = undefined;
      session.end(nowMs);
    } else if (session.machine.state !== "open" && peer.retryAtMs !== undefined && peer.retryAtMs <= nowMs) {
      this.#ask(peer, session, nowMs);
    }
  }
}
