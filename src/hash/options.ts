/**
 * The catalogue of hashes by which a link of an aggregate is chosen, and the checks of what is asked of it. docs/kernels.md says what each
 * takes in and where it comes from.
 */
import {
  HASH_AIX_DEFAULT,
  HASH_AIX_DST_PORT,
  HASH_AIX_PORTS,
  HASH_AIX_SRC_PORT,
  HASH_ENCAP23,
  HASH_ENCAP34,
  HASH_F_ADDRESSES,
  HASH_F_INNER,
  HASH_F_SHIFT,
  HASH_LAYER2,
  HASH_LAYER23,
  HASH_LAYER34,
  HASH_SLB,
  HASH_TOEPLITZ,
  HASH_VLAN_SRCMAC,
} from "../../assembly/layout.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import { GENERATIONS, type Generation } from "./generations.js";
import { verificationKey } from "./rss-key.js";

/** Policies by name: Linux bonding's six, Open vSwitch's SLB, AIX's four, receive-side scaling's, plain and symmetric. */
export const HASH_POLICIES = [
  "layer2",
  "layer2+3",
  "layer3+4",
  "encap2+3",
  "encap3+4",
  "vlan+srcmac",
  "slb",
  "aix-default",
  "aix-src-dst-port",
  "aix-src-port",
  "aix-dst-port",
  "toeplitz",
  "toeplitz-symmetric",
] as const;
export type HashPolicy = (typeof HASH_POLICIES)[number];

export interface HashOptions {
  readonly policy: HashPolicy;
  /** Of Linux bonding's policies: a name in GENERATIONS; the newest by default. */
  readonly generation?: string;
  /** The frame as it is, or the innermost in VXLAN, Geneve, GRE and VLAN tags, at most four tunnels deep; "outer" by default. */
  readonly headers?: "outer" | "inner";
  /** Of toeplitz: 40 bytes or more, of which the first 40 count; by default the one that Microsoft's specification verifies with. */
  readonly key?: Uint8Array;
  /** Of toeplitz and toeplitz-symmetric: whether ports of TCP and UDP go in; true by default. */
  readonly ports?: boolean;
  /** Of slb: Open vSwitch's other-config:bond-hash-basis, 0 to 4294967295; 0 by default. */
  readonly basis?: number;
}

/** Bytes of a Toeplitz key that a tuple of 36 bytes takes. */
export const TOEPLITZ_KEY_BYTES = 40;

/** What a hasher's record says, and what people are told of it. */
export interface HashPlan {
  readonly options: HashOptions;
  readonly kind: number;
  readonly flags: number;
  readonly basis: number;
  /** The first 40 bytes of the key; undefined for what is no Toeplitz hash. */
  readonly key: Uint8Array | undefined;
}

const BONDING: Partial<Record<HashPolicy, number>> = {
  layer2: HASH_LAYER2,
  "layer2+3": HASH_LAYER23,
  "layer3+4": HASH_LAYER34,
  "encap2+3": HASH_ENCAP23,
  "encap3+4": HASH_ENCAP34,
  "vlan+srcmac": HASH_VLAN_SRCMAC,
};
const KINDS: Record<HashPolicy, number> = {
  ...(BONDING as Record<HashPolicy, number>),
  slb: HASH_SLB,
  "aix-default": HASH_AIX_DEFAULT,
  "aix-src-dst-port": HASH_AIX_PORTS,
  "aix-src-port": HASH_AIX_SRC_PORT,
  "aix-dst-port": HASH_AIX_DST_PORT,
  toeplitz: HASH_TOEPLITZ,
  "toeplitz-symmetric": HASH_TOEPLITZ,
};

/** What was asked for, whole and checked. Throws ConfigError for an unknown name, or an option that the policy does not have. */
export function hashPlanOf(asked: HashOptions): HashPlan {
  const policy = checkOneOf("policy", asked.policy, HASH_POLICIES);
  const headers = checkOneOf("headers", asked.headers ?? "outer", ["outer", "inner"]);
  const isBonding = policy in BONDING;
  const isToeplitz = policy === "toeplitz" || policy === "toeplitz-symmetric";
  refuse(asked, "generation", isBonding, "given for policies of Linux bonding only");
  refuse(asked, "key", policy === "toeplitz", "given for toeplitz only");
  refuse(asked, "ports", isToeplitz, "given for toeplitz and toeplitz-symmetric only");
  refuse(asked, "basis", policy === "slb", "given for slb only");

  const generation = isBonding ? generationOf(policy, asked.generation) : undefined;
  const key =
    policy === "toeplitz" ? checkKey(asked.key ?? verificationKey()) : isToeplitz ? symmetricKey() : undefined;
  const ports = isToeplitz ? (asked.ports ?? true) : undefined;
  const basis = policy === "slb" ? checkInteger("basis", asked.basis ?? 0, 0, 0xffffffff) : undefined;
  const options: HashOptions = {
    policy,
    headers,
    ...(generation && { generation: generation.name }),
    ...(policy === "toeplitz" && key && { key }),
    ...(ports !== undefined && { ports }),
    ...(basis !== undefined && { basis }),
  };
  const flags =
    (headers === "inner" ? HASH_F_INNER : 0) |
    (ports === false ? HASH_F_ADDRESSES : 0) |
    (generation ? generationFlags(policy, generation) : 0);
  return { options, kind: KINDS[policy], flags, basis: basis ?? 0, key };
}

/** The options in one line: which fields of a frame go in, and how. */
export function describeHash({ policy, generation, headers, ports, basis }: HashOptions): string {
  const name = generation === undefined ? policy : `${policy} of Linux ${generation}`;
  const of = headers === "inner" ? "of the innermost frame" : "of the outer frame";
  const fields = FIELDS[policy](ports ?? true, basis ?? 0);
  // Before 3.17 layer 2 was the MAC addresses alone.
  const known = generation === GENERATIONS[0]?.name ? fields.replace(", EtherType", "") : fields;
  return `${name}: ${known}, ${of}`;
}

const FIELDS: Record<HashPolicy, (ports: boolean, basis: number) => string> = {
  layer2: () => "last bytes of both MAC addresses, EtherType",
  "layer2+3": () => "IP addresses, last bytes of both MAC addresses, EtherType",
  "layer3+4": () => "IP addresses, ports",
  "encap2+3": () => "innermost IP addresses that the flow dissector finds, last bytes of both MAC addresses, EtherType",
  "encap3+4": () => "innermost IP addresses and ports that the flow dissector finds",
  "vlan+srcmac": () => "source MAC address, VLAN tag",
  slb: (_, basis) => `source MAC address, VLAN id, basis ${basis}`,
  "aix-default": () => "last byte of the destination IP address, of the MAC address for all else",
  "aix-src-dst-port": () => "half of the sum of the ports of TCP and UDP; others as aix-default",
  "aix-src-port": () => "source port of TCP and UDP; others as aix-default",
  "aix-dst-port": () => "destination port of TCP and UDP; others as aix-default",
  toeplitz: (ports) => `IP addresses${ports ? ", ports of TCP and UDP" : ""}, by a key`,
  "toeplitz-symmetric": (ports) => `IP addresses${ports ? ", ports of TCP and UDP" : ""}, both directions alike`,
};

/** True for a policy of Linux bonding that the named generation has. */
export function hasGeneration(policy: HashPolicy, generation: string): boolean {
  return policy in BONDING && generationsOf(policy).some(({ name }) => name === generation);
}

function generationsOf(policy: HashPolicy): Generation[] {
  return GENERATIONS.filter(({ hasVlanSrcmac }) => policy !== "vlan+srcmac" || hasVlanSrcmac);
}

function generationOf(policy: HashPolicy, name: string | undefined): Generation {
  const able = generationsOf(policy);
  const wanted = name ?? (able.at(-1) as Generation).name;
  const generation = able.find((g) => g.name === wanted);
  if (generation) return generation;
  throw new ConfigError("generation", wanted, `one of ${able.map((g) => g.name).join(", ")} for ${policy}`);
}

function generationFlags(policy: HashPolicy, { fold, flags, dissector }: Generation): number {
  const isLayer34 = policy === "layer3+4" || policy === "encap3+4";
  const isEncap = policy === "encap2+3" || policy === "encap3+4";
  const shifts = fold === "shift" || (fold === "shift layer3+4" && isLayer34);
  return flags | (isEncap ? dissector : 0) | (shifts ? HASH_F_SHIFT : 0);
}

function refuse(asked: HashOptions, option: keyof HashOptions, isAllowed: boolean, bound: string): void {
  if (asked[option] !== undefined && !isAllowed) throw new ConfigError(option, asked[option], bound);
}

function checkKey(key: Uint8Array): Uint8Array {
  if (key.length < TOEPLITZ_KEY_BYTES) {
    throw new ConfigError("key.length", key.length, `${TOEPLITZ_KEY_BYTES} bytes or more`);
  }
  return key.slice(0, TOEPLITZ_KEY_BYTES);
}

/** S. Woo and K. Park, "Scalable TCP session monitoring with symmetric receive-side scaling", KAIST, 2012: 6d5a, over and over. */
function symmetricKey(): Uint8Array {
  return Uint8Array.from({ length: TOEPLITZ_KEY_BYTES }, (_, i) => (i % 2 === 0 ? 0x6d : 0x5a));
}
