/** The encapsulations that the command line knows, each by an option of its own name: what `ringlane encap` can be told. */
import { type Command, Option } from "commander";
import { ConfigError, type EncapsulationName } from "../../index.js";
import { encapInTunnel } from "./encap.js";
import { encapInfiniband, encapRoce } from "./encap-rdma.js";
import type { EncapOptions } from "./options.js";

interface Form {
  readonly encapsulation: EncapsulationName;
  /** Name and source, for the help. */
  readonly what: string;
  /** Options that it cannot do without, and those that it can have beside them; no dashes in front. */
  readonly needs: readonly string[];
  readonly takes: readonly string[];
  /** Resolves to the exit code. */
  readonly encap: (from: string, to: string, options: EncapOptions) => Promise<number>;
}

const OVER_IP = {
  needs: ["vni", "src", "dst"],
  takes: ["src-mac", "dst-mac", "vlan", "ttl", "dscp", "no-ecn", "udp-checksum", "inner-vlan", "mtu"],
};
const IN_TUNNEL = { needs: OVER_IP.needs, takes: [...OVER_IP.takes, "option"] };
const PAIR = ["qpn", "source-qpn"];

const FORMS: readonly Form[] = [
  { encapsulation: "vxlan", what: "VXLAN (RFC 7348)", ...IN_TUNNEL, encap: encapInTunnel("vxlan") },
  { encapsulation: "geneve", what: "Geneve (RFC 8926)", ...IN_TUNNEL, encap: encapInTunnel("geneve") },
  {
    encapsulation: "vxlan-gpe",
    what: "VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe-13)",
    ...IN_TUNNEL,
    encap: encapInTunnel("vxlan-gpe"),
  },
  { encapsulation: "nvgre", what: "NVGRE (RFC 7637)", ...IN_TUNNEL, encap: encapInTunnel("nvgre") },
  {
    encapsulation: "rocev2",
    what: "RoCEv2 (IBTA annex A17), between global queue pairs",
    needs: [...OVER_IP.needs, ...PAIR],
    takes: [...OVER_IP.takes, "psn"],
    encap: encapRoce,
  },
  {
    encapsulation: "infiniband",
    what: "native InfiniBand, written as ERF",
    needs: ["vni", "slid", "dlid", ...PAIR],
    takes: ["sl", "vl", "psn", "inner-vlan", "mtu"],
    encap: encapInfiniband,
  },
];

const FLAGS = FORMS.map(({ encapsulation }) => `--${encapsulation}`);
const ANY_FORM = [...FLAGS, "--json"];

/** Adds an option for each form. */
export function addForms(command: Command): Command {
  for (const { encapsulation, what } of FORMS) command.addOption(new Option(`--${encapsulation}`, what));
  return command;
}

/** The one form that was asked for. ConfigError for none and for two, for an option that it needs, and for one that it cannot have. */
export function formOf(command: Command): Form {
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === "cli");
  const flags = given.map(({ long }) => long ?? "");
  const [form, ...others] = FORMS.filter(({ encapsulation }) => flags.includes(`--${encapsulation}`));
  if (form === undefined || others.length > 0) {
    const names = flags.filter((flag) => FLAGS.includes(flag));
    throw new ConfigError("encapsulation", names.join(" and ") || "not given", `one of ${FLAGS.join(", ")}`);
  }
  const missing = form.needs.find((name) => !flags.includes(`--${name}`));
  if (missing) throw new ConfigError(`--${missing}`, undefined, `given with --${form.encapsulation}`);
  const known = [...form.needs, ...form.takes].map((name) => `--${name}`);
  const stray = flags.find((flag) => !known.includes(flag) && !ANY_FORM.includes(flag));
  if (stray) throw new ConfigError(stray, "given", `left out with --${form.encapsulation}`);
  return form;
}
