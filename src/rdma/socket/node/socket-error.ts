/** Errors of sockets as Node makes them: code and errno by name, the call that failed, and the address where there is one. */
import { constants } from "node:os";
import type { StreamAddress } from "../../agent/stream.js";

type SystemErrorCode = "ECONNRESET" | "ECONNREFUSED" | "ETIMEDOUT" | "EADDRINUSE";

/** What the system would have reported from a call; `to` is where it was to go, or what it was to take. */
export function systemError(
  syscall: "connect" | "read" | "listen",
  code: SystemErrorCode,
  to?: Partial<StreamAddress>,
  cause?: unknown,
): NodeJS.ErrnoException {
  const place = to === undefined ? "" : ` ${to.address ?? ""}:${to.port}`;
  const error = new Error(`${syscall} ${code}${place}`, cause === undefined ? undefined : { cause });
  return Object.assign(error, { errno: -constants.errno[code], code, syscall, ...to });
}

const MESSAGES = {
  EPIPE: "This socket has been ended by the other party",
  ERR_SERVER_ALREADY_LISTEN: "Listen method has been called more than once without closing.",
  ERR_SERVER_NOT_RUNNING: "Server is not running.",
  ERR_SOCKET_CLOSED: "Socket is closed",
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: "Socket closed before the connection was established",
  ERR_STREAM_DESTROYED: "Cannot finish a write after a stream was destroyed",
} as const;

/** What Node itself reports, without a call of the system. */
export function codedError(code: keyof typeof MESSAGES): NodeJS.ErrnoException {
  return Object.assign(new Error(MESSAGES[code]), { code });
}
