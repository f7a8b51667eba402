/** Transfers both ways over a bad wire, in virtual time from seeds: every message and every whole exactly once, in order. */
import { expect, test } from "vitest";
import { censusAfterEach } from "../../helpers/census.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { connect, type Faults, Wire } from "../../helpers/rdma.js";
import { makeTransferEnd, renewed, type TransferEnd, TransferFlow } from "../../helpers/transfer.js";

censusAfterEach();

const WIRES: readonly Faults[] = [
  {},
  { loss: 0.02 },
  { loss: 0.2 },
  { twice: 0.3 },
  { late: 0.3 },
  { loss: 0.1, twice: 0.1, late: 0.1 },
];

function run(ends: readonly [TransferEnd, TransferEnd], random: Random, faults: Faults): [TransferEnd, TransferEnd] {
  const [a, b] = [renewed(ends[0]), renewed(ends[1])];
  const window = 2 ** random.below(6);
  connect(a, b, { rtr: { minRnrTimer: 1 }, rts: { retryCount: 255, window, timeoutUs: 1000 } });
  const flows = [new TransferFlow(a, b, random, 12), new TransferFlow(b, a, random, random.below(12))] as const;
  const wire = new Wire(a, b, random, faults);
  for (let i = 0; i < 100_000 && !flows.every(({ isDone }) => isDone); i++) {
    for (const flow of flows) flow.step();
    wire.step();
  }
  expect(flows.map(({ isDone }) => isDone)).toEqual([true, true]);
  wire.settle();
  for (const flow of flows) {
    flow.finish();
    flow.close();
  }
  return [a, b];
}

test.each(BUILDS)("%s", { timeout: 120_000 }, async (build) => {
  const random = new Random();
  let ends: [TransferEnd, TransferEnd] = [await makeTransferEnd({ build }), await makeTransferEnd({ build })];
  for (let i = 0; i < (build === "release" ? 2500 : 50); i++) {
    ends = run(ends, random, WIRES[i % WIRES.length] as Faults);
  }
  // Nothing was kept of them: all of the memory is there for one region again.
  for (const { pd } of ends) pd.register(2 ** 20).deregister();
});
