/** Links and the way to the directory, as src/sim has them: what a scenario may say of either. */
import * as v from "valibot";

const LONGEST_MS = 86_400_000;

const Ms = v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_MS));
const Probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const link = {
  /** One way, from a host to the switch or back: a frame crosses two links. */
  delayMs: v.optional(Ms),
  jitterMs: v.optional(Ms),
  loss: v.optional(Probability),
  duplicate: v.optional(Probability),
  reorder: v.optional(Probability),
  reorderMs: v.optional(Ms),
  corrupt: v.optional(Probability),
  rateBps: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(1e15))),
  bufferBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 40))),
  mtuBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(68), v.maxValue(65535))),
};

export const UnderlaySchema = v.strictObject({
  ...link,
  delayMs: v.optional(Ms, 0.05),
  /** What differs for single links, by host.uplink. */
  links: v.optional(v.record(v.string(), v.strictObject(link)), {}),
});

export const DirectorySchema = v.strictObject({
  delayMs: v.optional(Ms),
  jitterMs: v.optional(Ms),
  loss: v.optional(Probability),
  timeoutMs: v.optional(Ms),
  resyncMs: v.optional(Ms),
});
