/** A session as a seed says: its ends' bounds, the users of its streams, and how many streams there will be. */
import type { Random } from "../../helpers/property.js";
import { Chatter } from "./chatter.js";
import { SessionWire } from "./session-wire.js";

export function drawSession(random: Random) {
  const streams = 1 + random.below(12);
  const slots = 1 + random.below(16);
  const options = {
    aggregateBytes: 64 + random.below(1985),
    messagesMax: 2 + random.below(60),
    transferBytes: 2048 + random.below(8000),
    windowBytes: 1024 + random.below(8000),
    sendBufferBytes: 1024 + random.below(8000),
    streamsMax: 1 + random.below(streams),
    // Whole in microseconds and in doubles, so that a snapshot keeps it to the bit.
    ageMs: random.below(3) * 0.125,
    transfersMax: slots,
    resumeMs: 20,
    tenant: random.below(3),
  };
  const wire = new SessionWire(options, slots);
  const boundBytes = streams * options.sendBufferBytes + slots * options.transferBytes;
  return { streams, options, wire, chatter: new Chatter(wire.opener, random), boundBytes };
}
