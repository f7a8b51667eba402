/**
 * Single kernels, for tools that have bytes and want a number: no pool, no ports, no engine.
 *
 *   const toolkit = await createToolkit();
 *   toolkit.crc32(frame); // the Ethernet frame check sequence
 *
 * One call costs some 20 ns beside the work, and a copy for bytes that do not lie in the toolkit's memory (take). Many short
 * byte strings go through a Batch, in one crossing.
 */
import {
  CRC_POLYNOMIAL_16,
  CRC_POLYNOMIAL_32,
  CRC_POLYNOMIAL_32C,
  CRC_TABLE_BYTES,
  TOEPLITZ_ROW_BYTES,
} from "../../assembly/layout.js";
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { verificationKey } from "../hash/rss-key.js";
import { type Arena, MemoryPlan } from "../memory.js";
import { checkHost, defaultSource, type Instance, instantiate, type WasmSource } from "../wasm.js";
import { Batch, planBatch } from "./batch.js";
import { planScratch, Scratch } from "./scratch.js";

export interface ToolkitOptions {
  /** Bytes of memory to be had from Toolkit.take, 0 to 2^29; 1 MiB by default. */
  readonly dataBytes?: number;
  /** Key of the Toeplitz hash, 40 or 52 bytes; by default the one that Microsoft's specification verifies with. */
  readonly rssKey?: Uint8Array;
  /** The compiled data plane, as in EngineOptions. */
  readonly wasm?: WasmSource;
  readonly debug?: boolean;
}

const RSS_KEY_BYTES_MAX = 52;
/** Bytes of the tuples that receive-side scaling hashes: IPv4 and IPv6 addresses, without and with ports. */
const TUPLE_BYTES = [8, 12, 32, 36] as const;
/** IPv4, UDP, BTH and ICRC. */
const ICRC_PACKET_BYTES_MIN = 20 + 8 + 12 + 4;
/** Local route header, BTH and ICRC; what the header's length, 11 bits of words, can say. */
const IB_PACKET_BYTES_MIN = 8 + 12 + 4;
const IB_PACKET_BYTES_MAX = 0x7ff * 4;
const IP_PACKET_BYTES_MAX = 40 + 65_535;

/** Makes a toolkit. Rejects with EngineUnsupported where SIMD is missing, with ConfigError for a bad option. */
export async function createToolkit(options: ToolkitOptions = {}): Promise<Toolkit> {
  const dataBytes = checkInteger("dataBytes", options.dataBytes ?? 2 ** 20, 0, 2 ** 29);
  const rssKey = options.rssKey ?? verificationKey();
  if (rssKey.length !== 40 && rssKey.length !== RSS_KEY_BYTES_MAX) {
    throw new ConfigError("rssKey.length", rssKey.length, `40 or ${RSS_KEY_BYTES_MAX} bytes`);
  }
  const plan = new MemoryPlan().add(dataBytes).add(RSS_KEY_BYTES_MAX);
  for (let i = 0; i < 3; i++) plan.add(CRC_TABLE_BYTES);
  for (const tupleBytes of TUPLE_BYTES) plan.add(tupleBytes * TOEPLITZ_ROW_BYTES);
  planScratch(plan);
  planBatch(plan);
  checkHost();
  const memory = plan.createMemory();
  const instance = await instantiate(options.wasm ?? defaultSource(options.debug ?? false), memory);
  instance.kernels.heapInit();
  return new Toolkit(instance, plan.createArena(memory), dataBytes, rssKey);
}

export class Toolkit {
  readonly #instance: Instance;
  readonly #arena: Arena;
  readonly #scratch: Scratch;
  readonly #batch: Batch;
  readonly #crc32: number;
  readonly #crc32c: number;
  readonly #crc16: number;
  /** Addresses of the Toeplitz tables, by bytes of a tuple. */
  readonly #toeplitz: ReadonlyMap<number, number>;
  readonly #data: number;
  readonly #dataBytes: number;
  #taken = 0;

  /** @internal Made by createToolkit. */
  constructor(instance: Instance, arena: Arena, dataBytes: number, rssKey: Uint8Array) {
    const { kernels } = instance;
    this.#instance = instance;
    this.#arena = arena;
    this.#scratch = new Scratch(arena, () => instance.checkOpen());
    const crcTable = (polynomial: number) => {
      const table = arena.take(CRC_TABLE_BYTES);
      kernels.crcInit(table, polynomial);
      return table;
    };
    this.#crc32 = crcTable(CRC_POLYNOMIAL_32);
    this.#crc32c = crcTable(CRC_POLYNOMIAL_32C);
    this.#crc16 = crcTable(CRC_POLYNOMIAL_16);
    const key = arena.take(RSS_KEY_BYTES_MAX);
    arena.u8.set(rssKey, key);
    const toeplitzTable = (tupleBytes: number): [number, number] => {
      const table = arena.take(tupleBytes * TOEPLITZ_ROW_BYTES);
      kernels.toeplitzInit(table, key, rssKey.length, tupleBytes);
      return [tupleBytes, table];
    };
    this.#toeplitz = new Map(TUPLE_BYTES.map(toeplitzTable));
    this.#batch = new Batch(instance, arena, { crc32: this.#crc32, crc32c: this.#crc32c, crc16: this.#crc16 });
    this.#data = arena.take(dataBytes);
    this.#dataBytes = dataBytes;
  }

  /** Memory that kernels read in place, all zero, on a vector; ConfigError when dataBytes has no more room. */
  take(bytes: number): Uint8Array {
    this.#instance.checkOpen();
    checkInteger("bytes", bytes, 0, this.#dataBytes - this.#taken);
    const start = this.#data + this.#taken;
    this.#taken = Math.min(this.#dataBytes, this.#taken + Math.ceil(bytes / 16) * 16);
    return this.#arena.u8.subarray(start, start + bytes);
  }

  /** The Internet checksum (RFC 1071), as the RFC writes it: the first byte of the field is the upper one. */
  checksum(data: Uint8Array): number {
    const { kernels } = this.#instance;
    let sum = 0n;
    this.#scratch.pieces(data, (ptr, len) => {
      sum = kernels.sumBytes(ptr, len, sum);
    });
    return swap16(kernels.complement(sum));
  }

  /** The checksum after a field of 2, 4 or 16 bytes, at an even offset, has changed (RFC 1624). */
  updateChecksum(checksum: number, before: Uint8Array, after: Uint8Array): number {
    checkInteger("checksum", checksum, 0, 0xffff);
    if (![2, 4, 16].includes(before.length)) throw new ConfigError("before.length", before.length, "2, 4 or 16 bytes");
    if (after.length !== before.length) throw new ConfigError("after.length", after.length, "as long as before");
    const { kernels } = this.#instance;
    const { u16, u32 } = this.#arena;
    const was = this.#scratch.whole("before", Uint8Array.of(...before, ...after));
    const is = was + before.length;
    const check = swap16(checksum);
    if (before.length === 16) return swap16(kernels.update128(check, was, is));
    if (before.length === 4) return swap16(kernels.update32(check, u32[was >> 2] as number, u32[is >> 2] as number));
    return swap16(kernels.update16(check, u16[was >> 1] as number, u16[is >> 1] as number));
  }

  /** CRC-32 of IEEE 802.3, the Ethernet FCS: of data behind what crc is the CRC-32 of. */
  crc32(data: Uint8Array, crc = 0): number {
    return this.#crc(this.#instance.kernels.crc32Update, this.#crc32, data, crc, 0xffffffff);
  }

  /** CRC-32C (RFC 3720, RFC 9260): of data behind what crc is the CRC-32C of. */
  crc32c(data: Uint8Array, crc = 0): number {
    return this.#crc(this.#instance.kernels.crc32cUpdate, this.#crc32c, data, crc, 0xffffffff);
  }

  /** CRC-16 of the InfiniBand VCRC: of data behind what crc is the CRC-16 of. */
  crc16(data: Uint8Array, crc = 0): number {
    return this.#crc(this.#instance.kernels.crc16Update, this.#crc16, data, crc, 0xffff);
  }

  /**
   * The ICRC that a RoCEv2 packet should end with (IBTA annex A17), as the number that its last four bytes are in little-endian. packet
   * is the IP packet from its first byte to its ICRC's last, of 44 bytes or more.
   */
  icrc(packet: Uint8Array): number {
    checkInteger("packet.length", packet.length, ICRC_PACKET_BYTES_MIN, IP_PACKET_BYTES_MAX);
    const ptr = this.#scratch.whole("packet", packet);
    return this.#instance.kernels.icrcIp(this.#crc32, ptr, packet.length) >>> 0;
  }

  /**
   * The ICRC that a native InfiniBand packet should end with (IBTA volume 1, 7.8.1), as the number that it is in little-endian. packet is
   * the packet from its local route header's first byte to its ICRC's last, without VCRC, of 24 bytes or more.
   */
  icrcIb(packet: Uint8Array): number {
    checkInteger("packet.length", packet.length, IB_PACKET_BYTES_MIN, IB_PACKET_BYTES_MAX);
    const ptr = this.#scratch.whole("packet", packet);
    return this.#instance.kernels.icrcIb(this.#crc32, ptr, packet.length) >>> 0;
  }

  /** The Toeplitz hash of a tuple in network order: addresses, then ports; 8, 12, 32 or 36 bytes. */
  toeplitz(tuple: Uint8Array): number {
    const table = this.#toeplitz.get(tuple.length);
    if (table === undefined) throw new ConfigError("tuple.length", tuple.length, "8, 12, 32 or 36 bytes");
    return this.#instance.kernels.toeplitz(table, this.#scratch.whole("tuple", tuple), tuple.length) >>> 0;
  }

  /** MurmurHash3_x64_128 of data, its first 64 bits. */
  murmur3(data: Uint8Array, seed = 0n): bigint {
    const ptr = this.#scratch.whole("data", data);
    return BigInt.asUintN(64, this.#instance.kernels.murmur3(ptr, data.length, BigInt.asUintN(64, seed)));
  }

  /** The toolkit's batch, holding these byte strings; what it held before is gone. */
  batch(strings: readonly Uint8Array[]): Batch {
    this.#instance.checkOpen();
    return this.#batch.load(strings);
  }

  /** Releases everything: later calls throw EngineClosed. */
  close(): void {
    this.#instance.close();
    this.#arena.release();
  }

  #crc(update: CrcUpdate, table: number, data: Uint8Array, crc: number, most: number): number {
    let register = checkInteger("crc", crc, 0, most);
    this.#scratch.pieces(data, (ptr, len) => {
      register = update(table, register, ptr, len) >>> 0;
    });
    return register;
  }
}

type CrcUpdate = (table: number, crc: number, ptr: number, len: number) => number;

function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
