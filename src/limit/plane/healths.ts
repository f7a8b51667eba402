/** The health of owners' TCP connections, of those owners whose limits go by it. */
import { LIMIT_F_HEALTH } from "../../../assembly/layout.js";
import { ConfigError } from "../../errors.js";
import type { ConnectionHealth } from "../health/health.js";
import type { HealthMonitor } from "../health/monitor.js";
import type { LimitPolicy } from "../policy.js";
import type { Accounts } from "./accounts.js";
import type { LedgerRecord } from "./ledger-record.js";

const AGE_EVERY_MS = 1;

export class Healths {
  readonly #accounts: Accounts;
  readonly #ledger: LedgerRecord;
  readonly #monitor: HealthMonitor | undefined;
  /** The monitor's numbers, by owner. */
  readonly #peers = new Map<number, number>();
  #agedMs = Number.NEGATIVE_INFINITY;

  /** monitor is undefined on an engine without health. */
  constructor(accounts: Accounts, ledger: LedgerRecord, monitor: HealthMonitor | undefined) {
    this.#accounts = accounts;
    this.#ledger = ledger;
    this.#monitor = monitor;
    if (monitor) ledger.setMonitor(monitor.ptr);
  }

  /** Throws ConfigError when the policy needs what the engine does not measure, or not for one more. */
  check(key: string, policy: LimitPolicy | undefined): void {
    if (!needsHealth(policy)) return;
    const bound = this.#monitor
      ? "another one when health.peers of createEngine are all in use"
      : "another one on an engine that was made without health";
    if (this.room(policy) === 0) throw new ConfigError(`${key}.reduce.by`, "tcp", bound);
  }

  /** How many more owners with that policy can be measured, as far as it asks for it. */
  room(policy: LimitPolicy | undefined): number {
    if (!needsHealth(policy)) return Number.POSITIVE_INFINITY;
    return this.#monitor?.room ?? 0;
  }

  /** Both directions of the connections through a partition's ports are followed. */
  follow(partition: number): void {
    this.#accounts.setFlag(partition, LIMIT_F_HEALTH);
  }

  /** What the owner's connections show is counted from now on, if its policy goes by it. */
  open(owner: number, policy: LimitPolicy | undefined): void {
    if (!needsHealth(policy) || !this.#monitor) return;
    const peer = this.#monitor.open();
    this.#peers.set(owner, peer);
    this.#ledger.setHealth(owner, this.#monitor.address(peer));
  }

  shut(owner: number): void {
    const peer = this.#peers.get(owner);
    if (peer === undefined) return;
    this.#ledger.setHealth(owner, 0);
    this.#peers.delete(owner);
    this.#monitor?.shut(peer);
  }

  /** What was seen since the owner's window began. */
  window(owner: number): ConnectionHealth | undefined {
    const peer = this.#peers.get(owner);
    return peer === undefined ? undefined : this.#monitor?.window(peer);
  }

  tick(nowMs: number): void {
    // Ticks may follow every burst; connections are quiet for minutes.
    if (this.#peers.size === 0 || nowMs - this.#agedMs < AGE_EVERY_MS) return;
    this.#agedMs = nowMs;
    this.#monitor?.age(nowMs);
  }
}

export function needsHealth(policy: LimitPolicy | undefined): boolean {
  return policy?.reduce?.by === "tcp";
}
