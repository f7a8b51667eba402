/** A device's section from what it says. */
import { roundUp } from "../../verbs/memory.js";
import { SectionWriter } from "../section.js";
import type { DeviceImage } from "./image.js";
import * as tables from "./tables.js";

export function encodeDevice(image: DeviceImage): Uint8Array {
  const writer = new SectionWriter();
  const { limits, icrc, protectionDomains, nextQpn, completionQueues } = image;
  writer.record(tables.HEAD, { ...limits, isChecked: icrc === "full", protectionDomains, nextQpn });
  for (const value of image.counters) writer.record(tables.COUNTER, { value });
  const used = [...image.uses.entries()].filter(([, uses]) => uses !== 0);
  writer.list(
    tables.PLACE,
    used.map(([place, uses]) => ({ key: ((place << 8) | uses) >>> 0 })),
  );
  writer.list(tables.REGION, [...image.regions.values()]);
  writer.list(tables.PATH, image.addresses);
  writer.list(tables.CQ, completionQueues);
  for (const { completions } of completionQueues) writer.list(tables.COMPLETION, completions);
  const qps = [...image.queuePairs.values()];
  writer.list(tables.QP, qps);
  for (const { path, sends, receives, answers, atomics } of qps) {
    writer.list(tables.PATH, path ? [path] : []);
    writer.list(tables.SEND, sends);
    writer.list(tables.RECEIVE, receives);
    writer.list(tables.ANSWER, answers);
    writer.list(tables.ATOMIC, atomics);
  }
  for (const list of [image.active, image.timed, image.failed]) {
    writer.list(
      tables.QPN,
      list.map((qpn) => ({ qpn })),
    );
  }
  const bytes = image.bytes.reduce((sum, run) => sum + roundUp(run.length), 0);
  for (const run of image.bytes) writer.run(run, bytes);
  return writer.finish();
}
