/**
 * What a session has not told yet, in a snapshot: each event with its code 8 and its stream's id 48, then
 *
 *   incoming  port 16, from port 16      data  length 32, bytes      close  error 8
 */
import type { SectionReader } from "../../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../../migrate/state/bytes/section-writer.js";
import type { StreamErrorCode } from "../../agent/stream.js";
import type { StreamEvent } from "../event.js";
import type { SessionRole } from "../streams.js";

/** Whose events they are: ids below nextId were given out, and open are those whose user is to hear more. */
export interface EventBounds {
  readonly role: SessionRole;
  readonly nextId: number;
  readonly isOpen: (id: number) => boolean;
  readonly windowBytes: number;
}

const TYPES = ["incoming", "open", "data", "end", "writable", "close"] as const;
const ERRORS: readonly (StreamErrorCode | undefined)[] = [undefined, "ECONNRESET", "ECONNREFUSED", "ETIMEDOUT"];
const EVENT_BYTES_MIN = 7;

export function writeEvents(out: SectionWriter, events: readonly StreamEvent[]): void {
  out.u32(events.length);
  for (const event of events) {
    out.u8(TYPES.indexOf(event.type));
    out.u48(event.stream);
    if (event.type === "incoming") {
      out.u16(event.port);
      out.u16(event.fromPort);
    } else if (event.type === "data") {
      out.u32(event.bytes.length);
      out.bytes(event.bytes);
    } else if (event.type === "close") {
      out.u8(ERRORS.indexOf(event.error));
    }
  }
}

export function readEvents(from: SectionReader, bounds: EventBounds): StreamEvent[] {
  const count = from.entries("events", from.u32("events"), EVENT_BYTES_MIN);
  const heard = new Map<number, Heard>();
  return from.list("events", count, () => readEvent(from, bounds, heard));
}

/** What a stream's user will have heard of it by an event. */
interface Heard {
  bytes: number;
  isClosed: boolean;
}

function readEvent(from: SectionReader, bounds: EventBounds, heard: Map<number, Heard>): StreamEvent {
  const type = TYPES[from.u8("type", TYPES.length - 1)] as StreamEvent["type"];
  const stream = from.u48("stream", bounds.nextId - 1);
  const of = heard.get(stream) ?? { bytes: 0, isClosed: false };
  heard.set(stream, of);
  from.check(!of.isClosed, "stream", stream, "one that was not closed before");
  const others = { incoming: "opener", open: "taker" } as const;
  const isOurs = type === "incoming" || type === "open" ? others[type] !== bounds.role : true;
  from.check(isOurs, "type", type, `what a ${bounds.role} hears`);
  if (type === "incoming") return { type, stream, port: from.u16("port"), fromPort: from.u16("fromPort") };
  if (type === "data") {
    const length = from.u32("length", bounds.windowBytes - of.bytes, 1);
    of.bytes += length;
    return { type, stream, bytes: from.bytes("bytes", length) };
  }
  if (type !== "close") return { type, stream };
  from.check(!bounds.isOpen(stream), "stream", stream, "one that was closed");
  of.isClosed = true;
  return { type, stream, error: ERRORS[from.u8("error", ERRORS.length - 1)] };
}
