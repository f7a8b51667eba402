/** What left, how it left, and how long it waited: of a destination with one window, or of all of them. */
import { Delays } from "./delays.js";
import { type Framing, wireCost } from "./wire-cost.js";

/** The way that a message went. */
export type MessageWay =
  /** In one transfer with messages of other streams. */
  | "merged"
  /** After a wait in which no other stream sent anything. */
  | "alone"
  /** Past those that wait, since it fills a packet. */
  | "large"
  /** At once, from the only stream that is open. */
  | "straight";

export class Tally {
  transfers = 0;
  packets = 0;
  wireBytes = 0;
  /** Without sub-headers. */
  payloadBytes = 0;
  readonly messages: Record<MessageWay, number> = { merged: 0, alone: 0, large: 0, straight: 0 };
  readonly delays = new Delays();

  transfer(bytes: number, framing: Framing): void {
    const { packets, wireBytes } = wireCost(bytes, framing);
    this.transfers++;
    this.packets += packets;
    this.wireBytes += wireBytes;
  }

  message(way: MessageWay, payloadBytes: number, delayNs: number): void {
    this.messages[way]++;
    this.payloadBytes += payloadBytes;
    this.delays.add(delayNs);
  }

  add(other: Tally): void {
    this.transfers += other.transfers;
    this.packets += other.packets;
    this.wireBytes += other.wireBytes;
    this.payloadBytes += other.payloadBytes;
    for (const way of Object.keys(this.messages) as MessageWay[]) this.messages[way] += other.messages[way];
    this.delays.addAll(other.delays);
  }
}
