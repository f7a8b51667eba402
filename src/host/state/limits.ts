/**
 * What the adapter's partition may hold of its host's mbufs, and each of its peers: policies, limits, marks, what the controller has learned of
 * them. JSON, in the order and spelling in which extract writes it and no other; "null" of a partition that is not charged. Times are ages
 * in ms, to a thousandth. Adapters of one partition say the same.
 */
import type { CarriedLimits } from "../../limit/controller/carried.js";
import type { Limits } from "../../limit/limits.js";
import { decodeUtf8, encodeUtf8 } from "../../migrate/state/bytes/utf8.js";
import type { StatePart, StateRefusal } from "../../migrate/state/part.js";
import { refuse } from "../../migrate/state/refusal.js";
import type { Attachment } from "../attachment.js";
import { readLimits } from "./limits-json.js";
import { refusing } from "./refusing.js";

export class LimitsPart implements StatePart {
  readonly name = "limits";
  readonly version = 1;
  readonly #attachment: Attachment;
  readonly #limits: Limits | undefined;

  constructor(attachment: Attachment, limits: Limits | undefined) {
    this.#attachment = attachment;
    this.#limits = limits;
  }

  extract(nowMs: number): Uint8Array {
    const { partition } = this.#attachment;
    const carried = this.#isCharged ? this.#limits?.carried(partition, nowMs) : undefined;
    // Read as it will be, which puts fields in their order.
    return encodeUtf8(encodeLimits(carried && readLimits(carried)));
  }

  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal {
    return refusing(this.name, () => {
      const carried = decodeLimits(bytes);
      // From a host that did not charge it: what the attachment says here holds.
      if (!carried) return () => undefined;
      if (!this.#limits || !this.#isCharged)
        return refuse("owners", carried.owners.length, "null: it is not charged here");
      const resume = this.#limits.prepareCarried(this.#attachment.partition, carried);
      return () => resume(nowMs);
    });
  }

  get #isCharged(): boolean {
    return this.#attachment.options.mbufs !== undefined && (this.#limits?.has(this.#attachment.partition) ?? false);
  }
}

function encodeLimits(carried: CarriedLimits | undefined): string {
  return JSON.stringify(carried ?? null);
}

/** Undefined for "null"; ends the reading for what extract would not have written. */
function decodeLimits(bytes: Uint8Array): CarriedLimits | undefined {
  const text = decodeUtf8(bytes) ?? "";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("text", `${bytes.length} bytes`, "JSON in UTF-8");
  }
  const carried = value === null ? undefined : readLimits(value);
  // Whatever else it said, and however else.
  const written = encodeLimits(carried);
  const odd = [...written].findIndex((character, i) => character !== text[i]);
  if (written !== text) refuse("text", text.slice(Math.max(0, odd), Math.max(0, odd) + 32), "as extract writes it");
  return carried;
}
