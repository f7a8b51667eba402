/** An agent's section (docs/migration-state-streams.md), both ways. What is read is sound by itself; check.ts holds it against the device. */
import { SectionReader } from "../../../migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../../migrate/state/bytes/section-writer.js";
import { isRefusal } from "../../../migrate/state/refusal.js";
import { Aggregator } from "../../aggregator/aggregator.js";
import type { AggregatorLimits } from "../../aggregator/options.js";
import { AGE_US_MAX, ageUs, timeMs } from "../../aggregator/state/age.js";
import type { SessionRole } from "../../aggregator/streams.js";
import { readReceiver, readSender, writeReceiver, writeSender } from "../../transfer/state/images.js";
import { DIRECT_SLOT_BYTES, DIRECT_SLOTS } from "../options.js";
import { RETRY_MS } from "../peer.js";
import type {
  AgentImage,
  AgentTerms,
  DirectImage,
  LaneImage,
  LinksImage,
  PeerImage,
  SessionImage,
  StreamImage,
  TakenImage,
} from "./image.js";

/** What the agent that takes it in goes by. */
export interface AgentBounds {
  readonly terms: AgentTerms;
  readonly limits: AggregatorLimits;
}

const ENDS = ["none", "wanted", "sent"] as const;
const PORT_MAX = 0xffff;
/** At least so many bytes each. */
const PEER_BYTES = 32;
const TAKEN_BYTES = 18;
const DIRECT_BYTES = 19;
const STREAM_BYTES = 3;

export function encodeAgent(image: AgentImage, nowMs: number): Uint8Array {
  const out = new SectionWriter();
  const { address, tenant, sessionPort, pathMtu, connections, aggregates } = image.terms;
  out.text8(address);
  out.u32(tenant);
  out.u16(sessionPort);
  out.u16(pathMtu);
  out.u16(connections);
  out.u8(Number(aggregates));
  writeLinks(out, image.links);
  out.u16(image.nextPort);
  out.u16(image.listeners.length);
  for (const port of image.listeners) out.u16(port);
  out.u32(image.peers.length);
  for (const peer of image.peers) writePeer(out, peer, nowMs);
  out.u32(image.taken.length);
  for (const { remote, peerSession, session } of image.taken) {
    out.text8(remote);
    out.u64(peerSession);
    writeSession(out, session, nowMs);
  }
  out.u32(image.directs.length);
  for (const direct of image.directs) writeDirect(out, direct);
  return out.done();
}

export function decodeAgent(bytes: Uint8Array, bounds: AgentBounds, nowMs: number): AgentImage {
  const from = new SectionReader(bytes);
  const terms = {
    address: from.text8("address"),
    tenant: from.u32("tenant"),
    sessionPort: from.u16("sessionPort"),
    pathMtu: from.u16("pathMtu"),
    connections: from.u16("connections"),
    aggregates: from.u8("aggregates", 1) === 1,
  };
  for (const name of Object.keys(terms) as (keyof AgentTerms)[]) {
    from.check(
      terms[name] === bounds.terms[name],
      name,
      terms[name],
      `${bounds.terms[name]}, which this agent goes by`,
    );
  }
  const links = readLinks(from);
  const nextPort = from.u16("nextPort", PORT_MAX, 49_152);
  const listeners = Array.from({ length: from.u16("listeners") }, () => from.u16("listener", PORT_MAX, 1));
  from.check(new Set(listeners).size === listeners.length, "listeners", listeners.length, "each port once");
  const peers = list(from, "peers", PEER_BYTES, () => readPeer(from, bounds, nowMs));
  const taken = list(from, "taken", TAKEN_BYTES, () => readTaken(from, bounds, nowMs));
  for (const [name, remotes] of [
    ["peers", peers],
    ["taken", taken],
  ] as const) {
    const isUnique = new Set(remotes.map(({ remote }) => remote)).size === remotes.length;
    from.check(isUnique, name, remotes.length, "one of each address");
  }
  const directs = list(from, "directs", DIRECT_BYTES, () => readDirect(from));
  from.end();
  return { terms, links, nextPort, listeners, peers, taken, directs };
}

function list<T>(from: SectionReader, name: string, entryBytes: number, read: () => T): T[] {
  const count = from.entries(name, from.u32(name), entryBytes);
  return from.list(name, count, read);
}

function writeLinks(out: SectionWriter, { pd, spare, resting }: LinksImage): void {
  out.u16(pd);
  out.u16(spare.length);
  for (const pair of spare) for (const cq of pair) out.u16(cq);
  out.u16(resting.length);
  for (const pair of resting) for (const number of pair) out.u32(number);
}

function readLinks(from: SectionReader): LinksImage {
  const pd = from.u16("pd");
  const spare = Array.from({ length: from.u16("spare") }, () => [from.u16("spare"), from.u16("spare")] as const);
  const resting = Array.from(
    { length: from.u16("resting") },
    () => [from.u32("resting.connection"), from.u32("resting.qpn")] as const,
  );
  return { pd, spare, resting };
}

/** Port 16, flags 8. */
function writeStream(out: SectionWriter, { port, isEnded, wantsRoom, isReset }: StreamImage): void {
  out.u16(port);
  out.u8(Number(isEnded) | (Number(wantsRoom) << 1) | (Number(isReset) << 2));
}

function readStream(from: SectionReader): StreamImage {
  const port = from.u16("stream.port");
  const flags = from.u8("stream.flags", 7);
  return { port, isEnded: (flags & 1) !== 0, wantsRoom: (flags & 2) !== 0, isReset: (flags & 4) !== 0 };
}

/** Times to come, and past ones, in microseconds from now, 64 bits as doubles behind a flag. */
function writePeer(out: SectionWriter, peer: PeerImage, nowMs: number): void {
  const { remote, waiting, session, directUntilMs, retryMs, retryAtMs, idleSinceMs } = peer;
  out.text8(remote);
  const has = [session, directUntilMs, retryAtMs, idleSinceMs].map((value) => value !== undefined);
  out.u8(has.reduce((flags, isThere, bit) => flags | (Number(isThere) << bit), 0));
  out.u16(retryMs);
  out.f64(ageUs(directUntilMs ?? nowMs, nowMs));
  out.f64(ageUs(retryAtMs ?? nowMs, nowMs));
  out.f64(ageUs(nowMs, idleSinceMs ?? nowMs));
  out.u32(waiting.length);
  for (const { port, stream } of waiting) {
    out.u16(port);
    writeStream(out, stream);
  }
  if (session) writeSession(out, session, nowMs);
}

function readPeer(from: SectionReader, bounds: AgentBounds, nowMs: number): PeerImage {
  const remote = from.text8("remote");
  const flags = from.u8("flags", 15);
  const retryMs = from.u16("retryMs", RETRY_MS.most, RETRY_MS.first);
  const time = (field: string, bit: number, sign: 1 | -1) => {
    const has = (flags & (1 << bit)) !== 0;
    const us = from.count(field, has ? AGE_US_MAX : 0);
    return has ? timeMs(nowMs, -sign * us) : undefined;
  };
  const directUntilMs = time("directUntil", 1, 1);
  const retryAtMs = time("retryAt", 2, 1);
  const idleSinceMs = time("idleSince", 3, -1);
  const waiting = Array.from({ length: from.entries("waiting", from.u32("waiting"), 2 + STREAM_BYTES) }, () => {
    const port = from.u16("waiting.port", PORT_MAX, 1);
    return { port, stream: readStream(from) };
  });
  const session = (flags & 1) === 0 ? undefined : readSession(from, "opener", bounds, nowMs);
  return { remote, waiting, session, directUntilMs, retryMs, retryAtMs, idleSinceMs };
}

function readTaken(from: SectionReader, bounds: AgentBounds, nowMs: number): TakenImage {
  const remote = from.text8("remote");
  const peerSession = from.u64("peerSession");
  return { remote, peerSession, session: readSession(from, "taker", bounds, nowMs) };
}

/** How long the machine's snapshot is 32, that; streams 16, each id 48 and stream; 1 8 and the lane, or 0. */
function writeSession(out: SectionWriter, { machine, streams, lane }: SessionImage, nowMs: number): void {
  const bytes = machine.snapshot(nowMs);
  out.u32(bytes.length);
  out.bytes(bytes);
  out.u32(streams.length);
  for (const [id, stream] of streams) {
    out.u48(id);
    writeStream(out, stream);
  }
  out.u8(lane ? 1 : 0);
  if (lane) writeLane(out, lane);
}

function readSession(
  from: SectionReader,
  role: SessionRole,
  { terms, limits }: AgentBounds,
  nowMs: number,
): SessionImage {
  const bytes = from.bytes("session", from.u32("session.length"));
  const machine = Aggregator.restore(bytes, nowMs, { ...limits, tenant: terms.tenant });
  if (isRefusal(machine)) return from.refuse(`session.${machine.field}`, machine.value, machine.bound);
  from.check(machine.role === role, "session.role", machine.role, role);
  const due = machine.toldStreams;
  const count = from.u32("streams", due.size, due.size);
  const streams = Array.from({ length: count }, () => {
    const id = from.u48("stream.id");
    from.check(due.delete(id), "stream.id", id, "one that the session has, once");
    return [id, readStream(from)] as const;
  });
  const hasLane = from.u8("lane", 1) === 1;
  const lane = hasLane ? readLane(from, limits) : undefined;
  from.check(hasLane || machine.state !== "open", "lane", "none", "one of an open session");
  return { machine, streams, lane };
}

function writeLane(out: SectionWriter, { connection, qpn, sender, receiver }: LaneImage): void {
  out.u32(connection);
  out.u32(qpn);
  writeSender(out, sender);
  writeReceiver(out, receiver);
}

function readLane(from: SectionReader, limits: AggregatorLimits): LaneImage {
  const { transfersMax, transferBytes, messagesMax } = limits;
  const connection = from.u32("lane.connection");
  const qpn = from.u32("lane.qpn");
  const sender = readSender(from, transfersMax, transferBytes, messagesMax);
  return { connection, qpn, sender, receiver: readReceiver(from, transfersMax) };
}

/** Connection 32, qpn 32, lkey 32, flags 8, end 8, stream, free slots 8 and each 8, slots not used up 8 and each 8, left 16. */
function writeDirect(out: SectionWriter, direct: DirectImage): void {
  out.u32(direct.connection);
  out.u32(direct.qpn);
  out.u32(direct.lkey);
  const flags = [direct.isOpener, direct.wantsRoom, direct.isRemoteEnded, direct.isBroken];
  out.u8(flags.reduce((all, isSet, bit) => all | (Number(isSet) << bit), 0));
  out.u8(ENDS.indexOf(direct.end));
  writeStream(out, direct.stream);
  out.u8(direct.free.length);
  for (const slot of direct.free) out.u8(slot);
  out.u8(direct.unused.length);
  for (const { slot, left } of direct.unused) {
    out.u8(slot);
    out.u16(left);
  }
}

function readDirect(from: SectionReader): DirectImage {
  const connection = from.u32("connection");
  const qpn = from.u32("qpn");
  const lkey = from.u32("lkey");
  const flags = from.u8("flags", 15);
  const end = ENDS[from.u8("end", ENDS.length - 1)] as DirectImage["end"];
  const stream = readStream(from);
  const slot = (field: string) => from.u8(field, DIRECT_SLOTS - 1);
  const free = Array.from({ length: from.u8("free", DIRECT_SLOTS) }, () => slot("free"));
  const unused = Array.from({ length: from.u8("unused", DIRECT_SLOTS) }, () => {
    return { slot: slot("unused.slot"), left: from.u16("unused.left", DIRECT_SLOT_BYTES, 1) };
  });
  const [isOpener, wantsRoom, isRemoteEnded, isBroken] = [1, 2, 4, 8].map((bit) => (flags & bit) !== 0) as [
    boolean,
    boolean,
    boolean,
    boolean,
  ];
  return { connection, isOpener, stream, qpn, lkey, free, unused, wantsRoom, end, isRemoteEnded, isBroken };
}
