/**
 * Consolidation, plainly: all messages of one destination are known, and each departure is a list of them. What the estimate counts as it
 * goes is here read off the list of departures.
 */

export interface TwinEvent {
  readonly atNs: number;
  readonly stream: number;
  /** 0 is a stream's end. */
  readonly lengthBytes: number;
}

export interface TwinDeparture {
  readonly atNs: number;
  readonly messages: readonly TwinEvent[];
  readonly bytes: number;
}

export interface TwinOptions {
  readonly windowNs: number;
  readonly limitBytes: number;
  readonly messagesMax: number;
  readonly largestBytes: number;
}

const IDLE_NS = 30e9;
const SUB_HEADER_BYTES = 6;

/** Streams open at an event: those whose last message is not 30 s old and has no end of theirs behind it. */
function openAt(events: readonly TwinEvent[], index: number): number {
  const { atNs } = events[index] as TwinEvent;
  const open = new Set<number>();
  for (const event of events.slice(0, index + 1)) {
    if (event.lengthBytes === 0) open.delete(event.stream);
    else if (atNs - event.atNs <= IDLE_NS) open.add(event.stream);
  }
  return open.size;
}

export function departuresOf(events: readonly TwinEvent[], options: TwinOptions): TwinDeparture[] {
  const departures: TwinDeparture[] = [];
  let waiting: TwinEvent[] = [];
  let isLone = false;
  const sum = (messages: readonly TwinEvent[]) =>
    messages.reduce((bytes, { lengthBytes }) => bytes + lengthBytes + SUB_HEADER_BYTES, 0);
  const flush = (atNs: number) => {
    const streams = new Set(waiting.map(({ stream }) => stream));
    if (isLone) {
      for (const one of waiting) departures.push({ atNs: one.atNs, messages: [one], bytes: one.lengthBytes });
    } else if (streams.size > 1) {
      departures.push({ atNs, messages: waiting, bytes: sum(waiting) });
    } else {
      for (const one of waiting) departures.push({ atNs, messages: [one], bytes: sum([one]) });
    }
    waiting = [];
  };
  for (const [i, event] of events.entries()) {
    const end = (waiting[0]?.atNs ?? 0) + options.windowNs;
    if (waiting.length > 0 && event.atNs > end) flush(end);
    const isOwnWaiting = waiting.some(({ stream }) => stream === event.stream);
    const isAlone = openAt(events, i) < 2;
    if (event.lengthBytes === 0) {
      if (isOwnWaiting) flush(event.atNs);
    } else if (sum([event]) > options.largestBytes) {
      if (isOwnWaiting) flush(event.atNs);
      departures.push({ atNs: event.atNs, messages: [event], bytes: isAlone ? event.lengthBytes : sum([event]) });
    } else {
      if (sum([...waiting, event]) > options.limitBytes) flush(event.atNs);
      if (waiting.length > 0 && isAlone && !isLone) flush(event.atNs);
      if (waiting.length > 0 && !isAlone && isLone && isOwnWaiting) flush(event.atNs);
      isLone = isAlone;
      waiting.push(event);
      // Not a byte more would fit.
      const isFull = sum(waiting) + SUB_HEADER_BYTES + 1 > options.limitBytes;
      if (isFull || waiting.length === options.messagesMax) flush(event.atNs);
    }
  }
  if (waiting.length > 0) flush((waiting[0] as TwinEvent).atNs + options.windowNs);
  return departures;
}
