/** The seed and the faults of a scenario: what src/sim/schedule-text.ts prints. */
import * as v from "valibot";
import { DIRECTIONS } from "../sim/link.js";
import { SEED_MAX } from "../sim/random.js";

const LONGEST_MS = 86_400_000;

const Ms = v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_MS));
const Probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const Hosts = v.pipe(v.array(v.string()), v.minLength(1));
const when = { atMs: Ms, forMs: v.optional(Ms) };
const where = { link: v.string(), direction: v.optional(v.picklist(DIRECTIONS)) };
const delays = { delayMs: v.optional(Ms), jitterMs: v.optional(Ms) };

const Cut = v.strictObject({ kind: v.literal("cut"), ...when, ...where, silent: v.optional(v.boolean()) });
const Impair = v.strictObject({
  kind: v.literal("impair"),
  ...when,
  ...where,
  ...delays,
  loss: v.optional(Probability),
  duplicate: v.optional(Probability),
  reorder: v.optional(Probability),
  corrupt: v.optional(Probability),
  reorderMs: v.optional(Ms),
});
const Partition = v.strictObject({
  kind: v.literal("partition"),
  ...when,
  sides: v.pipe(v.array(Hosts), v.minLength(2)),
});
const DirectoryCut = v.strictObject({ kind: v.literal("directory-cut"), ...when, hosts: v.optional(Hosts) });
const DirectoryImpair = v.strictObject({
  kind: v.literal("directory-impair"),
  ...when,
  ...delays,
  hosts: v.optional(Hosts),
  loss: v.optional(Probability),
});

/** For a scenario's own schema: `seed: SeedSchema, faults: FaultsSchema`. Names of hosts and links are checked by Fabric.play. */
export const SeedSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(SEED_MAX));
export const FaultsSchema = v.array(v.variant("kind", [Cut, Impair, Partition, DirectoryCut, DirectoryImpair]));
