/** Geneve options (RFC 8926 section 3.5) as a tunnel sends them with every frame. */
import { TUNNEL_OPTION_BYTES_MAX } from "../../assembly/layout.js";
import { checkBoolean, checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";

export interface GeneveOption {
  /** Namespace of the type, 0 to 65535: IANA's registry says whose. */
  readonly class: number;
  /** 0 to 127; the critical bit above it is set by `critical`. */
  readonly type: number;
  /** Who does not know the option must drop the frame; false by default. */
  readonly critical?: boolean;
  /** A multiple of 4 bytes, at most 124. */
  readonly data: Uint8Array;
}

const CRITICAL = 0x80;
const DATA_BYTES_MAX = 124;

/** The options one after the other: multiples of 4 bytes, 124 at most together. Throws ConfigError. */
export function encodeGeneveOptions(options: readonly GeneveOption[]): number[] {
  const bytes = options.flatMap((option, i) => encodeOption(`geneveOptions[${i}]`, option));
  if (bytes.length > TUNNEL_OPTION_BYTES_MAX) {
    throw new ConfigError(
      "geneveOptions",
      `${bytes.length} bytes`,
      `at most ${TUNNEL_OPTION_BYTES_MAX} bytes together`,
    );
  }
  return bytes;
}

function encodeOption(argument: string, option: GeneveOption): number[] {
  const space = checkInteger(`${argument}.class`, option.class, 0, 0xffff);
  const type = checkInteger(`${argument}.type`, option.type, 0, CRITICAL - 1);
  const isCritical = checkBoolean(`${argument}.critical`, option.critical ?? false);
  const { data } = option;
  if (!(data instanceof Uint8Array) || data.length % 4 !== 0 || data.length > DATA_BYTES_MAX) {
    throw new ConfigError(`${argument}.data`, data, `bytes, a multiple of 4 and at most ${DATA_BYTES_MAX}`);
  }
  return [space >> 8, space & 0xff, type | (isCritical ? CRITICAL : 0), data.length / 4, ...data];
}

/** True when one of them is critical: the header says so, too. */
export function hasCritical(options: readonly GeneveOption[]): boolean {
  return options.some(({ critical }) => critical ?? false);
}
