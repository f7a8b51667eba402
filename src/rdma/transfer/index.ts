/** Transfers: messages of many streams, or bytes as a whole, over one connected queue pair, in bursts. */
export type { TransferOptions } from "./options.js";
export { TransferReceiver, type TransferReceiverOptions } from "./receiver.js";
export { TransferSender, type TransferSenderOptions } from "./sender.js";
export type { ReceivedMessage, ReceivedTransfer, SentTransfer } from "./transfer.js";
