/** A session at work: its machine, the connection it has at the moment, and its streams. */
import { flagsOf, messageOf } from "../aggregate/codec.js";
import type { Aggregator } from "../aggregator/aggregator.js";
import type { StreamEvent } from "../aggregator/event.js";
import { immOf, type Transfer } from "../aggregator/transfer.js";
import { TransferReceiver, TransferSender } from "../transfer/index.js";
import { AgentStream } from "./agent-stream.js";
import type { Link } from "./link.js";
import type { AgentParts } from "./parts.js";
import type { LaneImage, SessionImage } from "./state/image.js";

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
  readonly #parts: AgentParts;
  readonly #incoming: Incoming;
  /** By the machine's ids. */
  readonly streams = new Map<number, AgentStream>();
  /** Taker: the session of the peer that it is one end of. */
  peerSession: bigint | undefined;
  #lane: Lane | undefined;

  constructor(machine: Aggregator, parts: AgentParts, incoming: Incoming) {
    this.machine = machine;
    this.#parts = parts;
    this.#incoming = incoming;
  }

  /** The connection that it has, or is getting. */
  get connection(): number | undefined {
    return this.#lane?.connection;
  }

  set connection(id: number) {
    if (this.#lane) this.#lane.connection = id;
  }

  /** A queue pair for a connection, with receives posted. Throws ConfigError when there is no room for one. */
  prepare(): Link {
    const link = this.#parts.links.open();
    try {
      this.#lane = this.#laneOver(link);
      return link;
    } catch (error) {
      this.#parts.links.close(link, undefined);
      throw error;
    }
  }

  /** What the machine is not told of: streams and connection. */
  get image(): SessionImage {
    const streams = [...this.streams].map(([id, stream]) => [id, stream.image] as const);
    return { machine: this.machine, streams, lane: this.#laneImage };
  }

  /** Goes on over what a moved device has, with streams that it had. */
  goOn({ lane }: SessionImage, streams: ReadonlyMap<number, AgentStream>): void {
    for (const [id, stream] of streams) this.streams.set(id, stream);
    if (!lane) return;
    this.#lane = this.#laneOver(this.#parts.links.goOn(lane.qpn), lane);
  }

  /** Carries its streams, whoever did before. */
  hold(): void {
    for (const [id, stream] of this.streams) this.#carry(stream, id);
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
    this.#parts.links.close(lane.link, lane.connection);
    this.machine.lost(nowMs);
  }

  /** Opener: carries a stream to a port of the peer. False: there are as many as there can be. */
  open(stream: AgentStream, port: number): boolean {
    const id = this.machine.open(port, stream.local.port);
    if (id === undefined) return false;
    this.#carry(stream, id);
    return true;
  }

  /** Gives up the connection that it has. */
  leave(nowMs: number): void {
    const { connection } = this;
    this.lost(nowMs);
    if (connection !== undefined) this.#parts.cm.disconnect(connection, nowMs);
  }

  /** It is over, and its streams' users are told so. */
  end(nowMs: number): void {
    this.machine.fail("ECONNRESET");
    this.poll(nowMs);
    this.leave(nowMs);
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

  /** When to call poll though nothing happens. What has no way or no slot goes when there is one, which the device tells. */
  get nextMs(): number | undefined {
    const canSend = this.#lane !== undefined && this.#lane.sender.slotsFree > 0;
    return canSend || this.machine.state === "lost" ? this.machine.nextMs : undefined;
  }

  get #laneImage(): LaneImage | undefined {
    const { link, connection, sender, receiver } = this.#lane ?? {};
    if (!link || !sender || !receiver || connection === undefined) return undefined;
    return { connection, qpn: link.qp.qpn, sender: sender.image, receiver: receiver.image };
  }

  #laneOver(link: Link, image?: LaneImage): Lane {
    const { device, pd } = this.#parts.links;
    const { transfersMax: slots, transferBytes: slotBytes, messagesMax, aggregateBytes } = this.machine.limits;
    const common = { device, pd, qp: link.qp, slots, slotBytes };
    const staged = { stageMessages: messagesMax, stageBytes: aggregateBytes };
    const sender = new TransferSender({ ...common, ...staged }, image?.sender);
    try {
      const receiver = new TransferReceiver({ ...common, messagesMax }, image?.receiver);
      return { link, connection: image?.connection, sender, receiver };
    } catch (error) {
      sender.close();
      throw error;
    }
  }

  #carry(stream: AgentStream, id: number): void {
    this.streams.set(id, stream);
    const { machine } = this;
    stream.carry({
      write: (bytes) => machine.write(id, bytes, this.#parts.clock()),
      end: () => machine.end(id),
      reset: () => machine.reset(id),
      consumed: (bytes) => machine.consumed(id, bytes),
    });
  }

  #receive({ receiver, sender }: Lane): void {
    for (let taken = receiver.next(); taken; taken = receiver.next()) {
      if (taken.kind === "aggregate")
        this.machine.aggregate(Array.from({ length: taken.count }, (_, i) => messageOf(receiver.message(i))));
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
    const stream = this.streams.get(event.stream);
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
        this.streams.delete(event.stream);
        stream?.close(event.error);
    }
  }

  #take({ stream: id, port, fromPort }: Extract<StreamEvent, { type: "incoming" }>): void {
    const stream = new AgentStream({ address: this.#parts.address, port }, this.#parts.onWork);
    this.#carry(stream, id);
    if (this.#incoming(stream, fromPort)) {
      this.machine.accept(id);
    } else {
      this.streams.delete(id);
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
