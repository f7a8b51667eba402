/**
 * What a socket hands its agent as handler. Who listens may change: a socket that was destroyed lets its stream go, and somebody else sees it to
 * its end. Listeners' code runs inside these calls. What it throws must not unwind the agent's poll, where other sockets' streams are waiting, so
 * it is thrown again on its own, as an uncaught exception: just what becomes of an error in a listener of net.Socket.
 */
import type { StreamErrorCode, StreamHandler } from "../../agent/stream.js";

/** Runs listeners' code. */
export function undisturbed(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

export class HandlerSlot implements StreamHandler {
  current: StreamHandler;

  constructor(current: StreamHandler) {
    this.current = current;
  }

  onOpen(): void {
    undisturbed(() => this.current.onOpen());
  }

  onData(bytes: Uint8Array): void {
    undisturbed(() => this.current.onData(bytes));
  }

  onEnd(): void {
    undisturbed(() => this.current.onEnd());
  }

  onWritable(): void {
    undisturbed(() => this.current.onWritable());
  }

  onClose(error: StreamErrorCode | undefined): void {
    undisturbed(() => this.current.onClose(error));
  }
}
