/** What `ringlane migrate bench` can be asked for, in the units of a command line. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { defined } from "../../defined.js";
import { BLACKOUT_BOUNDS, type BlackoutOptions, ConfigError, OLD_VTEP_WAYS } from "../../index.js";
import { number } from "../arguments.js";
import { duration, durationText } from "../duration.js";

const NS_PER_MS = 1e6;
const BITS_PER_GB = 1e9;

/** By option of the library: the command line's, what it takes, and what it is about. */
const WHOLE = {
  senders: ["senders", "<count>", "hosts that send to the VM"],
  framesPerSecond: ["rate", "<frames>", "a second, of each sender"],
  frameBytes: ["frame-bytes", "<bytes>", "without FCS and outer headers"],
  seed: ["seed", "<number>", "all that is random comes from it"],
  repetitions: ["repetitions", "<count>", "moves, each with phases of its own"],
  sendOnMax: ["send-on", "<frames>", "directory push: that the old host sends on at most"],
} as const;
const TIMES = {
  linkDelayMs: ["link-delay", "one way between a host and the network's middle"],
  transferMs: ["transfer", "from the VM's stop until its state is on the other host"],
  vmSendsMs: ["vm-sends", "between two frames that the VM sends itself"],
  ageingMs: ["ageing", "of bridges' entries"],
  updateDelayMs: ["update-delay", "route update: what a BGP speaker needs for one, at most"],
  mraiMs: ["mrai", "route update: between two updates to a peer; RFC 4271 suggests 5s"],
  directoryDelayMs: ["directory-delay", "directory push: one way to the directory, at most"],
} as const;

export interface BenchArguments extends Readonly<Record<string, unknown>> {
  readonly svg?: string;
  readonly json?: boolean;
}

export function withBenchOptions(command: Command): Command {
  for (const [key, [name, value, about]] of Object.entries(WHOLE)) {
    const [min, max, byDefault] = BLACKOUT_BOUNDS[key as keyof typeof WHOLE];
    command.option(`--${name} ${value}`, `${about} (${byDefault})`, within(number, min, max));
  }
  for (const [key, [name, about]] of Object.entries(TIMES)) {
    const [min, max, byDefault] = BLACKOUT_BOUNDS[key as keyof typeof TIMES].map((ms) => Math.round(ms * NS_PER_MS));
    const usual = byDefault === 0 ? "none" : durationText(byDefault as number);
    command.option(`--${name} <time>`, `${about} (${usual})`, duration(min as number, max as number));
  }
  const [rateMin, rateMax, rate] = BLACKOUT_BOUNDS.linkRateBps.map((bps) => bps / BITS_PER_GB);
  return command
    .option("--link-rate <Gb/s>", `of each link (${rate})`, within(decimalNumber, rateMin as number, rateMax as number))
    .option("--quiet", "the VM sends nothing after its stop")
    .option("--announce-loss <share>", "announcements' frames that are lost, 0 to 1 (0)", within(decimalNumber, 0, 1))
    .addOption(
      new Option("--old-vtep <way>", "route update: what the VTEP does that the VM has left (drop)").choices(
        OLD_VTEP_WAYS,
      ),
    )
    .option("--svg <file>", "a drawing of lost frames over time, and of all blackouts")
    .option("--json", "one JSON object on stdout");
}

export function blackoutOptions(args: BenchArguments): BlackoutOptions {
  const given = (name: string) => args[camel(name)] as number | undefined;
  const whole = Object.entries(WHOLE).map(([key, [name]]) => [key, given(name)]);
  const times = Object.entries(TIMES).map(([key, [name]]) => [key, scaled(given(name), 1 / NS_PER_MS)]);
  return defined({
    ...Object.fromEntries([...whole, ...times]),
    linkRateBps: scaled(given("link-rate"), BITS_PER_GB),
    announceLoss: given("announce-loss"),
    oldVtep: args.oldVtep,
    quiet: args.quiet,
  }) as BlackoutOptions;
}

/** What the library says of an option, of the command line's; the one that depends on others is the rate. */
export function asArgument(error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  const name = error.argument === "framesPerSecond" ? `--${WHOLE.framesPerSecond[0]}` : error.argument;
  return new ConfigError(name, error.value, error.bound);
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function within(parse: (text: string) => number, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = parse(text);
    if (value < min || value > max) throw new InvalidArgumentError(`must be from ${min} to ${max}`);
    return value;
  };
}

function decimalNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("not a number");
  return value;
}

/** As commander names options. */
function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
