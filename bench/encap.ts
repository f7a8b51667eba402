import { MBUF_CAUSE, MBUF_DATA, QUEUE_BYTES } from "../assembly/layout.js";
import type { CPeers } from "./c-peers.js";
import { type Arg, type Call, compileCalls, inProcess, type Series } from "./contestant.js";
import { HEADER_BYTES } from "./plain-vxlan.js";
import { armVnic, createPlane, type Plane, POOL_MBUFS, savedRecords } from "./plane.js";
import type { Case, Contestant, Question } from "./question.js";
import { vxlanPeers } from "./vxlan-peers.js";
import { udpFrames } from "./workload.js";

const BURST = 32;
const MEMBERS = 4;

/** What does VXLAN cost a frame? */
export function encap(cPeers: CPeers): Question {
  return {
    name: "encap",
    measured:
      `${POOL_MBUFS} frames in bursts of ${BURST}: parse, hash of the inner flow, 50 bytes of outer header in front, lengths, entropy port, ` +
      "IPv4 checksum. Records are set back for the next run inside the loop, on both sides (0.6 ns). The transmit loop adds the ring, " +
      "one descriptor, counters and the doorbell. The npm packages write the outer headers into a buffer and join it with the frame.",
    cases: async () => (await Promise.all([64, 1500].map((bytes) => casesOf(cPeers, bytes)))).flat(),
  };
}

async function casesOf(cPeers: CPeers, frameBytes: number): Promise<Case[]> {
  const frames = udpFrames(POOL_MBUFS, frameBytes);
  const peers = await vxlanPeers(frames);
  const plain = [peers.concat, peers.inHeadroom, peers.packages];
  const list = (plane: Plane): Arg => [plane.list, BURST * 4];
  const whole = await kernelCase(cPeers, frames, {
    name: `${frameBytes} B, parse and encapsulate`,
    ours: (plane) => [["encapBurst", list(plane), BURST, plane.tunnel]],
    twin: (plane) => [["encap_burst", list(plane), BURST, plane.tunnel]],
  });
  const parsed = await kernelCase(cPeers, frames, {
    name: `${frameBytes} B, encapsulate what is parsed`,
    ours: (plane) => [["encapParsedBurst", list(plane), BURST, plane.tunnel]],
    twin: (plane) => [["encap_parsed_burst", list(plane), BURST, plane.tunnel]],
  });
  const posted = await kernelCase(cPeers, frames, {
    name: `${frameBytes} B, encapsulate, layer3+4 pick, descriptor`,
    ours: (plane) => [
      ["pickBurst", plane.layer34, list(plane), MEMBERS, plane.scratch, BURST],
      ["encapParsedBurst", list(plane), BURST, plane.tunnel],
      ["postBurst", plane.uplink.queue, list(plane), BURST],
    ],
    twin: (plane) => [
      ["pick_burst", list(plane), MEMBERS, plane.scratch, BURST],
      ["encap_parsed_burst", list(plane), BURST, plane.tunnel],
      ["post_burst", plane.uplink.queue, list(plane), BURST],
    ],
  });
  const pick = await kernelCase(cPeers, frames, {
    name: `${frameBytes} B, layer3+4 pick alone`,
    changesNothing: true,
    ours: (plane) => [["pickBurst", plane.layer34, list(plane), MEMBERS, plane.scratch, BURST]],
    twin: (plane) => [["pick_burst", list(plane), MEMBERS, plane.scratch, BURST]],
  });
  const isSmall = frameBytes === 64;
  return [
    { ...whole, peers: [...plain, ...whole.peers] },
    { ...parsed, bounds: isSmall ? [{ most: 11 }, { most: 1.1, times: "C, native" }] : [] },
    { ...posted, bounds: isSmall ? [{ most: 18 }] : [] },
    { ...pick, bounds: isSmall ? [{ most: 5 }] : [] },
    await transmitCase(frames, plain),
  ];
}

type Calls = (plane: Plane) => Call[];

interface KernelCase {
  readonly name: string;
  readonly ours: Calls;
  readonly twin: Calls;
  /** Nothing has to be set back. */
  readonly changesNothing?: boolean;
}

async function kernelCase(
  cPeers: CPeers,
  frames: readonly Uint8Array[],
  { name, ours, twin, changesNothing = false }: KernelCase,
): Promise<Case> {
  const plane = await createPlane(frames);
  const { kernels, arena, list, uplink } = plane;
  kernels.parseBurst(list, POOL_MBUFS);
  const saved = savedRecords(plane);
  const series = (calls: Calls): Series => ({ times: POOL_MBUFS / BURST, calls: calls(plane) });
  const image = arena.u8.slice();
  const run = compileCalls(kernels, series(ours));
  run();
  checkCauses(plane);
  // What frames look like afterwards: the outer headers of the first.
  const data = arena.u32[((arena.u32[list >> 2] as number) + MBUF_DATA) >> 2] as number;
  const expected = { at: data, bytes: arena.u8.slice(data, data + HEADER_BYTES + 20) };
  saved.restore();
  // Whenever the first burst comes up, everything is set back.
  const restore: readonly Call[] = [
    ["restore_at", list, [list, BURST * 4], saved.records, saved.copy, saved.bytes],
    ["restore_at", list, [list, BURST * 4], uplink.queue, saved.queueCopy, QUEUE_BYTES],
  ];
  const andRestore = () => {
    const sum = run();
    saved.restore();
    return sum;
  };
  const calls = changesNothing ? twin(plane) : [...restore, ...twin(plane)];
  return {
    name,
    unit: "ns a frame",
    ours: inProcess(name, POOL_MBUFS, changesNothing ? run : andRestore),
    peers: cPeers.twins({ image, items: POOL_MBUFS, expected }, { times: POOL_MBUFS / BURST, calls }),
  };
}

async function transmitCase(frames: readonly Uint8Array[], plain: readonly Contestant[]): Promise<Case> {
  const plane = await createPlane(frames);
  const setBack = armVnic(plane);
  const calls: Call[] = [["txBurst", plane.tunnel, BURST]];
  const run = compileCalls(plane.kernels, { times: POOL_MBUFS / BURST, calls });
  const name = `${(frames[0] as Uint8Array).length} B, transmit loop`;
  return {
    name,
    unit: "ns a frame",
    ours: inProcess(name, POOL_MBUFS, () => {
      if (run() !== POOL_MBUFS) throw new Error("not every frame was posted");
      setBack();
      return 0;
    }),
    peers: plain,
  };
}

function checkCauses({ arena, list }: Plane): void {
  for (const m of arena.u32.subarray(list >> 2, (list >> 2) + POOL_MBUFS)) {
    if (arena.u16[(m + MBUF_CAUSE) >> 1] !== 0) throw new Error("a frame was refused");
  }
}
