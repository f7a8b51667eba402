/** Whole conversations over bad links: the monitor counts what the ends know themselves, and what its twin finds. */
import { describe, expect, test } from "vitest";
import { HOLES_MAX } from "../../../assembly/layout.js";
import { BUILDS } from "../../helpers/engines.js";
import { type HealthBed, healthBed, modelFindings, type Seen, sumOf } from "../../helpers/health.js";
import { Random } from "../../helpers/property.js";
import { ALICE, ALICE6, BOB, BOB6 } from "../../helpers/tcp.js";
import { Conversation, type Link } from "../../helpers/tcp-conversation.js";
import { TcpHealthModel } from "../../model/tcp-health.js";

const LINKS: readonly Link[] = [
  { lost: 0.02, late: 0, twice: 0, delayMs: 5 },
  { lost: 0, late: 0.05, twice: 0, delayMs: 5 },
  { lost: 0, late: 0, twice: 0.05, delayMs: 5 },
  { lost: 0.03, late: 0.03, twice: 0.03, delayMs: 5 },
  { lost: 0.15, late: 0.05, twice: 0.05, delayMs: 1 },
];
const ENDS = [
  [ALICE, BOB],
  [BOB6, ALICE6],
] as const;

describe.each(BUILDS)("the health of whole conversations (%s build)", (build) => {
  test.each(LINKS.flatMap((link) => ENDS.map((ends) => [link, ends] as const)))("over %j", async (link, ends) => {
    const random = new Random(LINKS.indexOf(link));
    for (const at of ["sender", "receiver"] as const) {
      for (let run = 0; run < 4; run++) {
        const { seen, truth } = new Conversation(random, link, at, ends, 300).run();
        const bed = await healthBed(build);
        const { sender, receiver } = measured(bed, seen);
        const model = new TcpHealthModel(HOLES_MAX);
        const findings = modelFindings(model, seen);
        for (const [peer, health] of [sender, receiver].entries()) {
          const own = seen.flatMap((frame, i) => (frame.peer === peer ? [i] : []));
          const { roundTripMs, bytesPerMbuf, ...expected } = sumOf(
            own.map((i) => seen[i] as Seen),
            own.map((i) => findings[i] ?? {}),
          );
          expect(health).toMatchObject(expected);
          expect(health.roundTripMs?.least).toBe(roundTripMs?.least);
        }
        expect(bed.monitor.counters.forgottenHoles).toBe(model.forgotten);
        const { resent, cameAgain, cameLate, duplicateAcks } = truth;
        const { retransmissions, outOfOrder } = sender;
        if (at === "sender") {
          // Nothing is lost or late before the monitor.
          expect({ retransmissions, outOfOrder }).toEqual({ retransmissions: resent, outOfOrder: 0 });
          // There and back.
          if (receiver.roundTripMs) expect(receiver.roundTripMs.least).toBeGreaterThanOrEqual(2 * link.delayMs);
          expect(receiver.roundTrips).toBeGreaterThan(3);
        } else {
          expect(retransmissions + outOfOrder).toBe(cameAgain + cameLate);
          if (model.forgotten === 0) expect(outOfOrder).toBe(cameLate);
          expect(receiver.duplicateAcks).toBe(duplicateAcks);
        }
        bed.burst.release();
      }
    }
  });
});

function measured(bed: HealthBed, seen: readonly Seen[]) {
  const peers = [bed.monitor.open(), bed.monitor.open()];
  bed.feed(seen.map((frame) => ({ ...frame, peer: peers[frame.peer as number] })));
  const [sender, receiver] = peers.map((peer) => bed.monitor.totals(peer));
  if (!sender || !receiver) throw new Error("two peers");
  return { sender, receiver };
}
