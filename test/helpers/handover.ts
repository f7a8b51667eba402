/** Two hosts whose uplinks are joined by channels rather than by a cable, one each way, in one thread. */
import { createHandover, type Handover, type HandoverOptions } from "../../src/driver/handover/channel.js";
import type { HandoverReceiver } from "../../src/driver/handover/receiver.js";
import type { HandoverSender } from "../../src/driver/handover/sender.js";
import type { Build } from "./engines.js";
import { type Host, type HostOptions, makeHost, mirrored } from "./hosts.js";
import { OUTER_V4 } from "./tunnels.js";

export interface Pair {
  readonly a: Host;
  readonly b: Host;
  readonly handover: Handover;
  readonly sender: HandoverSender;
  readonly receiver: HandoverReceiver;
}

export interface PairOptions extends HandoverOptions {
  readonly a?: HostOptions;
  readonly b?: HostOptions;
  /** Where the channel's cursors stand at first: as if so many bytes had passed already. */
  readonly startAt?: number;
}

/** What a's guest sends arrives at b's guest. */
export async function makePair(build: Build, { a, b, startAt = 0, ...channel }: PairOptions = {}): Promise<Pair> {
  const [left, right] = [
    await makeHost(OUTER_V4, build, { scatterGather: true, ...a }),
    await makeHost(mirrored(OUTER_V4), build, { scatterGather: true, ...b }),
  ];
  const handover = createHandover(channel);
  // Head and tail, as channel.ts draws them.
  const words = new Int32Array(handover.shared);
  words[16] = words[32] = startAt;
  // As a worker would get it.
  const posted = structuredClone(handover);
  const sender = left.engine.sendingEnd(handover, left.uplink);
  const receiver = right.engine.receivingEnd(posted, right.uplink);
  return { a: left, b: right, handover, sender, receiver };
}
