/** The shape of what `ringlane rdma estimate --json` prints, every key of it. */
import * as v from "valibot";

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Level = v.pipe(v.number(), v.minValue(0));

const Transfers = {
  transfers: Count,
  packets: Count,
  wireBytes: Count,
  utilization: v.nullable(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
};

const Window = v.strictObject({
  windowUs: Level,
  ...Transfers,
  payloadBytes: Count,
  messages: v.strictObject({ merged: Count, alone: Count, large: Count, straight: Count }),
  delayUs: v.strictObject({ p50: Level, p99: Level, most: Level }),
});

const Figures = {
  streams: Count,
  messages: Count,
  payloadBytes: Count,
  before: v.strictObject(Transfers),
  after: Window,
  windows: v.array(Window),
};

export const EstimateReportSchema = v.strictObject({
  file: v.string(),
  packets: Count,
  frames: Count,
  lengthMs: Level,
  windowUs: Level,
  mtuBytes: Count,
  limitBytes: Count,
  messagesMax: Count,
  operation: v.picklist(["write", "send"]),
  totals: v.strictObject(Figures),
  destinations: v.array(v.strictObject({ destination: v.string(), ...Figures })),
  leftOut: v.strictObject({
    withoutData: Count,
    retransmitted: Count,
    fragments: Count,
    rocev2: Count,
    unreadable: Count,
    notTcpOrUdp: Count,
    beyond: Count,
  }),
  backwards: Count,
  unsupportedLinkTypes: v.record(v.string(), Count),
  tooLong: Count,
  damage: v.optional(v.strictObject({ byteOffset: Count, reason: v.string() })),
});

export type EstimateReport = v.InferOutput<typeof EstimateReportSchema>;
