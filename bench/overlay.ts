import { COUNTER_TX_FRAMES, TUNNEL_TEMPLATE } from "../assembly/layout.js";
import { encodeTunnel } from "../src/overlay/tunnel.js";
import { compileCalls, inProcess, type Series, wasmCalls } from "./contestant.js";
import { plainSend } from "./overlay/plain.js";
import { benchPolicy, createOverlayBed, type OverlayBed } from "./overlay/plane.js";
import { frames, VNI } from "./overlay/traffic.js";
import { HEADER_BYTES } from "./plain-vxlan.js";
import { armVnic } from "./plane.js";
import { type Case, type Contestant, PLAIN, type Question } from "./question.js";

const BURST = 32;
const FRAMES = 1024;
const MANY = 1_000_000;
const ARRIVING = 131_072;
const ROOM = 256;

/** What does a frame's whole way through the overlay cost, and what do rules? */
export const overlay: Question = {
  name: "overlay",
  measured:
    `${FRAMES} frames of 64 bytes in bursts of ${BURST} to random ones of 1,000 destinations on 100 hosts, from a vnic's ring to descriptors on the ` +
    "uplink: parse, addresses, destination, policy, path, VXLAN header, counters, doorbell. Setting the frames back for the next round is in " +
    "it, some 2 ns a frame. Rules are between 50 groups, each of other ports; stateful ones find their flows known.",
  cases: async () => {
    const kinds = [1, 1000].map(async (rules) => {
      const stateless = await caseOf(rules, false, rules === 1 ? 40 : 50);
      const stateful = await caseOf(rules, true);
      return [stateless, { ...stateful, peers: [{ ...stateless.ours, name: "the same rules, stateless" }] }];
    });
    return (await Promise.all(kinds)).flat();
  },
};

/** And when what is looked up is in no cache? */
export const overlayLarge: Question = {
  name: "overlay-large",
  measured:
    `${ARRIVING.toLocaleString("en")} frames to random ones of a million destinations on 10,000 hosts, by 1 rule, in bursts of ${BURST}. A frame's arrival ` +
    "(a copy out of 8 MB of frames, alloc) and what the device does are in it; what they cost alone is beside it. Plain JavaScript has neither.",
  slow: true,
  cases: async () => {
    const bed = await createOverlayBed({
      ...{ destinations: MANY, hosts: 10_000, policy: benchPolicy(1, false) },
      ...{ frames: frames(ARRIVING, MANY), mbufs: ROOM },
    });
    const send = ["overlaySendBurst", bed.plane.ptr, bed.vnic, BURST] as const;
    const whole = arriving(bed, ["portReceiveBurst", bed.vnicPort.ptr, bed.list, BURST], send);
    const bare = arriving(bed, ["portPostBurst", bed.uplinkPort.ptr, bed.list, BURST]);
    const sent = sentBy(bed, () => compileCalls(bed.kernels, whole)());
    if (sent !== ARRIVING) throw new Error(`${sent} of ${ARRIVING} frames were sent`);
    return [
      {
        name: "1,000,000 destinations",
        unit: "ns a frame",
        ours: wasmCalls("overlaySendBurst", ARRIVING, bed.kernels, whole),
        peers: [
          wasmCalls("arrival and departure alone", ARRIVING, bed.kernels, bare),
          plainContestant(frames(ARRIVING, MANY), MANY, 10_000, 1),
        ],
        bounds: [{ most: 80 }],
      },
    ];
  },
};

async function caseOf(rules: number, stateful: boolean, most?: number): Promise<Case> {
  const sources = frames(FRAMES, 1000);
  const policy = benchPolicy(rules, stateful);
  const bed = await createOverlayBed({ destinations: 1000, hosts: 100, policy, frames: sources, mbufs: FRAMES });
  const { kernels, pool, list, plane, vnic, vnicPort, uplinkPort, arena, saved } = bed;
  for (let i = 0; i < FRAMES; i += BURST) {
    kernels.copyInBurst(pool.ptr, bed.sources.ptrs + i * 4, bed.sources.lens + i * 4, list + i * 4, BURST);
  }
  const again = armVnic({ mbufs: FRAMES, kernels, arena, uplink: uplinkPort, vnic: vnicPort, list, saved });
  const send = compileCalls(kernels, { times: FRAMES / BURST, calls: [["overlaySendBurst", plane.ptr, vnic, BURST]] });
  const ours = () => {
    again();
    return send();
  };
  const sent = sentBy(bed, ours);
  if (sent !== FRAMES) throw new Error(`${sent} of ${FRAMES} frames were sent`);
  return {
    name: `1,000 destinations, ${rules === 1 ? "1 rule" : `${rules.toLocaleString("en")} rules`}${stateful ? ", stateful" : ""}`,
    unit: "ns a frame",
    ours: inProcess("overlaySendBurst", FRAMES, ours),
    peers: stateful ? [] : [plainContestant(sources, 1000, 100, rules)],
    ...(most !== undefined && { bounds: [{ most }] }),
  };
}

/** Arrival of a burst, work on it, and its departure, over all frames. */
function arriving(bed: OverlayBed, ...work: Series["calls"]): Series {
  const { pool, sources, list, uplinkPort } = bed;
  const step = BURST * 4;
  return {
    times: ARRIVING / BURST,
    calls: [
      ["copyInBurst", pool.ptr, [sources.ptrs, step], [sources.lens, step], list, BURST],
      ...work,
      ["discardBurst", uplinkPort.ptr, list, BURST],
    ],
  };
}

function sentBy({ arena, uplinkPort }: OverlayBed, run: () => number): number {
  const counter = uplinkPort.counters / 8 + COUNTER_TX_FRAMES;
  const before = arena.u64[counter] as bigint;
  run();
  return Number((arena.u64[counter] as bigint) - before);
}

function plainContestant(
  sources: readonly Uint8Array[],
  destinations: number,
  hosts: number,
  rules: number,
): Contestant {
  const { record } = encodeTunnel({ vni: VNI, local: "192.0.2.1", remote: "198.18.0.0" });
  const header = record.slice(TUNNEL_TEMPLATE, TUNNEL_TEMPLATE + HEADER_BYTES);
  const groups = Math.min(rules, 50);
  const ports = Array.from({ length: groups }, (_, group) =>
    Array.from({ length: Math.ceil(rules / groups) }, (_, i) => 1000 + i * groups + group).concat(53),
  );
  const send = plainSend(header, destinations, hosts, groups, ports);
  const stride = 192;
  const memory = new DataView(new ArrayBuffer(sources.length * stride));
  for (const [i, frame] of sources.entries()) new Uint8Array(memory.buffer).set(frame, i * stride + 64);
  return inProcess(`${PLAIN}, Maps and DataView`, sources.length, () => {
    let sum = 0;
    for (let i = 0; i < sources.length; i++) sum += send(memory, i * stride + 64);
    return sum;
  });
}
