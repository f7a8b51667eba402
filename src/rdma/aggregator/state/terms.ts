/** What an end of a session goes by, in a snapshot: its limits, and what the peer said of its own. */
import type { SectionReader } from "../../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../../migrate/state/bytes/section-writer.js";
import type { PeerTerms } from "../hello.js";
import type { AggregatorLimits } from "../options.js";

const LIMITS = [
  "aggregateBytes",
  "messagesMax",
  "bypassBytes",
  "transferBytes",
  "transfersMax",
  "windowBytes",
  "sendBufferBytes",
  "streamsMax",
  "resumeMs",
  "keepAliveMs",
] as const;

/** As above, 32 bits each, and ageMs as a double. */
export function writeLimits(out: SectionWriter, limits: AggregatorLimits): void {
  for (const name of LIMITS) out.u32(limits[name]);
  out.f64(limits.ageMs);
}

/** They are those of the end that takes the session in: the peer was told of some, and memory is planned for others. */
export function checkLimits(from: SectionReader, limits: AggregatorLimits): void {
  for (const name of LIMITS) {
    const value = from.u32(name);
    from.check(value === limits[name], name, value, `${limits[name]}, which this end goes by`);
  }
  const ageMs = from.f64("ageMs");
  from.check(Object.is(ageMs, limits.ageMs), "ageMs", ageMs, `${limits.ageMs}, which this end goes by`);
}

/** Session 64, window 32, transferBytes 32, messagesMax 16, streamsMax 16. */
export function writePeer(out: SectionWriter, peer: PeerTerms): void {
  out.u64(peer.session);
  out.u32(peer.windowBytes);
  out.u32(peer.transferBytes);
  out.u16(peer.messagesMax);
  out.u16(peer.streamsMax);
}

/** Within what a hello can say. */
export function readPeer(from: SectionReader): PeerTerms {
  const session = from.u64("peer.session");
  from.check(session !== 0n, "peer.session", session, "from 1 to 2^64 - 1");
  return {
    session,
    windowBytes: from.u32("peer.windowBytes", 2 ** 31 - 1, 1),
    transferBytes: from.u32("peer.transferBytes", 0xffff_ffff, 64),
    messagesMax: from.u16("peer.messagesMax", 0xffff, 1),
    streamsMax: from.u16("peer.streamsMax", 0xffff, 1),
  };
}
