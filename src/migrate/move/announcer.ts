/**
 * Says on a flat network where a VM is now, several times, since nobody acknowledges it: reverse ARP, and for each address a gratuitous ARP
 * or an unsolicited neighbour advertisement (overlay/answers/announce.ts). The times are those of QEMU's self-announcement: the first
 * round at once, the next after 50 ms, each later one after 100 ms more than the one before it, 550 ms at most, 5 rounds
 * (net/announce.c, qemu_announce_timer_step; the values are the migration parameters announce-initial, -step, -max and -rounds).
 */
import { checkInteger } from "../../check.js";
import { announcements } from "../../overlay/answers/index.js";

export interface AnnounceOptions {
  readonly initialMs?: number | undefined;
  readonly stepMs?: number | undefined;
  readonly maxMs?: number | undefined;
  readonly rounds?: number | undefined;
}

export interface AnnouncedEndpoint {
  /** "02:00:00:00:00:01". */
  readonly mac: string;
  /** Canonical text of IPv4 and IPv6 addresses. */
  readonly ips: readonly string[];
  readonly isRouter?: boolean;
}

const DELAY_MAX_MS = 100_000;
const ROUNDS_MAX = 1000;

export class Announcer {
  readonly #frames: readonly Uint8Array[];
  readonly #initialMs: number;
  readonly #stepMs: number;
  readonly #maxMs: number;
  readonly #rounds: number;
  #round = 0;
  #nextMs: number;

  /** Begins at startMs. Throws ConfigError for bad addresses, delays above 100 s, and rounds other than 1 to 1000. */
  constructor(endpoint: AnnouncedEndpoint, startMs: number, options: AnnounceOptions = {}) {
    const { initialMs = 50, stepMs = 100, maxMs = 550, rounds = 5 } = options;
    this.#initialMs = checkInteger("initialMs", initialMs, 0, DELAY_MAX_MS);
    this.#stepMs = checkInteger("stepMs", stepMs, 0, DELAY_MAX_MS);
    this.#maxMs = checkInteger("maxMs", maxMs, 0, DELAY_MAX_MS);
    this.#rounds = checkInteger("rounds", rounds, 1, ROUNDS_MAX);
    this.#frames = announcements(endpoint);
    this.#nextMs = startMs;
  }

  /** Rounds that have gone. */
  get round(): number {
    return this.#round;
  }

  /** When to call `tick`; undefined when all rounds have gone. */
  get nextMs(): number | undefined {
    return this.#round < this.#rounds ? this.#nextMs : undefined;
  }

  /** The frames of a round that is due, or none. */
  tick(nowMs: number): readonly Uint8Array[] {
    if (this.#round >= this.#rounds || nowMs < this.#nextMs) return [];
    const delayMs = Math.min(this.#initialMs + this.#round * this.#stepMs, this.#maxMs);
    this.#round++;
    // Counted from now: a late round does not bring the next one nearer.
    this.#nextMs = nowMs + delayMs;
    return this.#frames;
  }
}
