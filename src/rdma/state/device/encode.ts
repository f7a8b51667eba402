/** A device's section from what it says. */
import { roundUp } from "../../verbs/memory.js";
import { RecordWriter } from "../records.js";
import type { DeviceImage } from "./image.js";
import * as tables from "./tables.js";

export function encodeDevice(image: DeviceImage): Uint8Array {
  const writer = new RecordWriter();
  const { limits, icrc, protectionDomains, nextQpn, completionQueues } = image;
  writer.record(tables.HEAD, { ...limits, isChecked: icrc === "full", protectionDomains, nextQpn });
  for (const value of image.counters) writer.record(tables.COUNTER, { value });
  const used = [...image.uses.entries()].filter(([, uses]) => uses !== 0);
  writer.records(
    tables.PLACE,
    used.map(([place, uses]) => ({ key: ((place << 8) | uses) >>> 0 })),
  );
  writer.records(tables.REGION, [...image.regions.values()]);
  writer.records(tables.PATH, image.addresses);
  writer.records(tables.CQ, completionQueues);
  for (const { completions } of completionQueues) writer.records(tables.COMPLETION, completions);
  const qps = [...image.queuePairs.values()];
  writer.records(tables.QP, qps);
  for (const { path, sends, receives, answers, atomics } of qps) {
    writer.records(tables.PATH, path ? [path] : []);
    writer.records(tables.SEND, sends);
    writer.records(tables.RECEIVE, receives);
    writer.records(tables.ANSWER, answers);
    writer.records(tables.ATOMIC, atomics);
  }
  for (const list of [image.active, image.timed, image.failed]) {
    writer.records(
      tables.QPN,
      list.map((qpn) => ({ qpn })),
    );
  }
  writer.align(8);
  writer.reserve(image.bytes.reduce((sum, run) => sum + roundUp(run.length), 0));
  for (const run of image.bytes) writer.run(run);
  return writer.done();
}
