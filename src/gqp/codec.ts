/**
 * Single packets between queue pairs, for tools that have bytes: no ports, no engine. A packet is copied into the data plane and out of
 * it again.
 *
 *   const codec = await createGqpCodec();
 *   const tunnel = encodeRoceTunnel({ vni: 42, local: "192.0.2.1", remote: "192.0.2.2" });
 *   codec.encapsulate({ data: frame }, tunnel, { destQpn: 256, sourceQpn: 512, psn: 0 }).data;
 */
import {
  CARRIES_CONTROL,
  CRC_POLYNOMIAL_16,
  CRC_POLYNOMIAL_32,
  CRC_TABLE_BYTES,
  ENCAP_INFINIBAND,
  ENCAP_ROCEV2,
  FRAME_BYTES_MAX,
  GQP_BYTES,
  GQP_CARRIES,
  GQP_DEST_QPN,
  GQP_LENGTH,
  GQP_OFFSET,
  GQP_PSN,
  GQP_QKEY,
  GQP_SOURCE_QPN,
  MBUF_BYTES,
  MBUF_CAUSE,
  MBUF_DATA,
  MBUF_LEN,
  MBUF_WIRE_LEN,
  OK,
  POOL_BYTES,
  TUNNEL_BYTES,
} from "../../assembly/layout.js";
import { causeName } from "../causes.js";
import { checkInteger, checkOneOf } from "../check.js";
import { type Arena, MemoryPlan } from "../memory.js";
import { checkHost, defaultSource, type Instance, instantiate, type WasmSource } from "../wasm.js";
import { GQPN_MAX } from "./numbers.js";
import type { EncodedTunnel } from "./tunnel.js";

export interface GqpCodecOptions {
  /** The compiled data plane, as in EngineOptions. */
  readonly wasm?: WasmSource;
  readonly debug?: boolean;
}

/** A packet, and how long it was on the wire: more than its bytes where a capture cut it; by default as long. */
export interface GqpPacket {
  readonly data: Uint8Array;
  readonly originalLength?: number | undefined;
}

/** 24 bits each. */
export interface DatagramNumbers {
  readonly destQpn: number;
  readonly sourceQpn: number;
  readonly psn: number;
}

/** What encapsulation made; with a cause, the bytes as they were. */
export interface Encapsulated {
  /** Why it was refused: the name of a drop cause. */
  readonly cause: string | undefined;
  readonly data: Uint8Array;
  readonly originalLength: number;
}

/** What an RDMA packet carries; with a cause, the packet as it was, and no numbers. */
export interface OpenedDatagram extends Encapsulated {
  /** data is a control message's payload, not a frame. */
  readonly isControl: boolean;
  readonly numbers: DatagramNumbers | undefined;
  /** A frame's network. */
  readonly vni: number | undefined;
}

const HEADROOM_BYTES = 96;
/** Pad, ICRC and VCRC. */
const TAILROOM_BYTES = 16;
const BUF_BYTES = HEADROOM_BYTES + Math.ceil(FRAME_BYTES_MAX / 16) * 16 + TAILROOM_BYTES;

/** Makes a codec. Rejects with EngineUnsupported where SIMD is missing. */
export async function createGqpCodec(options: GqpCodecOptions = {}): Promise<GqpCodec> {
  checkHost();
  const plan = new MemoryPlan().add(POOL_BYTES).add(MBUF_BYTES).add(BUF_BYTES).add(4).add(4);
  plan.add(TUNNEL_BYTES).add(CRC_TABLE_BYTES).add(CRC_TABLE_BYTES).add(GQP_BYTES);
  const memory = plan.createMemory();
  const instance = await instantiate(options.wasm ?? defaultSource(options.debug ?? false), memory);
  instance.kernels.heapInit();
  return new GqpCodec(instance, plan.createArena(memory));
}

export class GqpCodec {
  readonly #instance: Instance;
  readonly #arena: Arena;
  readonly #pool: number;
  readonly #list: number;
  readonly #tunnel: number;
  readonly #crc32: number;
  readonly #crc16: number;
  readonly #found: number;

  /** @internal Made by createGqpCodec. */
  constructor(instance: Instance, arena: Arena) {
    const { kernels } = instance;
    this.#instance = instance;
    this.#arena = arena;
    this.#pool = arena.take(POOL_BYTES);
    const [records, buffers, stack] = [arena.take(MBUF_BYTES), arena.take(BUF_BYTES), arena.take(4)];
    kernels.poolInit(this.#pool, records, buffers, stack, 1, BUF_BYTES, HEADROOM_BYTES);
    this.#list = arena.take(4);
    this.#tunnel = arena.take(TUNNEL_BYTES);
    this.#crc32 = arena.take(CRC_TABLE_BYTES);
    this.#crc16 = arena.take(CRC_TABLE_BYTES);
    this.#found = arena.take(GQP_BYTES);
    kernels.crcInit(this.#crc32, CRC_POLYNOMIAL_32);
    kernels.crcInit(this.#crc16, CRC_POLYNOMIAL_16);
  }

  /** Puts a tunnel's headers, pad and CRCs around a frame of at most 65599 bytes. */
  encapsulate(frame: GqpPacket, { record }: EncodedTunnel, numbers: DatagramNumbers): Encapsulated {
    const { kernels } = this.#instance;
    const destQpn = checkInteger("destQpn", numbers.destQpn, 0, GQPN_MAX);
    const sourceQpn = checkInteger("sourceQpn", numbers.sourceQpn, 0, GQPN_MAX);
    const psn = checkInteger("psn", numbers.psn, 0, GQPN_MAX);
    this.#arena.u8.set(record, this.#tunnel);
    return this.#with(frame, (m) => {
      const [crc32, crc16] = [this.#crc32, this.#crc16];
      kernels.gqpEncapBurst(this.#list, 1, this.#tunnel, destQpn, sourceQpn, psn, crc32, crc16, BUF_BYTES);
      return this.#result(m);
    });
  }

  /**
   * Checks an RDMA packet of at most 65599 bytes and takes out what it carries: a RoCEv2 packet from its Ethernet header on, or a native
   * InfiniBand one from its local route header to its VCRC. vni: frames of this network only.
   */
  open(packet: GqpPacket, form: "rocev2" | "infiniband", vni?: number): OpenedDatagram {
    const { kernels } = this.#instance;
    const kind = checkOneOf("form", form, ["rocev2", "infiniband"]) === "rocev2" ? ENCAP_ROCEV2 : ENCAP_INFINIBAND;
    const network = vni === undefined ? -1 : checkInteger("vni", vni, 0, 0xffffff);
    return this.#with(packet, (m) => {
      kernels.gqpDecapBurst(this.#list, 1, kind, network, this.#found, this.#crc32, this.#crc16);
      const result = this.#result(m);
      if (result.cause !== undefined) return { ...result, isControl: false, numbers: undefined, vni: undefined };
      const at = (field: number) => this.#u32(this.#found + field);
      const numbers = { destQpn: at(GQP_DEST_QPN), sourceQpn: at(GQP_SOURCE_QPN), psn: at(GQP_PSN) };
      if (at(GQP_CARRIES) !== CARRIES_CONTROL) return { ...result, isControl: false, numbers, vni: at(GQP_QKEY) };
      const [offset, originalLength] = [at(GQP_OFFSET), at(GQP_LENGTH)];
      const data = result.data.subarray(offset, offset + originalLength);
      return { cause: undefined, data, originalLength, isControl: true, numbers, vni: undefined };
    });
  }

  /** Releases everything: later calls throw EngineClosed. */
  close(): void {
    this.#instance.close();
    this.#arena.release();
  }

  /** Lays the packet into the one mbuf, and frees it after use. */
  #with<T>({ data, originalLength }: GqpPacket, use: (m: number) => T): T {
    this.#instance.checkOpen();
    const { kernels } = this.#instance;
    checkInteger("data.length", data.length, 0, FRAME_BYTES_MAX);
    const wireBytes = checkInteger("originalLength", originalLength ?? data.length, data.length, 0x7fffffff);
    const m = kernels.alloc(this.#pool);
    this.#arena.u8.set(data, kernels.append(m, data.length, BUF_BYTES));
    this.#arena.u32[(m + MBUF_WIRE_LEN) >> 2] = wireBytes;
    this.#arena.u32[this.#list >> 2] = m;
    const result = use(m);
    kernels.free(this.#pool, m);
    return result;
  }

  #result(m: number): Encapsulated {
    const cause = this.#arena.u16[(m + MBUF_CAUSE) >> 1] as number;
    const data = this.#u32(m + MBUF_DATA);
    return {
      cause: cause === OK ? undefined : causeName(cause),
      data: this.#arena.u8.slice(data, data + this.#u32(m + MBUF_LEN)),
      originalLength: this.#u32(m + MBUF_WIRE_LEN),
    };
  }

  #u32(ptr: number): number {
    return this.#arena.u32[ptr >> 2] as number;
  }
}
