/** One move with directory push: everybody is told where the VM is, senders send, it stops, moves, and senders go on until they are well. */
import { RinglaneError } from "../../errors.js";
import { viewOf } from "../../overlay/answers/ethernet.js";
import { type Course, LEAD_MS, STOP_MS } from "./course.js";
import { makeDirectoryWorld, OLD_ADDRESS } from "./directory-world.js";
import { FrameRecords } from "./frame-records.js";
import { MovingVm } from "./moving-vm.js";
import { type BlackoutSettings, OUTER_BYTES } from "./options.js";
import { CLEAN_FRAMES, CLEAN_MS } from "./peer-run.js";
import { numberFrame, numbersOf, type StreamEnd, streamFrame } from "./stream-frame.js";
import { PROBE, StreamGuest } from "./stream-guest.js";
import { SenderTally } from "./tally.js";
import { VM } from "./voice.js";

/** Of the outer IPv4 header, behind 14 bytes of Ethernet. */
const OUTER_DESTINATION_AT = 14 + 16;
/** What the VM says: Ethernet's shortest. */
const SPOKEN_BYTES = 60;
const LIMIT_MS = 10_000;

export async function runDirectory(settings: BlackoutSettings, course: Course): Promise<SenderTally[]> {
  const records = course.streams.map(() => new FrameRecords());
  const ends = course.streams.map((_, i) => endOf(i));
  const streams: StreamGuest[] = [];
  let originMs = Number.POSITIVE_INFINITY;
  const spoken = numberFrame(streamFrame(VM, ends[0] as StreamEnd, SPOKEN_BYTES), 0, PROBE);
  const vm = new MovingVm(course, records, spoken);
  const world = await makeDirectoryWorld(settings, course, {
    old: (stand) => vm.at("old", stand),
    new: (stand) => vm.at("new", stand),
    sender: ({ vnic }, i) => {
      const frame = streamFrame(ends[i] as StreamEnd, VM, settings.frameBytes);
      const guest = new StreamGuest(
        i,
        vnic,
        course.streams[i] as Course["streams"][number],
        frame,
        records[i] as FrameRecords,
      );
      streams.push(guest);
      return guest;
    },
    sent: (bytes, nowMs) => {
      if (bytes.length !== settings.frameBytes + OUTER_BYTES || !isFor(OLD_ADDRESS, bytes)) return;
      const { sender, number } = numbersOf(bytes, OUTER_BYTES);
      records[sender]?.sendToOld(number, nowMs >= originMs + STOP_MS);
    },
  });
  const { fabric } = world;
  const { directoryDelayMs, linkDelayMs, transferMs } = settings;
  const until = (what: string, isSo: () => boolean) => {
    if (!fabric.runUntil(isSo, LIMIT_MS + 20 * (directoryDelayMs + linkDelayMs) + 4 * transferMs)) {
      throw new RinglaneError("BLACKOUT", `no ${what} by ${fabric.nowMs} ms`);
    }
  };
  try {
    const partition = world.old.attach({ ...VM, name: "vm" });
    const others = world.senders.map((stand, i) =>
      stand.attach({ ...(ends[i] as StreamEnd), name: `sender ${i + 1}` }),
    );
    until("partitions on their hosts", () => [partition, ...others].every(({ state }) => state === "live"));
    for (const stream of streams) stream.probe();
    until("first frames", () => vm.probes === streams.length);
    originMs = fabric.nowMs + LEAD_MS;
    vm.begin(originMs);
    for (const stream of streams) stream.begin(originMs);
    fabric.at(originMs + STOP_MS, () => {
      vm.place = undefined;
      world.old.core.move({ attachments: [partition], to: world.new.core.name }, fabric.nowMs);
    });
    fabric.at(originMs + course.resumeMs, () => {
      vm.place = "new";
    });
    const enough = Math.max(CLEAN_FRAMES, CLEAN_MS / (course.streams[0] as Course["streams"][number]).periodMs);
    until("end of the move", () => records.every(({ clean }) => clean >= enough));
    for (const stream of streams) stream.end();
    vm.end();
    until("rest", () => fabric.isQuiet);
  } finally {
    world.close();
  }
  return records.map((record, i) => {
    const tally = new SenderTally(course.streams[i] as Course["streams"][number]);
    for (const outcome of record.outcomes()) tally.add(outcome);
    return tally;
  });
}

function endOf(sender: number): StreamEnd {
  return { mac: `02:00:00:00:01:${(sender + 1).toString(16).padStart(2, "0")}`, ip: `10.0.1.${sender + 1}` };
}

function isFor(address: string, outer: Uint8Array): boolean {
  const bytes = address.split(".").map(Number);
  return bytes.every((byte, i) => viewOf(outer).getUint8(OUTER_DESTINATION_AT + i) === byte);
}
