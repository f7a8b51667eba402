/** What a scenario file may say. Unknown keys are refused: a misspelt option must not be a silent default. */
import * as v from "valibot";

const VNI_MAX = 0xffffff;

const Name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, "a name of a-z, 0-9 and -"));
const Network = v.strictObject({
  vni: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(VNI_MAX)),
});
const Partition = v.strictObject({
  network: Name,
});
const Host = v.strictObject({
  /** Underlay address, IPv4 or IPv6. */
  address: v.union(
    [v.pipe(v.string(), v.ipv4()), v.pipe(v.string(), v.excludes("%"), v.ipv6())],
    "an IPv4 or IPv6 address",
  ),
  partitions: v.record(Name, Partition),
});
const Replay = v.strictObject({
  /** A capture file, relative to the scenario's folder. */
  capture: v.pipe(v.string(), v.minLength(1)),
  from: Name,
  to: Name,
});
const Engine = v.strictObject({
  mbufs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(2 ** 20))),
  payloadBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(64), v.maxValue(65536))),
  udpChecksum: v.optional(v.picklist(["zero", "full"])),
});

export const ScenarioSchema = v.strictObject({
  title: v.pipe(v.string(), v.minLength(1)),
  engine: v.optional(Engine, {}),
  networks: v.record(Name, Network),
  hosts: v.record(Name, Host),
  replay: Replay,
});

export type Scenario = v.InferOutput<typeof ScenarioSchema>;
