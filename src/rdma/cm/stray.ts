/**
 * Answers to messages that belong to no connection (IBTA volume 1, 12.9.8): the peer learns that there is nothing here, and stops
 * sending. Messages that end something get no answer, so two such ends never talk to each other.
 */
import type { CmMad } from "./codec.js";
import { encodeCmMad } from "./codec.js";
import { ABOUT_REP, ABOUT_REQ, APR_UNSUPPORTED, type CommunicationIds } from "./messages.js";
import { REJ_REASON, type RejReason } from "./reason.js";
import { NOTHING } from "./record.js";

/** The MAD to send back, or undefined. */
export function answerStray({ transactionId, message }: CmMad): Uint8Array | undefined {
  switch (message.type) {
    case "REQ":
      return rejection(transactionId, ABOUT_REQ, "invalid-service-id", {
        localCommunicationId: 0,
        remoteCommunicationId: message.localCommunicationId,
      });
    case "REP":
      return rejection(transactionId, ABOUT_REP, "invalid-communication-id", reversed(message));
    case "DREQ":
      return encodeCmMad({ transactionId, message: { type: "DREP", ...reversed(message), privateData: NOTHING } });
    case "LAP":
      return encodeCmMad({ transactionId, message: { type: "APR", ...reversed(message), status: APR_UNSUPPORTED } });
    default:
      return undefined;
  }
}

export function rejection(
  transactionId: bigint,
  messageRejected: number,
  reason: RejReason,
  ids: CommunicationIds,
): Uint8Array {
  const rest = { additionalInfo: NOTHING, privateData: NOTHING };
  const message = { type: "REJ", ...ids, messageRejected, reason: REJ_REASON[reason], ...rest } as const;
  return encodeCmMad({ transactionId, message });
}

function reversed({ localCommunicationId, remoteCommunicationId }: CommunicationIds): CommunicationIds {
  return { localCommunicationId: remoteCommunicationId, remoteCommunicationId: localCommunicationId };
}
