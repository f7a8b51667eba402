/** A stream that its peer or the network broke. */
import { RinglaneError } from "../../../errors.js";
import type { StreamErrorCode } from "../../agent/stream.js";

const REASONS: Record<StreamErrorCode, string> = {
  ECONNRESET: "the peer broke the stream off",
  ECONNREFUSED: "nobody listens there, or has room",
  ETIMEDOUT: "the peer cannot be reached",
};

/** `code` is a StreamErrorCode. */
export class StreamError extends RinglaneError {
  constructor(code: StreamErrorCode) {
    super(code, REASONS[code]);
  }
}
