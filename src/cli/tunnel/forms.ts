/** The encapsulations that the command line knows, each by an option of its own name: what `ringlane encap` can be told. */
import { type Command, Option } from "commander";
import { ConfigError } from "../../index.js";
import type { TunnelEncapsulation } from "../../overlay/encapsulations.js";

interface Form {
  readonly encapsulation: TunnelEncapsulation;
  /** Name and source, for the help. */
  readonly what: string;
}

export const FORMS: readonly Form[] = [
  { encapsulation: "vxlan", what: "VXLAN (RFC 7348)" },
  { encapsulation: "geneve", what: "Geneve (RFC 8926)" },
  { encapsulation: "vxlan-gpe", what: "VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe-13)" },
  { encapsulation: "nvgre", what: "NVGRE (RFC 7637)" },
];

const optionOf = ({ encapsulation, what }: Form) => new Option(`--${encapsulation}`, what);

/** Adds an option for each form. */
export function addForms(command: Command): Command {
  for (const form of FORMS) command.addOption(optionOf(form));
  return command;
}

/** Takes the one form that was given out of a command's options; ConfigError for none and for two. */
export function takeForm<T extends object>(options: T): { encapsulation: TunnelEncapsulation; rest: T } {
  const rest = { ...options } as T & Record<string, unknown>;
  const given = FORMS.filter((form) => {
    const name = optionOf(form).attributeName();
    const isGiven = rest[name] === true;
    delete rest[name];
    return isGiven;
  }).map(({ encapsulation }) => encapsulation);
  const [encapsulation, ...others] = given;
  if (encapsulation === undefined || others.length > 0) {
    const flags = FORMS.map((form) => `--${form.encapsulation}`).join(", ");
    throw new ConfigError("encapsulation", given.join(" and ") || "not given", `one of ${flags}`);
  }
  return { encapsulation, rest };
}
