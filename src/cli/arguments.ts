/** What commands share in what they are given, and in how they end. */
import { InvalidArgumentError } from "commander";
import { ConfigError } from "../index.js";

/** A whole number, for commander. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value)) throw new InvalidArgumentError("not a whole number");
  return value;
}

/** Throws ConfigError that names the first option which is needed with another one and was not given. */
export function needWith(other: string, options: object, ...flags: readonly string[]): void {
  for (const flag of flags) {
    const name = flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    if ((options as Readonly<Record<string, unknown>>)[name] === undefined)
      throw new ConfigError(`--${flag}`, undefined, `given with --${other}`);
  }
}

export function noJsonOnDataStdout(out: string | undefined, options: { json?: boolean }): void {
  if (out === "-" && options.json)
    throw new ConfigError("--json", "used with - as output", "left out there: stdout is the capture");
}

/** Ends with the command's exit code. */
export async function finish(command: Promise<number>): Promise<void> {
  process.exitCode = await command;
}
