/** The benchmark's C programs work on ringlane's memory, by records of their own (bench/peers/records.h): they must do what it does. */
import { describe, expect, test } from "vitest";
import { CPeers } from "../../bench/c-peers.js";
import { questions } from "../../bench/questions.js";
import { has } from "../helpers/command.js";

const isC = ({ name }: { readonly name: string }) => name.startsWith("C, ") || name.startsWith("DPDK");

describe.skipIf(!has("gcc") || !has("clang"))("C peers", () => {
  // Who comes to something else than ringlane throws when he is made, or first timed.
  test("do the same work as ringlane, in every question that asks them", async () => {
    const peers = new CPeers({ needed: true });
    try {
      expect(peers.missing.filter((name) => !name.startsWith("DPDK"))).toEqual([]);
      const asked: string[] = [];
      for (const question of questions(peers).filter(({ slow }) => !slow)) {
        const contestants = (await question.cases()).flatMap((one) => one.peers.filter(isC));
        for (const contestant of contestants) expect(await contestant.time(1e-6)).toBeGreaterThan(0);
        if (contestants.length > 0) asked.push(question.name);
        peers.rest();
      }
      expect(asked).toEqual(["checksum", "crc", "toeplitz", "table", "ring", "encap", "lag", "pipeline"]);
    } finally {
      peers.close();
    }
  });
});
