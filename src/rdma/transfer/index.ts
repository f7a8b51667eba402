/** Transfers: messages of many streams, or bytes as a whole, over one connected queue pair, in bursts. */
export type { TransferOptions } from "./options.js";
export {
  type ReceivedMessage,
  type ReceivedTransfer,
  TransferReceiver,
  type TransferReceiverOptions,
} from "./receiver.js";
export { type SentTransfer, TransferSender, type TransferSenderOptions } from "./sender.js";
