/** What a scenario file may say. Unknown keys are refused: a misspelt option must not be a silent default. */
import * as v from "valibot";

const VNI_MAX = 0xffffff;

const Name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, "a name of a-z, 0-9 and -"));
const Network = v.strictObject({
  vni: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(VNI_MAX)),
});
const Partition = v.strictObject({
  network: Name,
  /** Of a host with uplinks: the partition's addresses, and the uplinks that it may use. */
  macs: v.optional(v.array(v.string())),
  members: v.optional(v.array(Name)),
  backup: v.optional(v.array(Name)),
  standalone: v.optional(Name),
});
const Host = v.strictObject({
  /** Underlay address, IPv4 or IPv6. */
  address: v.union(
    [v.pipe(v.string(), v.ipv4()), v.pipe(v.string(), v.excludes("%"), v.ipv6())],
    "an IPv4 or IPv6 address",
  ),
  /** Names of several uplinks that the partitions share, each with a set of its own; without, there is one for all. */
  uplinks: v.optional(v.array(Name)),
  partitions: v.record(Name, Partition),
});
const Replay = v.strictObject({
  /** A capture file, relative to the scenario's folder. */
  capture: v.pipe(v.string(), v.minLength(1)),
  from: Name,
  to: Name,
});
const Frames = v.pipe(v.number(), v.integer(), v.minValue(0));
/** A cable that is pulled while so many frames, counted over all replays, have been sent. */
const LinkDown = v.strictObject({
  host: Name,
  uplink: Name,
  fromFrame: Frames,
  toFrame: Frames,
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
  /** What is sent; all at once. */
  replays: v.pipe(v.array(Replay), v.minLength(1)),
  linkDown: v.optional(v.array(LinkDown), []),
});

export type Scenario = v.InferOutput<typeof ScenarioSchema>;
export type Replay = v.InferOutput<typeof Replay>;
