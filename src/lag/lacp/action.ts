/**
 * What a LACP system asks of its driver, and how a change of a port becomes an action: told once, and only when it is a
 * change.
 */
import type { Part, PortConversations } from "./agreement.js";
import { isSameBytes } from "./conversations.js";
import { hasActorState, type PortRecord } from "./port-record.js";
import { COLLECTING, DISTRIBUTING } from "./port-state.js";

/** What the driver has to do or to know. */
export type LacpAction =
  /** Send the frame (without FCS) on the port. */
  | { readonly type: "send"; readonly port: number; readonly frame: Uint8Array }
  /** Traffic may be taken from the port (collecting) and sent on it (distributing) as part of the aggregator. */
  | {
      readonly type: "state";
      readonly port: number;
      readonly collecting: boolean;
      readonly distributing: boolean;
      readonly aggregator: number | undefined;
    }
  /** The partner has everything that was sent on the port before the Marker. */
  | { readonly type: "marker-response"; readonly port: number; readonly transactionId: number }
  /** An end of the link has not been in synchronization for a minute, or is again. */
  | { readonly type: "churn"; readonly port: number; readonly end: "actor" | "partner"; readonly churning: boolean }
  /** The port's part in conversation-sensitive distribution has changed. */
  | ({ readonly type: "conversations"; readonly port: number } & PortConversations);

/** What was last told of a port. */
export interface Told {
  collecting: boolean;
  distributing: boolean;
  aggregator: number | undefined;
  actorChurn: boolean;
  partnerChurn: boolean;
}

export function nothingTold(): Told {
  return { collecting: false, distributing: false, aggregator: undefined, actorChurn: false, partnerChurn: false };
}

/** What is different from what was told, which is then brought up to date. */
export function tellChanges(port: PortRecord, told: Told): LacpAction[] {
  const { number } = port;
  const actions: LacpAction[] = [];
  const collecting = hasActorState(port, COLLECTING);
  const distributing = hasActorState(port, DISTRIBUTING);
  const aggregator = collecting ? port.aggregator : undefined;
  if (told.collecting !== collecting || told.distributing !== distributing || told.aggregator !== aggregator) {
    actions.push({ type: "state", port: number, collecting, distributing, aggregator });
  }
  const actorChurn = port.actorChurn.state === "CHURN";
  const partnerChurn = port.partnerChurn.state === "CHURN";
  if (told.actorChurn !== actorChurn) actions.push({ type: "churn", port: number, end: "actor", churning: actorChurn });
  if (told.partnerChurn !== partnerChurn) {
    actions.push({ type: "churn", port: number, end: "partner", churning: partnerChurn });
  }
  Object.assign(told, { collecting, distributing, aggregator, actorChurn, partnerChurn });
  return actions;
}

/** The action for a part that has changed, or nothing. */
export function tellPart(port: number, was: Part, is: Part): LacpAction[] {
  const { agreed, linkNumber, mask, actorPartnerSync } = is;
  const isSame =
    was.agreed === agreed &&
    was.linkNumber === linkNumber &&
    was.actorPartnerSync === actorPartnerSync &&
    isSameBytes(was.mask, mask);
  return isSame ? [] : [{ type: "conversations", port, agreed, linkNumber, mask: mask.slice(), actorPartnerSync }];
}
