import type { CPeers } from "./c-peers.js";
import { compileCalls, inProcess, type Series, wasmCalls } from "./contestant.js";
import { failover } from "./lag/failover.js";
import { egressMatrices, ordinaryLag } from "./lag/matrix.js";
import { plainPick } from "./lag/plain.js";
import { createLagPlane } from "./lag/plane.js";
import { failoverText, matrixText } from "./lag/text.js";
import { type Case, PLAIN, type Question } from "./question.js";
import { randomU32, udpFrames } from "./workload.js";

const BURST = 32;
const FRAMES = 256;
const MATRIX_FRAMES = 333_568;
const CONTROL_FLOWS = 65_536;

type Policy = "layer3+4" | "toeplitz";

/** What does it cost to choose a link of the right partition, and does every frame leave by one of its own? */
export function lag(cPeers: CPeers): Question {
  return {
    name: "lag",
    measured:
      `${FRAMES} parsed 64-byte frames in bursts of ${BURST}, of random partitions: hash, partition, bucket, its owner. 4 ports, 256 buckets a ` +
      "partition. By vnic a partition is told by the port that the frame came from (a host), by address by its destination MAC address and " +
      "VLAN (a switch).",
    cases: async () => {
      const kinds = (["layer3+4", "toeplitz"] as const).flatMap((policy) =>
        (["vnic", "address"] as const).flatMap((by) => [1, 4096].map((partitions) => ({ policy, by, partitions }))),
      );
      return Promise.all(kinds.map((kind) => caseOf(cPeers, kind)));
    },
    shows: async () => {
      const matrices = matrixText(await egressMatrices(MATRIX_FRAMES), await ordinaryLag(CONTROL_FLOWS));
      return `${matrices}\n\n${failoverText([await failover("drain"), await failover("none")])}`;
    },
  };
}

async function caseOf(
  cPeers: CPeers,
  { policy, by, partitions }: { policy: Policy; by: "vnic" | "address"; partitions: number },
): Promise<Case> {
  const random = randomU32(partitions);
  const owners = Array.from({ length: FRAMES }, () => random() % partitions);
  const frames = udpFrames(FRAMES, 64);
  for (const [i, frame] of frames.entries())
    frame.set([2, 0, 0, 0, (owners[i] as number) >> 8, (owners[i] as number) & 0xff]);
  const plane = await createLagPlane({ policy, by, partitions }, frames, owners);
  const { arena, group, kernels, list, picks } = plane;
  const series = (kernel: string): Series => ({
    times: FRAMES / BURST,
    calls: [[kernel, group.record.ptr, [list, BURST * 4], BURST, [picks, BURST * 4]]],
  });
  const image = arena.u8.slice();
  compileCalls(kernels, series("lagPickBurst"))();
  const expected = arena.u32.slice(picks >> 2, (picks >> 2) + FRAMES);

  const tables = group.partitions.map(({ record }) => record.destinations());
  const pick = plainPick(policy, by, tables);
  const views = frames.map((frame) => new DataView(frame.buffer, frame.byteOffset, frame.length));
  const pickAt = (i: number) => pick(frames[i] as Uint8Array, views[i] as DataView, owners[i] as number);
  const differs = expected.findIndex((member, i) => member !== pickAt(i));
  if (differs >= 0) throw new Error(`plain JavaScript picks another member for frame ${differs}`);
  const plain = () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) sum = (sum + pickAt(i)) | 0;
    return sum;
  };
  const work = { image, items: FRAMES, expected: { at: picks, bytes: new Uint8Array(expected.buffer) } };
  const twin = policy === "layer3+4" ? "lag_layer34_burst" : "lag_toeplitz_burst";
  return {
    name: `${policy}, ${partitions} partition${partitions > 1 ? "s" : ""} by ${by}`,
    unit: "ns a frame",
    ours: wasmCalls("lagPickBurst", FRAMES, kernels, series("lagPickBurst")),
    peers: [inProcess(`${PLAIN}, Map and DataView`, FRAMES, plain), ...cPeers.twins(work, series(twin))],
    bounds: [{ most: policy === "layer3+4" ? 8 : 12 }],
  };
}
