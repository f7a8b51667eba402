/** Reads a whole capture through a burst of the engine: what every command on a capture does. */
import { type Burst, CaptureError, type CapturePacket, CaptureReader, linkTypeName, toEthernet } from "../index.js";
import type { InputFile } from "./files.js";
import { showProgress } from "./progress.js";
import { countOne } from "./report.js";

/** Packets in the engine's burst, in step: packets[i] is the i-th loaded frame. */
export interface LoadedBurst {
  readonly packets: readonly CapturePacket[];
  /** Number of each packet in its file, from 1. */
  readonly numbers: readonly number[];
}

/** What a capture turned out to be. */
export interface ReadSummary {
  readonly reader: CaptureReader;
  readonly packets: number;
  readonly unread: Unread;
}

/** What of a file could not be read. */
export interface Unread {
  /** Packets that cannot be made Ethernet frames, by link type. */
  readonly unsupportedLinkTypes: Readonly<Record<string, number>>;
  /** Packets longer than all of the engine's buffers together: some MiB. */
  readonly tooLong: number;
  /** Where and why the file ends early; everything before has been read. */
  readonly damage: { readonly byteOffset: number; readonly reason: string } | undefined;
}

/** Tells people what of a file could not be read: on stderr, since it is not what they asked for. */
export function printUnread(file: string, { unsupportedLinkTypes, tooLong, damage }: Unread): void {
  for (const [type, count] of Object.entries(unsupportedLinkTypes)) {
    console.error(`ringlane: ${count} packets of link type ${type} were not taken`);
  }
  if (tooLong > 0) console.error(`ringlane: ${tooLong} packets are too long and were not taken`);
  if (damage) console.error(`ringlane: ${file} is damaged at byte ${damage.byteOffset}: ${damage.reason}`);
}

/** A packet that is no Ethernet frame and no other link type that the engine takes: what to do with it, or nothing. */
export type OtherWork = (packet: CapturePacket, number: number, reader: CaptureReader) => (() => unknown) | undefined;

/**
 * Loads the capture's packets into burst, part by part, and calls work for each; seen is called for every packet, also for
 * those of link types that the engine does not take. What other makes of these is done in its turn.
 */
export async function readThrough(
  input: InputFile,
  burst: Burst,
  work: (loaded: LoadedBurst, reader: CaptureReader) => void | Promise<void>,
  seen: (packet: CapturePacket) => void = () => {},
  other: OtherWork = () => undefined,
): Promise<ReadSummary> {
  const reader = new CaptureReader(input.source);
  const unsupportedLinkTypes: Record<string, number> = {};
  let tooLong = 0;
  const progress = showProgress(input);
  let count = 0;
  let damage: Unread["damage"];
  try {
    for await (const packets of reader.bursts()) {
      let usable: { packet: CapturePacket; number: number }[] = [];
      const loadUsable = async () => {
        tooLong += await loadAll(burst, usable, (loaded) => work(loaded, reader));
        usable = [];
      };
      for (const packet of packets) {
        count++;
        seen(packet);
        const frame = toEthernet(packet);
        if (frame) {
          usable.push({ packet: { ...packet, ...frame }, number: count });
          continue;
        }
        const otherWork = other(packet, count, reader);
        if (otherWork) {
          await loadUsable();
          await otherWork();
        } else {
          countOne(unsupportedLinkTypes, linkTypeName(packet.linkType));
        }
      }
      await loadUsable();
      progress.update();
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = { byteOffset: error.byteOffset, reason: error.reason };
  } finally {
    burst.release();
    progress.stop();
  }
  return { reader, packets: count, unread: { unsupportedLinkTypes, tooLong, damage } };
}

/** Loads part by part; returns how many packets no load could take. */
async function loadAll(
  burst: Burst,
  usable: readonly { packet: CapturePacket; number: number }[],
  work: (loaded: LoadedBurst) => void | Promise<void>,
): Promise<number> {
  let tooLong = 0;
  const packets = usable.map(({ packet }) => packet);
  for (let at = 0; at < packets.length; ) {
    const loaded = burst.load(packets, at);
    if (loaded === 0) {
      tooLong++;
      at++;
      continue;
    }
    const numbers = usable.slice(at, at + loaded).map(({ number }) => number);
    await work({ packets: packets.slice(at, at + loaded), numbers });
    at += loaded;
  }
  return tooLong;
}
