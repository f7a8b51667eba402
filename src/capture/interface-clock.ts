/**
 * Turns the 64-bit timestamps of one pcapng interface into nanoseconds since the epoch, for any resolution
 * (draft-ietf-opsawg-pcapng, if_tsresol and if_tsoffset). Times finer than a nanosecond are rounded down.
 */

const NS_PER_SECOND = 1_000_000_000n;
/** Up to here `low tick word * nanoseconds per tick` is below 2^53, hence exact in a number. */
const MAX_FAST_NS_PER_TICK = 1_000_000n;

export class InterfaceClock {
  readonly ticksPerSecond: bigint;
  readonly #offsetNs: bigint;
  /** Nanoseconds in one tick, or 0 where these are no whole number from 1 to MAX_FAST_NS_PER_TICK. */
  readonly #nsPerTick: number;
  /** The newest high word, and the nanoseconds it stands for: it stays the same for 4.3 s of nanosecond ticks. */
  #high = -1;
  #highNs = 0n;

  constructor(ticksPerSecond: bigint, offsetSeconds: bigint) {
    this.ticksPerSecond = ticksPerSecond;
    this.#offsetNs = offsetSeconds * NS_PER_SECOND;
    const nsPerTick = NS_PER_SECOND / ticksPerSecond;
    const fast = nsPerTick * ticksPerSecond === NS_PER_SECOND && nsPerTick <= MAX_FAST_NS_PER_TICK;
    this.#nsPerTick = fast ? Number(nsPerTick) : 0;
  }

  /** Nanoseconds since the epoch of the timestamp whose two 32-bit words are given. */
  ns(high: number, low: number): bigint {
    if (this.#nsPerTick === 0) {
      const ticks = (BigInt(high) << 32n) | BigInt(low);
      return this.#offsetNs + (ticks * NS_PER_SECOND) / this.ticksPerSecond;
    }
    if (high !== this.#high) {
      this.#high = high;
      this.#highNs = this.#offsetNs + (BigInt(high) << 32n) * BigInt(this.#nsPerTick);
    }
    return this.#highNs + BigInt(low * this.#nsPerTick);
  }
}

/** Ticks per second that an if_tsresol byte means: its low 7 bits are an exponent of 10, or of 2 if bit 7 is set. */
export function ticksPerSecond(tsresol: number): bigint {
  return (tsresol & 0x80 ? 2n : 10n) ** BigInt(tsresol & 0x7f);
}
