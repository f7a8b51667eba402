/**
 * The only module that instantiates WebAssembly: finds the bytes, checks that the host can run them, binds the exports.
 *
 * The hot surface is called raw (numbers only). `loadTable`, whose argument is a typed array, goes through as-bind.
 */
import { instantiateSync as instantiateModule } from "@assemblyscript/loader";
import { instantiate as instantiateBytes } from "as-bind/dist/as-bind.esm.js";
import { ConfigError, EngineClosed, EngineFault, EngineUnsupported } from "./errors.js";

/** Where the compiled data plane comes from; by default the file beside this module. */
export type WasmSource = WasmBytes | WebAssembly.Module;
type WasmBytes = BufferSource | string | URL | Response;

/** The data plane's exports. Pointers are byte offsets in linear memory; see assembly/ for what each does. */
export interface Kernels {
  heapInit(): void;
  checksum(ptr: number, len: number): number;
  checksumBurst(ptrs: number, lens: number, out: number, n: number): void;
  complement(sum: bigint): number;
  fold(sum: bigint): number;
  sumBytes(ptr: number, len: number, sum: bigint): bigint;
  sumChain(m: number, off: number, len: number, sum: bigint): bigint;
  update16(check: number, before: number, after: number): number;
  update32(check: number, before: number, after: number): number;
  update128(check: number, before: number, after: number): number;
  updateUdp16(check: number, before: number, after: number): number;
  updateUdp32(check: number, before: number, after: number): number;
  updateUdp128(check: number, before: number, after: number): number;
  crcInit(table: number, polynomial: number): void;
  crc32(table: number, ptr: number, len: number): number;
  crc32Update(table: number, crc: number, ptr: number, len: number): number;
  crc32Burst(table: number, ptrs: number, lens: number, out: number, n: number): void;
  crc32c(table: number, ptr: number, len: number): number;
  crc32cUpdate(table: number, crc: number, ptr: number, len: number): number;
  crc32cBurst(table: number, ptrs: number, lens: number, out: number, n: number): void;
  crc16(table: number, ptr: number, len: number): number;
  crc16Update(table: number, crc: number, ptr: number, len: number): number;
  crc16Burst(table: number, ptrs: number, lens: number, out: number, n: number): void;
  icrcIp(table: number, ip: number, len: number): number;
  icrcIb(table: number, lrh: number, len: number): number;
  icrcBurst(table: number, ptrs: number, lens: number, out: number, n: number): void;
  gqpEncapBurst(
    list: number,
    n: number,
    tunnel: number,
    destQpn: number,
    sourceQpn: number,
    psn: number,
    crc32Table: number,
    crc16Table: number,
    bufBytes: number,
  ): number;
  gqpDecapBurst(
    list: number,
    n: number,
    kind: number,
    vni: number,
    founds: number,
    crc32Table: number,
    crc16Table: number,
  ): void;
  rdmaReceiveBurst(endpoint: number, n: number): number;
  rdmaSendBurst(endpoint: number, n: number): number;
  rdmaTick(endpoint: number, nowUs: number): number;
  rdmaPostSend(endpoint: number, qp: number, n: number): void;
  rdmaPostReceive(endpoint: number, qp: number, n: number): void;
  rdmaResume(endpoint: number, qp: number): void;
  rdmaFail(endpoint: number, qp: number): void;
  senderRoom(sender: number): number;
  senderPack(sender: number, messages: number, n: number, roomBytes: number): number;
  senderPost(sender: number, length: number, messages: number, flags: number, imm: number): void;
  senderComplete(sender: number): number;
  receiverRelease(receiver: number): void;
  receiverNext(receiver: number): number;
  receiverBurst(receiver: number): number;
  poolInit(pool: number, records: number, buffers: number, stack: number, n: number, buf: number, head: number): void;
  alloc(pool: number): number;
  allocBulk(pool: number, out: number, n: number): number;
  allocBurst(pool: number, out: number, n: number): number;
  free(pool: number, m: number): void;
  freeBurst(pool: number, list: number, n: number): void;
  copyInBurst(pool: number, ptrs: number, lens: number, out: number, n: number): number;
  copyOutBurst(list: number, out: number, strideBytes: number, lens: number, n: number): number;
  retain(m: number): void;
  linearize(pool: number, m: number): number;
  headroom(m: number): number;
  prepend(m: number, len: number): number;
  adj(m: number, len: number): number;
  append(m: number, len: number, bufBytes: number): number;
  trim(m: number, len: number): number;
  chain(head: number, tail: number, segmentsMax: number): number;
  chargeBurst(ledger: number, record: number, list: number, n: number): number;
  limitBatch(due: number, record: number, filled: number): void;
  limitCharge(due: number, record: number, mbufs: number, bytes: number): number;
  limitRelease(due: number, record: number, mbufs: number, heldUs: number): void;
  ledgerTakeStrangers(ledger: number): number;
  censusBegin(pool: number): void;
  censusPool(pool: number): number;
  censusChain(pool: number, m: number): number;
  censusList(pool: number, list: number, n: number): number;
  censusRing(pool: number, ring: number): number;
  censusQueue(pool: number, queue: number): number;
  censusDoubles(pool: number): number;
  ringInit(ring: number, slots: number, capacity: number): void;
  ringCount(ring: number): number;
  ringEnqueueBurst(ring: number, list: number, n: number): number;
  ringDequeueBurst(ring: number, out: number, n: number): number;
  queueInit(queue: number, descs: number, slots: number, deviceSegments: number, size: number): void;
  post(queue: number, m: number): number;
  postBurst(queue: number, list: number, n: number): number;
  ringDoorbell(queue: number): void;
  queueFree(queue: number): number;
  reapBurst(queue: number, out: number, n: number): number;
  reapFree(queue: number, pool: number, scratch: number, n: number): number;
  queueNextSegments(queue: number): number;
  takeBurst(queue: number, out: number, spansMax: number): number;
  completeBurst(queue: number, list: number, n: number): void;
  portReceiveBurst(port: number, list: number, n: number): number;
  portPostBurst(port: number, list: number, n: number): number;
  spreadBurst(list: number, picks: number, n: number, ports: number): number;
  macswapBurst(list: number, n: number): void;
  discardBurst(port: number, list: number, n: number): number;
  packBurst(port: number, stage: number, n: number): number;
  unpackBurst(port: number, stage: number, n: number): number;
  streamOpen(aggregate: number, data: number, roomBytes: number): void;
  streamPackBurst(aggregate: number, messages: number, n: number): number;
  streamUnpackBurst(from: number, lenBytes: number, out: number, max: number): number;
  parseBurst(list: number, n: number): void;
  encapBurst(list: number, n: number, tunnel: number): void;
  encapParsedBurst(list: number, n: number, tunnel: number): void;
  encapHashed(m: number, tunnel: number, hash: number): number;
  decapBurst(list: number, n: number, vxlanPort: number, vni: number, strict: boolean): void;
  ecnOuter(m: number): number;
  ecnApply(m: number, outerTos: number, uniform: boolean): number;
  fillBurst(list: number, n: number): number;
  verifyBurst(list: number, n: number, reports: number): void;
  fragment(pool: number, m: number, mtuBytes: number, out: number): number;
  clampMssBurst(list: number, n: number, mtuBytes: number): number;
  txBurst(tunnel: number, n: number): number;
  rxBurst(uplink: number, tunnels: number, count: number, n: number): number;
  overlaySendBurst(overlay: number, vnic: number, n: number): number;
  overlayReceiveBurst(overlay: number, i: number, n: number): number;
  overlayRelease(overlay: number, endpoint: number): number;
  overlayResend(overlay: number, endpoint: number, first: number, rejected: bigint): number;
  overlayRemember(overlay: number, isAddress: boolean): number;
  overlayAsk(overlay: number, endpoint: number): void;
  overlayBelieve(overlay: number, endpoint: number): void;
  overlayRehome(overlay: number, endpoint: number, until: number, isSame: boolean): void;
  overlayRemove(overlay: number, endpoint: number): void;
  overlayAge(overlay: number, steps: number): number;
  overlayFlushFlows(overlay: number, network: number): void;
  overlayFlowsOf(
    overlay: number,
    isIpv6: boolean,
    slot: number,
    steps: number,
    kind: number,
    own: number,
    ownCount: number,
    out: number,
    n: number,
  ): number;
  overlayTakeRing(overlay: number): number;
  overlayGiveRing(overlay: number, ring: number): void;
  overlayJoinHeld(overlay: number, endpoint: number, ring: number): number;
  overlayTakeHeld(overlay: number, endpoint: number, port: number): number;
  overlayTakeControl(overlay: number, out: number, n: number): number;
  overlayDispose(overlay: number, m: number, cause: number): void;
  overlayGive(overlay: number, vnic: number, m: number): number;
  identityInit(identity: number, buckets: number, count: number, multiplier: bigint): void;
  identityInsert(identity: number, key: bigint, value: number): number;
  identityRemove(identity: number, key: bigint): number;
  identityLookup(identity: number, key: bigint): number;
  identityAge(identity: number, maxAge: number): number;
  identityForget(identity: number, partition: number): number;
  lagPickBurst(group: number, list: number, n: number, picks: number): void;
  lagSendBurst(group: number, from: number, n: number): number;
  lagReceiveBurst(group: number, i: number, n: number): number;
  lagSettle(group: number): number;
  healthBurst(monitor: number, list: number, peers: number, n: number, network: number): void;
  healthObserve(monitor: number, m: number, peer: number, network: number): void;
  healthAge(monitor: number, steps: number): number;
  hashBurst(config: number, list: number, out: number, n: number): void;
  pickBurst(config: number, list: number, members: number, out: number, n: number): void;
  toeplitzInit(table: number, key: number, keyBytes: number, tupleBytes: number): number;
  toeplitz(table: number, tuple: number, tupleBytes: number): number;
  toeplitzBurst(table: number, ptrs: number, tupleBytes: number, out: number, n: number): void;
  flowHash(m: number): number;
  mix(h: bigint): bigint;
  murmur3(ptr: number, len: number, seed: bigint): bigint;
  murmur3Into(ptr: number, len: number, seed: bigint, out: number): void;
  murmur3Burst(ptrs: number, keyBytes: number, seed: bigint, out: number, n: number): void;
  snapshotMeasure(job: number, list: number, n: number): void;
  snapshotGather(job: number, list: number, n: number, place: number): void;
  snapshotCheck(job: number, n: number): number;
  snapshotScatter(job: number, pool: number, list: number, n: number, port: number): void;
  snapshotRing(ring: number, out: number): number;
  ringReset(ring: number, cursor: number): void;
  snapshotQueue(queue: number, out: number, ids: number, taken: number): number;
  queueReset(queue: number, ids: number, index: number, wrap: number): void;
  queueTake(queue: number, n: number): void;
  tableInit(table: number, buckets: number, count: number, keyBytes: number, capacity: number, seed: bigint): void;
  tableLookup(table: number, key: number): number;
  tableLookupBurst(table: number, ptrs: number, out: number, n: number): number;
  tableInsert(table: number, key: number, value: number): number;
  tableRemove(table: number, key: number): number;
  tableNext(table: number, slot: number): number;
  tableKey(table: number, slot: number): number;
  tableValue(table: number, slot: number): number;
  tableStats(table: number, out: number): void;
  policyDecide(block: number, source: number, destination: number, protocol: number, port: number): number;
  policyClassOf4(block: number, ip: number): number;
  policyClassOf6(block: number, upper: bigint, lower: bigint): number;
}

/** An instance of the data plane over a given memory. */
export interface Instance {
  /** The exports as they are, for loops that are measured in nanoseconds. A trap arrives as WebAssembly.RuntimeError. */
  readonly raw: Kernels;
  /** The exports, where a trap arrives as EngineFault and a call after close() as EngineClosed. */
  readonly kernels: Kernels;
  /** Copies bytes to an address, in chunks that the bounded control heap can hold. */
  loadTable(to: number, bytes: Uint8Array): void;
  /** Throws EngineClosed after close(). */
  checkOpen(): void;
  /** Makes every later call throw EngineClosed, and lets go of the instance. */
  close(): void;
}

/** Most bytes that cross as one as-bind argument: a small part of the control heap. */
const LOAD_CHUNK_BYTES = 16 * 1024;

/** (func (result v128) (i32x4.extadd_pairwise_i16x8_u (i32x4.splat (i32.const 0)))): valid only where SIMD is. */
const SIMD_PROBE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00,
  0x0a, 0x0a, 0x01, 0x08, 0x00, 0x41, 0x00, 0xfd, 0x11, 0xfd, 0x7f, 0x0b,
]);

/** Throws EngineUnsupported where WebAssembly or its fixed-width SIMD is missing. */
export function checkHost(): void {
  if (typeof WebAssembly !== "object") throw new EngineUnsupported("WebAssembly");
  if (!WebAssembly.validate(SIMD_PROBE)) throw new EngineUnsupported("WebAssembly SIMD (fixed-width, 128 bits)");
}

/** The data plane that ships beside this module. The literals are what bundlers look for. */
export function defaultSource(debug: boolean): URL {
  return debug ? new URL("./ringlane.debug.wasm", import.meta.url) : new URL("./ringlane.wasm", import.meta.url);
}

/** Instantiates the data plane over memory. Throws ConfigError when the source cannot be read or is not ringlane's. */
export async function instantiate(source: WasmSource, memory: WebAssembly.Memory): Promise<Instance> {
  try {
    return source instanceof WebAssembly.Module
      ? bindModule(source, memory)
      : await bindBytes(await readSource(source as WasmBytes), memory);
  } catch (cause) {
    throw new ConfigError("wasm", describe(source), `ringlane's compiled data plane (${cause})`);
  }
}

async function bindBytes(bytes: BufferSource, memory: WebAssembly.Memory): Promise<Instance> {
  const bound = await instantiateBytes(bytes, { env: { memory } });
  const raw = bound.loadedModule.instance.exports as unknown as Kernels;
  return new BoundInstance(raw, bound.exports.loadTable as (to: number, bytes: Uint8Array) => void);
}

/** as-bind compiles whatever it is given, so a Module goes through the loader that it is built on. */
function bindModule(module: WebAssembly.Module, memory: WebAssembly.Memory): Instance {
  const { exports } = instantiateModule<Record<string, unknown>>(module, { env: { memory } });
  const typeId = uint8ArrayId(module);
  const raw = exports as unknown as Kernels & { loadTable(to: number, array: number): void };
  return new BoundInstance(raw, (to, bytes) => {
    const array = exports.__pin(exports.__newArray(typeId, bytes as unknown as number[]));
    raw.loadTable(to, array);
    exports.__unpin(array);
  });
}

class BoundInstance implements Instance {
  readonly kernels: Kernels;
  #load: (to: number, bytes: Uint8Array) => void;
  #raw: Kernels | undefined;

  constructor(raw: Kernels, load: (to: number, bytes: Uint8Array) => void) {
    this.#raw = raw;
    this.#load = load;
    const names = Object.keys(raw) as (keyof Kernels)[];
    const guarded = names.filter((name) => typeof raw[name] === "function").map((name) => [name, this.#guard(name)]);
    this.kernels = Object.fromEntries(guarded);
  }

  get raw(): Kernels {
    if (!this.#raw) throw new EngineClosed();
    return this.#raw;
  }

  loadTable(to: number, bytes: Uint8Array): void {
    for (let off = 0; off < bytes.length; off += LOAD_CHUNK_BYTES) {
      this.#load(to + off, bytes.subarray(off, off + LOAD_CHUNK_BYTES));
    }
  }

  checkOpen(): void {
    if (!this.#raw) throw new EngineClosed();
  }

  close(): void {
    this.#raw = undefined;
    this.#load = () => this.checkOpen();
  }

  #guard(name: keyof Kernels): Kernel {
    return (...args) => {
      const kernel = this.raw[name] as Kernel;
      try {
        return kernel(...args);
      } catch (cause) {
        throw new EngineFault(name, cause);
      }
    };
  }
}

type Kernel = (...args: never[]) => unknown;

async function readSource(source: WasmBytes): Promise<BufferSource> {
  if (source instanceof ArrayBuffer) return source;
  // Not every host compiles a DataView, and as-bind hands on what it is given.
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof Response) return readResponse(source);
  const url = new URL(source, import.meta.url);
  // Found at run time, so that bundlers for browsers see no import of node:fs.
  if (url.protocol === "file:") return globalThis.process.getBuiltinModule("node:fs").readFileSync(url);
  return readResponse(await fetch(url));
}

/** Not compileStreaming: it refuses a wrong MIME type, and the file is small. */
async function readResponse(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${response.url}`);
  return response.arrayBuffer();
}

/** as-bind notes the run-time id of each type that crosses in a custom section of the module. */
function uint8ArrayId(module: WebAssembly.Module): number {
  const [section] = WebAssembly.Module.customSections(module, "as-bind_bindings");
  if (!section) throw new Error("no as-bind section");
  return JSON.parse(new TextDecoder().decode(section)).typeIds["~lib/typedarray/Uint8Array"].id;
}

function describe(source: unknown): string {
  return source instanceof URL || typeof source === "string" ? String(source) : Object.prototype.toString.call(source);
}
