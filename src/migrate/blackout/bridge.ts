/**
 * A transparent bridge (IEEE 802.1Q-2022): it learns the port of each source address (8.7), forwards to the port of the destination, floods
 * what it does not know (8.8.7), and forgets an address from which it has heard nothing for the ageing time (8.7.3; 300 s by default).
 */
import type { BlackoutSettings } from "./options.js";

/** MAC addresses as numbers of 48 bits. */
export interface BridgedFrame {
  readonly src: number;
  readonly dst: number;
}

interface DynamicEntry {
  port: number;
  heardMs: number;
}

/** The individual/group bit of the first byte. */
const GROUP_BIT = 2 ** 40;

export class LearningBridge {
  readonly #ports: readonly number[];
  readonly #ageingMs: number;
  readonly #entries = new Map<number, DynamicEntry>();

  /** Ports are numbered from 0. */
  constructor(ports: number, { ageingMs }: Pick<BlackoutSettings, "ageingMs">) {
    this.#ports = Array.from({ length: ports }, (_, port) => port);
    this.#ageingMs = ageingMs;
  }

  /** Takes a frame that arrives at a port; returns the ports by which it leaves: none when its destination is where it came from. */
  receive({ src, dst }: BridgedFrame, port: number, nowMs: number): readonly number[] {
    if (!isGroup(src)) this.#learn(src, port, nowMs);
    const known = isGroup(dst) ? undefined : this.portOf(dst, nowMs);
    if (known === undefined) return this.#ports.filter((other) => other !== port);
    return known === port ? [] : [known];
  }

  /** Where an address was heard last; undefined when that is unknown, or was too long ago. */
  portOf(mac: number, nowMs: number): number | undefined {
    const entry = this.#entries.get(mac);
    return entry && nowMs - entry.heardMs < this.#ageingMs ? entry.port : undefined;
  }

  /** When an address will be forgotten, if it is not heard before. */
  agesMs(mac: number): number | undefined {
    const entry = this.#entries.get(mac);
    return entry && entry.heardMs + this.#ageingMs;
  }

  #learn(mac: number, port: number, nowMs: number): void {
    const entry = this.#entries.get(mac);
    if (entry) Object.assign(entry, { port, heardMs: nowMs });
    else this.#entries.set(mac, { port, heardMs: nowMs });
  }
}

function isGroup(mac: number): boolean {
  return Math.floor(mac / GROUP_BIT) % 2 === 1;
}
