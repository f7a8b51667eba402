/**
 * The errors that ringlane throws. Each kind has a class and a stable `code`.
 *
 * Packets never end up here: a bad packet is dropped with a named cause and counted (see counters.ts).
 * Errors are for bad configuration, damaged files, misuse of a handle, and our own faults.
 */

/** Base of every error that ringlane throws on purpose; `code` is stable, the message is for people. */
export class RinglaneError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument is outside its bound. Nothing has been changed. */
export class ConfigError extends RinglaneError {
  readonly argument: string;
  readonly value: unknown;
  readonly bound: string;

  constructor(argument: string, value: unknown, bound: string) {
    super("CONFIG", `${argument} is ${show(value)}; it must be ${bound}`);
    this.argument = argument;
    this.value = value;
    this.bound = bound;
  }
}

/** This host cannot run the engine, or what was asked of it: WebAssembly, its fixed-width SIMD or shared memory is missing. */
export class EngineUnsupported extends RinglaneError {
  constructor(missing: string) {
    super("UNSUPPORTED", `this host has no ${missing}, which the engine needs`);
  }
}

/** The data plane trapped. That is a bug of ringlane's, or (debug build) a misuse that an assertion caught. */
export class EngineFault extends RinglaneError {
  constructor(operation: string, cause: unknown) {
    super("FAULT", `the engine trapped in ${operation}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The engine was closed and its memory released. */
export class EngineClosed extends RinglaneError {
  constructor() {
    super("CLOSED", "the engine is closed");
  }
}

/** The frame was posted, received or released before: its buffer belongs to somebody else now. */
export class FrameReleased extends RinglaneError {
  constructor() {
    super("FRAME_RELEASED", "this frame was already posted, received or released; its buffer is no longer yours");
  }
}

/** A capture file is damaged. Every packet before `byteOffset` has been delivered. */
export class CaptureError extends RinglaneError {
  /** Offset of the record or block that cannot be read, in bytes of the (uncompressed) file. */
  readonly byteOffset: number;
  readonly reason: string;

  constructor(byteOffset: number, reason: string, options?: ErrorOptions) {
    super("CAPTURE", `damaged capture at byte ${byteOffset}: ${reason}`, options);
    this.byteOffset = byteOffset;
    this.reason = reason;
  }
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
}
