/**
 * Which ports of a partition's set may carry traffic now: primaries, or backups while too few primaries are usable, as AIX
 * EtherChannel has them (up to 8 and 8). Returning waits for the preemption delay, so that a flapping link does not move all flows
 * back and forth. A pure step: the clock and the usable ports come in, the caller calls again when either changes or at nextMs.
 */

export interface SetPolicy {
  /** Ports, by index in the group's list. */
  readonly primary: readonly number[];
  readonly backup: readonly number[];
  /** A side carries traffic only while at least so many of its ports are usable; 1 or more. */
  readonly minLinks: number;
  /** How long the primaries must have been ready without a break before traffic returns to them. */
  readonly preemptionDelayMs: number;
  /** Whether traffic returns to the primaries while the backups can still carry it. */
  readonly preempt: boolean;
}

export interface ActiveState {
  readonly using: "primary" | "backup" | "none";
  /** Since when minLinks primaries have been usable, as far as the calls tell. */
  readonly primaryReadySinceMs: number | undefined;
}

export interface Active {
  readonly state: ActiveState;
  /** The usable ports of the side that carries traffic, in the policy's order; empty when none does. */
  readonly ports: readonly number[];
  /** Why, for people. */
  readonly reason: string;
  /** When to ask again though nothing has happened. */
  readonly nextMs: number | undefined;
}

export const INITIAL: ActiveState = { using: "none", primaryReadySinceMs: undefined };

/**
 * The step. Primaries carry when minLinks of them are usable, or else backups when minLinks of these are; when neither side reaches
 * minLinks, no port carries anything, also not the few that are usable. From backups traffic returns to the primaries
 * after preemptionDelayMs of readiness; at once when the backups fall below minLinks; otherwise never if preempt is false.
 * From nothing, traffic begins on the primaries at once.
 */
export function activePorts(policy: SetPolicy, state: ActiveState, usable: ReadonlySet<number>, nowMs: number): Active {
  const { minLinks, preempt, preemptionDelayMs } = policy;
  const primary = policy.primary.filter((port) => usable.has(port));
  const backup = policy.backup.filter((port) => usable.has(port));
  const primaryReady = primary.length >= minLinks;
  const backupReady = backup.length >= minLinks;
  const sinceMs = primaryReady ? (state.primaryReadySinceMs ?? nowMs) : undefined;
  const answer = (using: ActiveState["using"], ports: readonly number[], reason: string, nextMs?: number): Active => {
    return { state: { using, primaryReadySinceMs: sinceMs }, ports, reason, nextMs };
  };
  const primaries = `${primary.length} of ${policy.primary.length} primaries usable, ${minLinks} needed`;
  const backups = `${backup.length} of ${policy.backup.length} backups`;
  if (sinceMs === undefined) {
    return backupReady
      ? answer("backup", backup, `${primaries}: ${backups} carry`)
      : answer("none", [], `${primaries}, and ${backups}: nothing carries`);
  }
  if (state.using !== "backup") return answer("primary", primary, primaries);
  if (!backupReady) return answer("primary", primary, `${primaries}; back from backups, of which too few are usable`);
  if (!preempt) return answer("backup", backup, `${primaries}; ${backups} carry and are not preempted`);
  const readyMs = nowMs - sinceMs;
  if (readyMs >= preemptionDelayMs)
    return answer("primary", primary, `${primaries}, for ${readyMs} ms: back from backups`);
  const wait = `${primaries}, for ${readyMs} of ${preemptionDelayMs} ms; ${backups} carry until then`;
  return answer("backup", backup, wait, sinceMs + preemptionDelayMs);
}
