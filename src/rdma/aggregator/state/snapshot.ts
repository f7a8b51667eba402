/**
 * One end of a session in a snapshot (docs/migration-state-streams.md): what it goes by and where it stands; its parts write and read
 * themselves.
 */
import { SectionReader } from "../../../migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../../migrate/state/bytes/section-writer.js";
import type { SessionState } from "../aggregator.js";
import type { ControlQueue } from "../control-queue.js";
import type { Tally } from "../counters.js";
import type { StreamEvent } from "../event.js";
import type { PeerTerms } from "../hello.js";
import type { InFlight } from "../in-flight.js";
import type { AggregatorLimits } from "../options.js";
import type { Outbound } from "../outbound.js";
import type { SessionRole, Streams } from "../streams.js";
import { AGE_US_MAX, ageUs, timeMs } from "./age.js";
import { readEvents, writeEvents } from "./event-bytes.js";
import { checkLimits, readPeer, writeLimits, writePeer } from "./terms.js";

/** What a session goes by, and is made of. */
export interface SessionParts {
  readonly role: SessionRole;
  readonly session: bigint;
  readonly tenant: number;
  readonly limits: AggregatorLimits;
  readonly tally: Tally;
  readonly outbound: Outbound;
  readonly streams: Streams;
  readonly inFlight: InFlight;
  readonly controls: ControlQueue;
  /** Has its parts go by what the peer said. */
  readonly agree: (peer: PeerTerms) => void;
}

/** Where a session stands. */
export interface Standing {
  readonly state: SessionState;
  readonly peer: PeerTerms | undefined;
  /** Transfers that arrived, modulo 2^32. */
  readonly received: number;
  readonly lostMs: number | undefined;
  readonly sentMs: number;
  /** What was not told yet. */
  readonly events: readonly StreamEvent[];
}

const ROLES = ["opener", "taker"] as const;
const STATES = ["new", "open", "lost", "ended"] as const;
/** Of the layout. */
const VERSION = 1;
const F_HAS_PEER = 1;

export function writeSession(parts: SessionParts, standing: Standing, nowMs: number): Uint8Array {
  const { state, peer, received, lostMs, sentMs, events } = standing;
  const out = new SectionWriter();
  out.u8(VERSION);
  out.u8(ROLES.indexOf(parts.role));
  out.u8(STATES.indexOf(state));
  out.u64(parts.session);
  out.u32(parts.tenant);
  writeLimits(out, parts.limits);
  out.u8(peer ? F_HAS_PEER : 0);
  if (peer) writePeer(out, peer);
  out.u32(received);
  out.f64(ageUs(nowMs, lostMs ?? nowMs));
  out.f64(ageUs(nowMs, sentMs));
  parts.tally.write(out);
  parts.streams.write(out, nowMs);
  parts.inFlight.write(out);
  parts.controls.write(out);
  writeEvents(out, events);
  return out.done();
}

/** A snapshot that is read: whose it is, then all that is behind that. Both refuse (refusal.ts) what is not sound. */
export class SessionReader {
  readonly role: SessionRole;
  readonly session: bigint;
  readonly #from: SectionReader;
  readonly #state: SessionState;

  constructor(bytes: Uint8Array) {
    const from = new SectionReader(bytes);
    from.u8("version", VERSION, VERSION);
    this.role = ROLES[from.u8("role", ROLES.length - 1)] as SessionRole;
    this.#state = STATES[from.u8("state", STATES.length - 1)] as SessionState;
    this.session = from.u64("session");
    from.check(this.session !== 0n, "session", this.session, "from 1 to 2^64 - 1");
    this.#from = from;
  }

  /** Into the parts of a session that is new. Returns where it stands. */
  read(parts: SessionParts, nowMs: number): Standing {
    const from = this.#from;
    const state = this.#state;
    const { streams, limits } = parts;
    const tenant = from.u32("tenant");
    from.check(tenant === parts.tenant, "tenant", tenant, `${parts.tenant}, whose this end is`);
    checkLimits(from, limits);
    const peer = from.u8("flags", F_HAS_PEER) === F_HAS_PEER ? readPeer(from) : undefined;
    if (peer) parts.agree(peer);
    const isSound = state === "ended" || (state === "new") === (peer === undefined);
    from.check(isSound, "state", state, "new without a peer, open or lost with one");
    const received = from.u32("received");
    const lostUs = from.count("lost", state === "lost" ? AGE_US_MAX : 0);
    const lostMs = state === "lost" ? timeMs(nowMs, lostUs) : undefined;
    const sentMs = timeMs(nowMs, from.count("sent", AGE_US_MAX));
    parts.tally.restore(from);
    streams.read(from, nowMs);
    this.#readUnderWay(parts);
    const isOpen = (id: number) => streams.get(id) !== undefined;
    const bounds = { role: parts.role, nextId: streams.nextId, isOpen, windowBytes: limits.windowBytes };
    const events = readEvents(from, bounds);
    from.end();
    return { state, peer, received, lostMs, sentMs, events };
  }

  /** What was sent, and what the peer is to be told. */
  #readUnderWay({ role, limits, outbound, inFlight, controls, streams }: SessionParts): void {
    const from = this.#from;
    const state = this.#state;
    const { transferBytes, aggregateBytes, messagesMax } = outbound;
    // Before there is a peer, and after the end, there is nobody to send to.
    const transfersMax = state === "open" || state === "lost" ? limits.transfersMax : 0;
    inFlight.read(from, transfersMax, { role, transferBytes, aggregateBytes, messagesMax }, streams.states);
    controls.read(from, role, state !== "ended");
    if (state === "ended") from.within("streams", streams.size, 0, 0);
    if (state !== "new") return;
    for (const { stream, isOpen } of streams.states) from.check(!isOpen, "stream", stream, "one that no peer took");
  }
}
