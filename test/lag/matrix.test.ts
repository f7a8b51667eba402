/** The claim: no frame outside its partition's set, in either direction; and what an ordinary LAG does instead. */
import { describe, expect, it } from "vitest";
import { egressMatrices, ordinaryLag } from "../../bench/lag/matrix.js";
import { PORTS } from "../../bench/lag/traffic.js";

describe("a million mixed frames", () => {
  it("leave, and arrive, by ports of their partition's set alone", async () => {
    const [from, towards, arriving] = await egressMatrices(333_568);
    expect([from?.frames, towards?.frames]).toEqual([333_568, 333_568]);
    for (const { rows } of [from, towards, arriving].filter((matrix) => matrix !== undefined)) {
      expect(rows.map(({ outside }) => outside)).toEqual([0, 0, 0, 0]);
      // Every port of every set is used, but for backups that are not needed.
      for (const { roles, frames } of rows) {
        for (const [i, role] of roles.entries()) {
          if (role === "member" || role === "standalone") expect(frames[i]).toBeGreaterThan(20_000);
        }
      }
    }
    // Frames to each partition came by all four ports alike: its set's part of them is delivered.
    const parts = arriving?.rows.map(({ frames }) => frames.reduce((sum, count) => sum + count, 0) / (333_568 / 16));
    expect(parts?.map((part) => Math.round(part * 10) / 10)).toEqual([2, 1, 3, 2]);
  });

  it("leave by another link than a standalone partition's, in an ordinary LAG, for (n - 1) / n of its flows", async () => {
    const { flows, misdelivered } = await ordinaryLag(65_536);
    const [p, sigma] = [(PORTS - 1) / PORTS, Math.sqrt((flows * (PORTS - 1)) / PORTS ** 2)];
    expect(Math.abs(misdelivered - flows * p)).toBeLessThan(4 * sigma);
  });
});
