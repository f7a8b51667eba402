/** The shape of what `ringlane limit replay --json` prints, every key of it. */
import * as v from "valibot";

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Level = v.pipe(v.number(), v.minValue(0));
const Points = v.array(v.tuple([Level, Count]));
const Course = { held: Points, inUse: Points };

const Reactions = v.strictObject({
  count: Count,
  mostWindows: Count,
  meanWindows: Level,
  mostMs: Level,
  unanswered: Count,
});

const Figures = {
  frames: Count,
  refused: Count,
  drained: Count,
  waiting: Count,
  meanHeld: Level,
  meanInUse: Level,
  mostInUse: Count,
  inUse: Count,
  windows: Count,
  limitChanges: Count,
  reactions: Reactions,
};
const Totals = v.strictObject({ ...Figures, mostHeld: Count });

const Policy = v.strictObject({
  floor: Count,
  preset: Count,
  ceiling: Count,
  weight: Count,
  window: v.strictObject({ descriptors: Count, ms: Level }),
  reduce: v.looseObject({ by: v.picklist(["filled", "sojourn", "drops"]), windows: Count }),
  raise: v.strictObject({ filled: Level, windows: Count, returned: Level }),
  holdWindows: Count,
  reading: v.literal("held"),
});

export const ReplayReportSchema = v.strictObject({
  file: v.string(),
  packets: Count,
  frames: Count,
  lengthMs: Level,
  meanFramesPerSecond: v.nullable(Level),
  consumer: v.strictObject({
    framesPerSecond: Level,
    timesMean: v.nullable(Level),
    assumed: v.boolean(),
    stalls: v.array(v.string()),
  }),
  mbufBytes: Count,
  wall: Count,
  wallAssumed: v.boolean(),
  policies: v.strictObject({ all: Policy, peers: v.record(v.string(), Policy) }),
  peers: v.array(
    v.strictObject({
      peer: v.string(),
      policy: v.nullable(v.string()),
      ...Figures,
      firstMs: Level,
      preset: Count,
      low: Count,
      high: Count,
      final: Count,
      refusedAtStaticMinimum: Count,
      refusedAtStaticMaximum: Count,
    }),
  ),
  totals: v.strictObject({ controller: Totals, staticMinimum: Totals, staticMaximum: Totals }),
  series: v.strictObject({
    controller: v.strictObject(Course),
    staticMinimum: v.strictObject(Course),
    staticMaximum: v.strictObject(Course),
    peers: v.array(v.strictObject({ peer: v.string(), ...Course })),
  }),
  backwards: Count,
  framesOfPeersBeyond: Count,
  unsupportedLinkTypes: v.record(v.string(), Count),
  tooLong: Count,
  damage: v.optional(v.strictObject({ byteOffset: Count, reason: v.string() })),
});

export type ReplayReport = v.InferOutput<typeof ReplayReportSchema>;
