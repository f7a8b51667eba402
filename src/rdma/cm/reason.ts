/** Why a REJ rejects, by name (IBTA volume 1, 12.6.7.2). */
export const REJ_REASON = {
  "no-qp": 1,
  "no-eec": 2,
  "no-resources": 3,
  timeout: 4,
  "unsupported-request": 5,
  "invalid-communication-id": 6,
  "invalid-communication-instance": 7,
  "invalid-service-id": 8,
  "invalid-transport-service-type": 9,
  "stale-connection": 10,
  "rdc-does-not-exist": 11,
  "primary-remote-port-gid-rejected": 12,
  "primary-remote-port-lid-rejected": 13,
  "invalid-primary-sl": 14,
  "invalid-primary-traffic-class": 15,
  "invalid-primary-hop-limit": 16,
  "invalid-primary-packet-rate": 17,
  "alternate-remote-port-gid-rejected": 18,
  "alternate-remote-port-lid-rejected": 19,
  "invalid-alternate-sl": 20,
  "invalid-alternate-traffic-class": 21,
  "invalid-alternate-hop-limit": 22,
  "invalid-alternate-packet-rate": 23,
  "port-and-cm-redirection": 24,
  "port-redirection": 25,
  "invalid-path-mtu": 26,
  "insufficient-responder-resources": 27,
  "consumer-reject": 28,
  "rnr-retry-count-reject": 29,
  "duplicate-local-communication-id": 30,
  "unsupported-class-version": 31,
  "invalid-primary-flow-label": 32,
  "invalid-alternate-flow-label": 33,
  "vendor-option-not-supported": 35,
} as const;

export type RejReason = keyof typeof REJ_REASON;

const NAMES = new Map(Object.entries(REJ_REASON).map(([name, code]) => [code as number, name as RejReason]));

/** The name of a code; of one that has none, "reason-" and its number. */
export function rejReasonName(code: number): RejReason | `reason-${number}` {
  return NAMES.get(code) ?? `reason-${code}`;
}
