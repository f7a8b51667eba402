/**
 * Who hears the streams of an agent that goes on elsewhere. In a VM that moves its applications move too, with the streams that they hold: these
 * stay, and only what carries them is exchanged. In another process there are none yet: each stream is made, and its user is asked for.
 */
import type { Agent } from "../agent.js";
import { AgentStream } from "../agent-stream.js";
import type { Accept } from "../incoming.js";
import type { StreamEnd, StreamHandler } from "../stream.js";
import type { StreamImage } from "./image.js";

/** What names a stream of an agent, there as here. */
export interface StreamPlace {
  /** The peer's address. */
  readonly remote: string;
  /** A session's that this end opened or took; one with a connection to itself; one that waits until its peer is known. */
  readonly kind: "opener" | "taker" | "direct" | "waiting";
  /** The stream's id in its session, its connection's id, or its place among those that wait for the peer. */
  readonly number: number;
}

export interface StreamUsers {
  /** A stream that goes on: its handler hears what comes from now on. It may not throw. */
  attach(stream: StreamEnd, place: StreamPlace): StreamHandler;
  /** Whoever takes streams to a port that the agent listens to. It may not throw. */
  accept(port: number): Accept;
}

export type RestoredStream = (place: StreamPlace, image: StreamImage) => AgentStream;

export function placeName({ kind, remote, number }: StreamPlace): string {
  return `${kind} ${number} of ${remote}`;
}

/** Streams by what is known of them: those that the agent had, or new ones. */
export function streamsFor(users: Agent | StreamUsers, address: string, onWork: () => void): RestoredStream {
  if ("attach" in users) {
    return (place, image) => {
      const stream = new AgentStream({ address, port: image.port }, onWork, image);
      stream.handler = users.attach(stream, place);
      return stream;
    };
  }
  const kept = users.streams;
  return (place, image) => kept.get(placeName(place)) ?? new AgentStream({ address, port: image.port }, onWork, image);
}
