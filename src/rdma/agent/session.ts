/** A session at work: its machine, the connection it has at the moment, and its streams. */
import { STREAM_F_FIN, STREAM_F_MORE, STREAM_F_RST, STREAM_F_URGENT } from "../../../assembly/layout.js";
import type { AggregateMessage } from "../aggregate/codec.js";
import { flagsOf } from "../aggregate/codec.js";
import type { Aggregator } from "../aggregator/aggregator.js";
import type { StreamEvent } from "../aggregator/event.js";
import type { Hello } from "../aggregator/hello.js";
import { immOf, type Transfer } from "../aggregator/transfer.js";
import type { Framing } from "../estimate/wire-cost.js";
import { TransferReceiver, TransferSender } from "../transfer/index.js";
import { AgentStream } from "./agent-stream.js";
import type { Link, Links } from "./link.js";
import type { AgentParts } from "./parts.js";
import type { StreamErrorCode } from "./stream.js";

/** Tells the agent of a stream that the peer opens; false: nobody takes it. */
export type Incoming = (stream: AgentStream, fromPort: number) => boolean;

interface Lane {
  readonly link: Link;
  /** The connection manager's id, once it has one. */
  connection: number | undefined;
  readonly sender: TransferSender;
  readonly receiver: TransferReceiver;
}

export class Session {
  readonly machine: Aggregator;
  readonly #links: Links;
  readonly #address: string;
  readonly #onWork: () => void;
  readonly #incoming: Incoming;
  readonly #streams = new Map<number, AgentStream>();
  /** Taker: the session of the peer that it is one end of. */
  peerSession: bigint | undefined;
  readonly #clock: () => number;
  #lane: Lane | undefined;

  constructor(machine: Aggregator, { links, address, onWork, clock }: AgentParts, incoming: Incoming) {
    this.machine = machine;
    this.#links = links;
    this.#address = address;
    this.#onWork = onWork;
    this.#clock = clock;
    this.#incoming = incoming;
  }

  /** The connection that it has, or is getting. */
  get connection(): number | undefined {
    return this.#lane?.connection;
  }

  /** A queue pair for a connection, with receives posted. Throws ConfigError when there is no room for one. */
  prepare(): Link {
    const link = this.#links.open();
    const { transfersMax: slots, transferBytes: slotBytes, messagesMax, aggregateBytes } = this.machine.limits;
    const common = { device: this.#links.device, pd: this.#links.pd, qp: link.qp, slots, slotBytes };
    let sender: TransferSender | undefined;
    try {
      sender = new TransferSender({ ...common, stageMessages: messagesMax, stageBytes: aggregateBytes });
      const receiver = new TransferReceiver({ ...common, messagesMax });
      this.#lane = { link, connection: undefined, sender, receiver };
      return link;
    } catch (error) {
      sender?.close();
      this.#links.close(link, undefined);
      throw error;
    }
  }

  set connection(id: number) {
    if (this.#lane) this.#lane.connection = id;
  }

  connected(peer: Hello, framing: Framing): boolean {
    return this.machine.connected(peer, framing);
  }

  /** The connection is gone: what it brought is told first. */
  lost(nowMs: number): void {
    const lane = this.#lane;
    if (!lane) return;
    if (lane.link.qp.state !== "error") lane.link.qp.modify({ state: "error" });
    this.#receive(lane);
    this.#lane = undefined;
    lane.sender.close();
    lane.receiver.close();
    this.#links.close(lane.link, lane.connection);
    this.machine.lost(nowMs);
  }

  /** Opener: carries a stream to a port of the peer. False: there are as many as there can be. */
  open(stream: AgentStream, port: number): boolean {
    const id = this.machine.open(port, stream.local.port);
    if (id === undefined) return false;
    this.#carry(stream, id);
    return true;
  }

  fail(error: StreamErrorCode): void {
    this.machine.fail(error);
  }

  /** Takes what has come, tells it to the streams' users, and sends what is due. */
  poll(nowMs: number): void {
    if (this.#lane) this.#receive(this.#lane);
    this.machine.tick(nowMs);
    for (let events = this.machine.takeEvents(); events.length > 0; events = this.machine.takeEvents()) {
      for (const event of events) this.#tell(event);
    }
    if (this.#lane) this.#send(this.#lane, nowMs);
  }

  #carry(stream: AgentStream, id: number): void {
    this.#streams.set(id, stream);
    const { machine } = this;
    stream.carry({
      write: (bytes) => machine.write(id, bytes, this.#clock()),
      end: () => machine.end(id),
      reset: () => machine.reset(id),
      consumed: (bytes) => machine.consumed(id, bytes),
    });
  }

  #receive({ receiver, sender }: Lane): void {
    for (let taken = receiver.next(); taken; taken = receiver.next()) {
      if (taken.kind === "aggregate") this.machine.aggregate(messagesOf(receiver, taken.count));
      else if (taken.kind === "whole") this.machine.immediate(taken.imm, taken.bytes);
      else this.machine.aggregate(undefined);
    }
    this.machine.acknowledged(sender.completed());
  }

  #send({ sender }: Lane, nowMs: number): void {
    while (sender.slotsFree > 0) {
      const transfer = this.machine.take(nowMs);
      if (!transfer) return;
      send(sender, transfer);
    }
  }

  #tell(event: StreamEvent): void {
    if (event.type === "incoming") {
      this.#take(event);
      return;
    }
    const stream = this.#streams.get(event.stream);
    const handler = stream?.handler;
    switch (event.type) {
      case "open":
        stream?.opened();
        break;
      case "data":
        handler?.onData(event.bytes);
        break;
      case "end":
        handler?.onEnd();
        break;
      case "writable":
        handler?.onWritable();
        break;
      case "close":
        this.#streams.delete(event.stream);
        stream?.close(event.error);
    }
  }

  #take({ stream: id, port, fromPort }: Extract<StreamEvent, { type: "incoming" }>): void {
    const stream = new AgentStream({ address: this.#address, port }, this.#onWork);
    this.#carry(stream, id);
    if (this.#incoming(stream, fromPort)) {
      this.machine.accept(id);
    } else {
      this.#streams.delete(id);
      this.machine.refuse(id);
    }
  }
}

function send(sender: TransferSender, transfer: Transfer): void {
  if (transfer.kind !== "aggregate") {
    sender.sendWhole(transfer.bytes, immOf(transfer));
    return;
  }
  for (const message of transfer.messages) {
    sender.stage(message.stream, message.sequence, flagsOf(message), message.data);
  }
  sender.sendStaged(sender.slotBytes);
}

function messagesOf(receiver: TransferReceiver, count: number): AggregateMessage[] {
  return Array.from({ length: count }, (_, i) => {
    const { stream, sequence, flags, bytes: data } = receiver.message(i);
    return {
      stream,
      sequence,
      data,
      more: (flags & STREAM_F_MORE) !== 0,
      fin: (flags & STREAM_F_FIN) !== 0,
      rst: (flags & STREAM_F_RST) !== 0,
      urgent: (flags & STREAM_F_URGENT) !== 0,
    };
  });
}
