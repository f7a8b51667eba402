/**
 * What a scenario file may say: networks, endpoints and hosts as policy files say them (document/fabric.ts), each endpoint's set of uplinks,
 * the underlay, and what is sent, moved and broken. Unknown keys are refused: a misspelt option must not be a silent default. All
 * times are ms of virtual time, from when every endpoint is attached.
 */
import * as v from "valibot";
import { EndpointSchema, FabricSchema } from "../document/fabric.js";
import { LIMIT_POLICY_KEYS } from "../document/limit-policy.js";
import { Name, Word } from "../document/words.js";
import { FaultsSchema, SeedSchema } from "./faults-schema.js";
import { SocketsSchema } from "./sockets-schema.js";
import { DirectorySchema, UnderlaySchema } from "./underlay-schema.js";

const DAY_MS = 86_400_000;
const PORT_MAX = 65535;
const FRAMES_MAX = 1_000_000;
const PAYLOAD_MAX = 60_000;
const MBUFS_MAX = 2 ** 20;

const Ms = v.pipe(v.number(), v.minValue(0), v.maxValue(DAY_MS));
const Frames = v.pipe(v.number(), v.integer(), v.minValue(0));
const Port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PORT_MAX));

/** What a partition may hold of its host's mbufs, and each of its peers of them. */
const Mbufs = v.strictObject({ ...LIMIT_POLICY_KEYS, peers: v.optional(v.strictObject(LIMIT_POLICY_KEYS)) });

const Endpoint = v.strictObject({
  ...EndpointSchema.entries,
  /** The uplinks that it may use, of the host that it is on; all of them without. On another host those in the same places. */
  members: v.optional(v.array(Name)),
  backup: v.optional(v.array(Name)),
  standalone: v.optional(Name),
  /** Without limit by default. */
  mbufs: v.optional(Mbufs),
  /** Endpoints whose frames it takes and never gives back, as a socket does that nobody reads. */
  unread: v.optional(v.array(Name), []),
});

/** delivered, denied, limited (delivered, or refused as mbuf-limit), or via a waypoint's partition, such as "via fw". */
const Expectation = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^(delivered|denied|limited|via .+)$/, 'delivered, denied, limited, or "via" and a partition'),
  ),
  "delivered",
);

const Replay = v.strictObject({
  /** A capture file, relative to the scenario's folder. */
  capture: v.pipe(v.string(), v.minLength(1)),
  /** Who has the addresses of the capture: each frame is sent by the one whose MAC address it comes from. */
  from: Name,
  to: Name,
  atMs: v.optional(Ms, 0),
  /** Instead of the capture's own times. */
  framesPerSecond: v.optional(v.pipe(v.number(), v.minValue(0.001), v.maxValue(1e9))),
  expect: Expectation,
});

/** Frames that are made up: UDP datagrams, TCP connections' first segments, or pings, which are answered. */
const Flow = v.strictObject({
  name: v.optional(Word),
  from: Name,
  to: Name,
  protocol: v.optional(v.picklist(["udp", "tcp", "icmp"]), "udp"),
  /** The destination's, of UDP and TCP. */
  port: v.optional(Port),
  count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(FRAMES_MAX)),
  atMs: v.optional(Ms, 0),
  everyMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(DAY_MS)), 1),
  /** Payload of UDP and of pings, in bytes. */
  bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(PAYLOAD_MAX))),
  expect: Expectation,
});

const Move = v.strictObject({
  endpoint: Name,
  /** The host that it goes to. */
  to: Name,
  atMs: v.optional(Ms),
  /** Instead: when so many frames, of all replays and flows, have been sent. */
  afterFrames: v.optional(Frames),
  /** With its adapter's state; without, it just appears there, as if it had been started again. */
  state: v.optional(v.boolean(), true),
});

/** An uplink's link, and those in its place on all other hosts, is out of service while so many frames have been sent. */
const LinkDown = v.strictObject({ host: Name, uplink: Name, fromFrame: Frames, toFrame: Frames });

const Engine = v.strictObject({
  mbufs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(MBUFS_MAX)), 4096),
  /** Mbufs that all owners of a host may hold, where endpoints have limits: all of its engine's by default. */
  wall: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MBUFS_MAX))),
  /** Frames that wait for one endpoint, or are kept for it: 64 by default. What a moved VM sends may be there before the directory's word. */
  heldFrames: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))),
  payloadBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(64), v.maxValue(65536))),
  /** Of the outer headers. */
  udpChecksum: v.optional(v.picklist(["zero", "full"])),
});

/** At most so many frames that did not come out as they went in; none without. */
const Expect = v.strictObject({
  missing: v.optional(Frames, 0),
  altered: v.optional(Frames, 0),
  duplicated: v.optional(Frames, 0),
});

export const ScenarioSchema = v.strictObject({
  title: v.pipe(v.string(), v.minLength(1)),
  /** All that is random comes from it. */
  seed: v.optional(SeedSchema, 1),
  engine: v.optional(Engine, {}),
  ...FabricSchema.entries,
  endpoints: v.record(Name, Endpoint),
  underlay: v.optional(UnderlaySchema, {}),
  directory: v.optional(DirectorySchema, {}),
  replays: v.optional(v.array(Replay), []),
  flows: v.optional(v.array(Flow), []),
  sockets: v.optional(v.array(SocketsSchema), []),
  moves: v.optional(v.array(Move), []),
  linkDown: v.optional(v.array(LinkDown), []),
  faults: v.optional(FaultsSchema, []),
  expect: v.optional(Expect, {}),
});

export type ScenarioText = v.InferOutput<typeof ScenarioSchema>;
export type ReplayText = v.InferOutput<typeof Replay>;
export type FlowText = v.InferOutput<typeof Flow>;
export type MoveText = v.InferOutput<typeof Move>;
export type EndpointText = v.InferOutput<typeof Endpoint>;
