/** The streams of a scenario and what feeds them: a replay has two, there and back, a flow has one, and one for the answers to pings. */
import type { CaptureSource } from "../../index.js";
import { viaOf } from "../check/traffic.js";
import type { Guest } from "../guest.js";
import type { Scenario } from "../parse.js";
import type { FlowText } from "../schema.js";
import { FlowSource } from "./flow.js";
import { ReplaySource } from "./replay.js";
import type { Source } from "./source.js";
import { type Expectation, Stream } from "./stream.js";

export interface Sources {
  readonly sources: readonly Source[];
  readonly replays: readonly ReplaySource[];
  readonly streams: readonly Stream[];
  /** The answers to a stream's pings. */
  readonly replies: ReadonlyMap<Stream, Stream>;
}

export function sourcesOf(
  { replays: replayTexts, flows }: Scenario,
  guests: ReadonlyMap<string, Guest>,
  captures: readonly (() => CaptureSource)[],
): Sources {
  const guest = (name: string) => guests.get(name) as Guest;
  const expectation = (from: Guest, text: string): Expectation => {
    const via = viaOf(text);
    const waypoint = [...guests.values()].find(
      ({ network, partition }) => network === from.network && partition === via,
    );
    return waypoint ? { via: waypoint } : text === "denied" || text === "limited" ? text : "delivered";
  };
  const replays = replayTexts.map((text, i) => {
    const [from, to] = [guest(text.from), guest(text.to)];
    const expect = expectation(from, text.expect);
    const ways = [new Stream(text.capture, from, to, expect), new Stream(text.capture, to, from, expect)] as const;
    return new ReplaySource(text, ways, (captures[i] as () => CaptureSource)());
  });
  const replies = new Map<Stream, Stream>();
  const made = flows.map((text, i) => {
    const [from, to] = [guest(text.from), guest(text.to)];
    const stream = new Stream(nameOf(text), from, to, expectation(from, text.expect), text);
    const isAnswered = text.protocol === "icmp" && (stream.expect === "delivered" || stream.expect === "limited");
    if (isAnswered) replies.set(stream, new Stream(`${nameOf(text)}, answers`, to, from, "delivered"));
    return new FlowSource(text, stream, replies.get(stream), i);
  });
  const sources: Source[] = [...replays, ...made];
  return { sources, replays, streams: sources.flatMap(({ streams }) => streams), replies };
}

function nameOf({ name, protocol, port }: FlowText): string {
  return name ?? (port === undefined ? protocol : `${protocol} ${port}`);
}
