/** What became of a conversation: transfers and bytes beside what a transfer a message would have cost, and every stream at both ends. */
import { wireCost } from "../../rdma/estimate/wire-cost.js";
import type { Conversation } from "../sockets/conversation.js";
import type { SocketReader, SocketWriter } from "../sockets/socket-ends.js";
import { socketsName } from "../sockets/sockets.js";
import { sumOf } from "./run.js";

export function socketsOf(conversation: Conversation) {
  const { text, from, writers, readers, counters } = conversation;
  const { aggregates = 0, wholes = 0, messages: sentMessages = 0, wireBytes = 0, utilization = 0 } = counters ?? {};
  const { p50 = 0, p99 = 0 } = counters?.delayNs ?? {};
  const faults = writers.flatMap((writer) => faultOf(conversation, writer) ?? []);
  const transfers = aggregates + wholes;
  return {
    ...{ name: socketsName(text), network: from.guest.network, from: text.from, to: text.to },
    streams: text.streams,
    /** Of all streams: written, and arrived. */
    messages: sumOf(writers, ({ bytes }) => Math.floor(bytes / text.bytes)),
    arrivedMessages: sumOf(readers, ({ bytes }) => Math.floor(bytes / text.bytes)),
    payloadBytes: sumOf(writers, ({ bytes }) => bytes),
    arrivedBytes: sumOf(readers, ({ bytes }) => bytes),
    ...{ transfers, aggregates, wholes },
    messagesPerTransfer: transfers === 0 ? 0 : sentMessages / transfers,
    /** Of transfers and what streams cost beside them, with headers; without acknowledgements and what was sent again. */
    wireBytes,
    utilization,
    /** With a transfer for each message. */
    alone: aloneOf(conversation),
    addedDelayNs: { p50, p99 },
    /** SHA-256 equal at both ends, and closed in order. */
    sameStreams: text.streams - faults.length,
    faults,
  };
}

function aloneOf({ text, from, writers }: Conversation) {
  const ipVersion = from.address.includes(":") ? 6 : 4;
  const cost = wireCost(text.bytes, { operation: "send", mtuBytes: text.mtu, ipVersion });
  const transfers = sumOf(writers, ({ bytes }) => Math.floor(bytes / text.bytes));
  return { transfers, wireBytes: transfers * cost.wireBytes, utilization: text.bytes / cost.wireBytes };
}

/** What is not as it should be of a writer's stream, in words. */
function faultOf({ text, readers }: Conversation, writer: SocketWriter): string | undefined {
  const reader = readers.find(({ number }) => number === writer.number);
  const name = `stream ${writer.number}`;
  const written = writer.bytes / text.bytes;
  if (written !== text.messages) return `${name} wrote ${written} of ${text.messages} messages, ${endOf(writer)}`;
  if (reader?.bytes !== writer.bytes) {
    const arrived = Math.floor((reader?.bytes ?? 0) / text.bytes);
    return `${arrived} of ${written} messages of ${name} arrived, ${endOf(writer)}`;
  }
  if (reader.digest !== writer.digest) return `${name} has another SHA-256 than what was written`;
  if (isInOrder(writer) && isInOrder(reader)) return undefined;
  return `${name}, ${endOf(writer)} at its writer, ${endOf(reader)} at its reader`;
}

function isInOrder({ isClosed, error }: SocketWriter | SocketReader): boolean {
  return isClosed && error === undefined;
}

function endOf({ isClosed, error }: SocketWriter | SocketReader): string {
  return error ?? (isClosed ? "closed" : "not closed");
}
