/** The InfiniBand communication manager, without I/O. */
export type { CmAction, CmEnd, CmReason, QueuePairState, RtrParameters, RtsParameters } from "./action.js";
export { type CmMad, type CmMessage, type CmMessageType, decodeCmMad, encodeCmMad } from "./codec.js";
export { CmConnection } from "./connection.js";
export { CmEndpoint, type CmEndpointOptions, type CmOutput } from "./endpoint.js";
export {
  decodeIpService,
  encodeIpService,
  type IpServiceCause,
  type IpServiceHeader,
  ipServiceId,
  ipServicePort,
} from "./ip-service.js";
export { MAD_BYTES, type MadCause, QKEY_GENERAL_SERVICES, QPN_GENERAL_SERVICES } from "./mad.js";
export type { Apr, CommunicationIds, Drep, Dreq, Lap, Mra, Rej, Rep, Rtu } from "./messages.js";
export { type AcceptOptions, type ConnectOptions, gidOf } from "./options.js";
export type { ListenOptions } from "./passive.js";
export { ackTimeout, mtuBytes, mtuCode, type PathMtuBytes, timeCode, timeMs } from "./quantity.js";
export { REJ_REASON, type RejReason, rejReasonName } from "./reason.js";
export { type CmIdentity, type CmIgnoredCause, type CmState, isOpen } from "./record.js";
export type { CmPath, Req } from "./req.js";
export { answerStray } from "./stray.js";
