/** Many byte strings and one kernel: one crossing into WebAssembly for up to 256 of them. */
import { BURST_MAX } from "../../assembly/layout.js";
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import type { Arena, MemoryPlan } from "../memory.js";
import type { Instance } from "../wasm.js";

/** Bytes in all that a batch copies in: 256 strings of 2 KiB. */
const BYTES_MOST = BURST_MAX * 2048;
const ALIGN_BYTES = 16;

export function planBatch(plan: MemoryPlan): void {
  plan.add(BYTES_MOST);
  for (let i = 0; i < 3; i++) plan.add(BURST_MAX * 4);
}

/** Where the toolkit's CRC tables are. */
export interface CrcTables {
  readonly crc32: number;
  readonly crc32c: number;
  readonly crc16: number;
}

type Burst = (ptrs: number, lens: number, out: number, n: number) => void;

export class Batch {
  readonly #instance: Instance;
  readonly #arena: Arena;
  readonly #tables: CrcTables;
  readonly #bytes: number;
  readonly #ptrs: number;
  readonly #lens: number;
  readonly #out: number;
  #count = 0;

  /** @internal Made by createToolkit. */
  constructor(instance: Instance, arena: Arena, tables: CrcTables) {
    this.#instance = instance;
    this.#arena = arena;
    this.#tables = tables;
    this.#bytes = arena.take(BYTES_MOST);
    this.#ptrs = arena.take(BURST_MAX * 4);
    this.#lens = arena.take(BURST_MAX * 4);
    this.#out = arena.take(BURST_MAX * 4);
  }

  /** @internal Takes strings: those of the toolkit's memory where they are, others by copy. Returns itself. */
  load(strings: readonly Uint8Array[]): this {
    checkInteger("strings.length", strings.length, 0, BURST_MAX);
    const { u8, u32 } = this.#arena;
    let used = 0;
    for (const [i, string] of strings.entries()) {
      let ptr = string.byteOffset;
      if (string.buffer !== u8.buffer) {
        if (string.length > BYTES_MOST - used) {
          throw new ConfigError(
            "strings",
            `more than ${BYTES_MOST} bytes`,
            `at most ${BYTES_MOST} bytes to copy in all`,
          );
        }
        ptr = this.#bytes + used;
        u8.set(string, ptr);
        used += Math.ceil(string.length / ALIGN_BYTES) * ALIGN_BYTES;
      }
      u32[(this.#ptrs >> 2) + i] = ptr;
      u32[(this.#lens >> 2) + i] = string.length;
    }
    this.#count = strings.length;
    return this;
  }

  get length(): number {
    return this.#count;
  }

  /** The Internet checksum of each, as RFC 1071 writes it. */
  checksums(): Uint32Array {
    const sums = this.#run((ptrs, lens, out, n) => this.#instance.kernels.checksumBurst(ptrs, lens, out, n));
    return sums.map((sum) => ((sum & 0xff) << 8) | (sum >>> 8));
  }

  /** CRC-32 of IEEE 802.3 of each. */
  crc32s(): Uint32Array {
    const { kernels } = this.#instance;
    return this.#run((ptrs, lens, out, n) => kernels.crc32Burst(this.#tables.crc32, ptrs, lens, out, n));
  }

  /** CRC-32C of each. */
  crc32cs(): Uint32Array {
    const { kernels } = this.#instance;
    return this.#run((ptrs, lens, out, n) => kernels.crc32cBurst(this.#tables.crc32c, ptrs, lens, out, n));
  }

  /** CRC-16 of the InfiniBand VCRC of each. */
  crc16s(): Uint32Array {
    const { kernels } = this.#instance;
    return this.#run((ptrs, lens, out, n) => kernels.crc16Burst(this.#tables.crc16, ptrs, lens, out, n));
  }

  /** The ICRC that each RoCEv2 packet should end with; see Toolkit.icrc. */
  icrcs(): Uint32Array {
    const { kernels } = this.#instance;
    return this.#run((ptrs, lens, out, n) => kernels.icrcBurst(this.#tables.crc32, ptrs, lens, out, n));
  }

  #run(kernel: Burst): Uint32Array {
    kernel(this.#ptrs, this.#lens, this.#out, this.#count);
    return this.#arena.u32.slice(this.#out >> 2, (this.#out >> 2) + this.#count);
  }
}
