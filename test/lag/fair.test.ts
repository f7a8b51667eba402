/** How evenly random flows spread: by the hash, and by the buckets. The flows are the same in every run. */
import { beforeAll, describe, expect, it } from "vitest";
import { udpFrames } from "../../bench/workload.js";
import type { Burst } from "../../src/burst.js";
import type { FlowHasher } from "../../src/hash/hasher.js";
import { assignBuckets, NO_PORT } from "../../src/lag/buckets.js";
import { testEngine } from "../helpers/engines.js";

const POLICIES = ["layer3+4", "toeplitz"] as const;
const MEMBERS = [2, 3, 4, 5, 6, 7, 8];
const BURST = 256;

describe.each(POLICIES)("random flows by %s", (policy) => {
  let burst: Burst;
  let hasher: FlowHasher;
  beforeAll(async () => {
    const engine = await testEngine({ mbufs: BURST }, "release");
    burst = engine.burst();
    hasher = engine.hasher({ policy });
  });

  function hashes(flows: number): Uint32Array {
    const all = new Uint32Array(flows);
    for (let at = 0; at < flows; at += BURST) {
      burst.load(udpFrames(Math.min(BURST, flows - at), 42, at + 1).map((data) => ({ data })));
      burst.parse();
      all.set(burst.hashes(hasher), at);
    }
    return all;
  }

  it("are within 4 sigma of the share that each member's buckets have, which are within one of fair", () => {
    const flows = hashes(100_000);
    for (const members of MEMBERS) {
      const { owned, sent } = spread(flows, members, 256);
      for (const member of owned.keys()) {
        const share = (owned[member] as number) / 256;
        const sigma = Math.sqrt(flows.length * share * (1 - share));
        expect(Math.abs((owned[member] as number) - 256 / members)).toBeLessThan(1);
        expect(Math.abs((sent[member] as number) - flows.length * share)).toBeLessThan(4 * sigma);
      }
    }
  });

  it("are within 2 % of fair over 4,096 buckets and 1,000,000 flows", () => {
    const flows = hashes(1_000_000);
    for (const members of MEMBERS) {
      for (const sent of spread(flows, members, 4096).sent) {
        expect(Math.abs((sent * members) / flows.length - 1)).toBeLessThan(0.02);
      }
    }
  });
});

/** Buckets and flows of each member. */
function spread(flows: Uint32Array, members: number, buckets: number): { owned: number[]; sent: number[] } {
  const weighted = Array.from({ length: members }, (_, port) => ({ port, weight: 1 }));
  const owners = assignBuckets(new Uint8Array(buckets).fill(NO_PORT), weighted);
  const owned = weighted.map(({ port }) => owners.filter((owner) => owner === port).length);
  const sent = weighted.map(() => 0);
  for (const hash of flows) {
    const owner = owners[hash % buckets] as number;
    sent[owner] = (sent[owner] as number) + 1;
  }
  return { owned, sent };
}
