/** Frames, bytes, descriptors and copies of a run. */
import type { Wire } from "../wire.js";
import { type Run, sumOf } from "./run.js";

export function framesOf({ streams, replays, hosts, guests, wire }: Run) {
  const uplinks = hosts.flatMap((host) => host.uplinks.map(({ counters }) => counters));
  const vnics = guests.flatMap(({ ports }) => ports.map(({ counters }) => counters));
  const underlayFrames = sumOf(uplinks, ({ txFrames }) => txFrames);
  const guestFrames = sumOf(vnics, ({ rxFrames }) => rxFrames);
  const guestBytes = sumOf(vnics, ({ rxBytes }) => rxBytes);
  const copiedBytes = sumOf(vnics, (counters) => counters.copiedBytes);
  const descriptors = sumOf(uplinks, ({ txDescriptors }) => txDescriptors);
  return {
    framesIn: sumOf(streams, ({ sent }) => sent),
    bytesIn: sumOf(streams, ({ sentBytes }) => sentBytes),
    framesOut: sumOf(streams, ({ identical, altered }) => identical + altered),
    /** Packets of link types that the engine does not take; frames that come from neither end of their replay. */
    packetsNotTaken: sumOf(replays, ({ notTaken }) => notTaken),
    foreignFrames: sumOf(replays, ({ foreign }) => foreign),
    descriptorsPerFrame: perFrame(descriptors, underlayFrames),
    /** Those that would have fitted into one buffer, and took more descriptors than one. */
    splitFrames: wire.splitFrames,
    doorbells: sumOf(uplinks, ({ txDoorbells }) => txDoorbells),
    /** The one copy, on arrival; what is copied between there and the wire; both by frame. */
    copiedInBytesPerFrame: perFrame(guestBytes, guestFrames),
    copiedAfterwardsBytesPerFrame: perFrame(copiedBytes - guestBytes, guestFrames),
    underlayFrames,
    underlayBytes: sumOf(uplinks, ({ txBytes }) => txBytes),
    /** Of hosts to each other. */
    controlFrames: wire.controlFrames,
  };
}

/** What each encapsulation has cost. */
export function costsOf({ costs }: Wire) {
  return [...costs].map(([encapsulation, { frames, headerBytes, trailerBytes, innerBytes }]) => ({
    ...{ encapsulation, frames, innerBytes },
    headerBytesPerFrame: headerBytes / frames,
    trailerBytesPerFrame: trailerBytes / frames,
    /** Of what crossed the underlay. */
    share: (headerBytes + trailerBytes) / (headerBytes + trailerBytes + innerBytes),
  }));
}

function perFrame(count: number, frames: number): number {
  return frames === 0 ? 0 : count / frames;
}
