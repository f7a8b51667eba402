/**
 * Polarization behind a first stage: ECMP has already sorted the capture's flows by a hash into branches; does the LAG in a branch still
 * use all of its members, and if not, which other hash or key would?
 */
import {
  ConfigError,
  detectPolarization,
  HASH_POLICIES,
  type HashOptions,
  type HashPolicy,
  mend,
  type Polarization,
  type Remedy,
  type StagePick,
} from "../../index.js";
import type { Catalogue } from "./catalogue.js";
import type { FlowList } from "./flow-list.js";
import { hashName, ROUND_ROBIN } from "./options.js";
import type { Way, Ways } from "./way.js";

const FANOUT_MAX = 1024;
const DEFAULT_FIRST = "aix-src-port";
/** Default keys of adapters' drivers in DPDK: what a seed of another vendor would do. i40e's is longer; 40 bytes count. */
const KEYS = {
  "mlx5's key": "2cc681d15bdbf4f7fca28319db1a3e946b9e38d92c9c03d1ad9944a7d9563d59063c25f3fc1fdc2a",
  "i40e's key": "4439796bb54c5023b675ea5b124f9f30b8a2c03ddfdc4d02a08c9b334af64a4c05c6fa343958d855",
} as const;

interface Candidate {
  readonly hash: number;
  readonly keyName?: string;
  /** Of a hash of inner headers: number of the same policy's hash of outer ones. */
  readonly outer?: number;
}

/** A second stage that was tried: its name, what it is, and how it does. */
export interface TriedHash extends Remedy {
  readonly hash: HashPolicy;
  readonly generation: string | null;
  readonly headers: "outer" | "inner";
  /** Hexadecimal; of toeplitz only. */
  readonly key: string | null;
}

export interface TwoStages extends Polarization {
  readonly first: { readonly fanout: number; readonly hash: HashPolicy; readonly describes: string };
  /** Name of the best second stage that is not polarized. */
  readonly best: string | null;
  /** From best to worst. */
  readonly mend: readonly TriedHash[];
}

/** What --ecmp asks for; undefined where it does not. Throws ConfigError where flows have no member, or sets of their own. */
export function twoStagesOf(catalogue: Catalogue, asked: AskedStages): Polarized | undefined {
  const { ecmp, ecmpHash = DEFAULT_FIRST } = asked;
  if (ecmp === undefined) {
    if (asked.ecmpHash !== undefined) throw new ConfigError("--ecmp-hash", ecmpHash, "left out without --ecmp");
    return undefined;
  }
  if (asked.plan !== undefined)
    throw new ConfigError("--ecmp", ecmp, "left out with --plan, whose sets are meant to differ");
  if (catalogue.asked === undefined) throw new ConfigError("--ecmp", ecmp, `left out with ${ROUND_ROBIN}`);
  return new Polarized(catalogue, ecmp, ecmpHash);
}

interface AskedStages {
  readonly ecmp?: number;
  readonly ecmpHash?: HashPolicy;
  readonly plan?: string;
}

export class Polarized {
  readonly #catalogue: Catalogue;
  readonly #fanout: number;
  readonly #first: number;
  readonly #candidates: readonly Candidate[];

  /** Adds to the catalogue what it needs. Throws ConfigError for a bad fanout. */
  constructor(catalogue: Catalogue, fanout: number, first: HashPolicy) {
    if (fanout < 1 || fanout > FANOUT_MAX)
      throw new ConfigError("--ecmp", fanout, `a whole number from 1 to ${FANOUT_MAX}`);
    this.#catalogue = catalogue;
    this.#fanout = fanout;
    this.#first = catalogue.add({ policy: first });
    const byPolicy = HASH_POLICIES.flatMap((policy): Candidate[] => {
      const outer = catalogue.add({ policy });
      const inner = catalogue.add({ policy, headers: "inner" });
      return [{ hash: outer }, { hash: inner, outer }];
    });
    const byKey = Object.entries(KEYS).map(([keyName, hex]): Candidate => {
      const key = Uint8Array.from(Buffer.from(hex, "hex"));
      return { hash: catalogue.add({ policy: "toeplitz", key }), keyName };
    });
    this.#candidates = [...byPolicy, ...byKey];
  }

  /** What the flows say, whose LAG is the only way and goes by the hash of that number. */
  report(flows: FlowList, ways: Ways, asked: number): TwoStages {
    const [way] = ways.all as [Way];
    const branches = flows.hashesBy(this.#first);
    const first: StagePick = {
      members: this.#fanout,
      pick: (flow) => (branches[flow] as number) % this.#fanout,
    };
    const second = (hash: number): StagePick => {
      const hashes = flows.hashesBy(hash);
      return { members: way.members.length, pick: (flow) => way.memberOf(hashes[flow] as number) };
    };
    const candidates = this.#candidates.filter((candidate) => this.#isNew(flows, candidate));
    const tried = new Map(candidates.map((candidate) => [this.#name(candidate), candidate]));
    const stages = [...tried].map(([name, { hash }]) => ({ name, ...second(hash) }));
    const { best, ranking } = mend(flows.count, first, stages);
    return {
      first: {
        fanout: this.#fanout,
        hash: this.#catalogue.options(this.#first).policy,
        describes: this.#catalogue.describe(this.#first),
      },
      ...detectPolarization(flows.count, first, second(asked)),
      best: best ?? null,
      mend: ranking.map((remedy) => ({ ...remedy, ...this.#what((tried.get(remedy.name) as Candidate).hash) })),
    };
  }

  /** Where nothing is tunnelled, hashes of inner headers are those of outer ones: they are tried once. */
  #isNew(flows: FlowList, { hash, outer }: Candidate): boolean {
    if (outer === undefined) return true;
    const others = flows.hashesBy(outer);
    return flows.hashesBy(hash).some((value, flow) => value !== others[flow]);
  }

  #name({ hash, keyName }: Candidate): string {
    const name = hashName(this.#catalogue.options(hash));
    return keyName === undefined ? name : `${name}, ${keyName}`;
  }

  #what(hash: number) {
    const { policy, generation, headers = "outer", key }: HashOptions = this.#catalogue.options(hash);
    return {
      hash: policy,
      generation: generation ?? null,
      headers,
      key: key ? Buffer.from(key).toString("hex") : null,
    };
  }
}
