/**
 * A burst: up to 256 frames that are loaded, worked on by one kernel in one crossing, and read back, without any port.
 * What tools use on captures: parse, encapsulation and decapsulation, checksum verification.
 */
import {
  BURST_MAX,
  ENCAP_SHIFT,
  MBUF_CAUSE,
  MBUF_FLAGS,
  MBUF_PAYLOAD,
  MBUF_VNI,
  REPORT_BYTES,
  REPORT_CAUSE,
  REPORT_HAS_INNER,
  REPORT_INNER_FLAGS,
  REPORT_INNER_L3,
  REPORT_INNER_L4,
  REPORT_OUTER_FLAGS,
  REPORT_OUTER_L3,
  REPORT_OUTER_L4,
  VERDICT_ABSENT,
  VERDICT_BAD,
  VERDICT_GOOD,
  VERDICT_NONE,
  VERDICT_OFFLOADED,
  VERDICT_UNCHECKED,
} from "../assembly/layout.js";
import type { FrameOwner } from "./buffer/frame.js";
import type { Arrival } from "./buffer/pool.js";
import { causeName } from "./causes.js";
import { checkBoolean, checkInteger } from "./check.js";
import { ConfigError } from "./errors.js";
import type { FlowHasher } from "./hash/hasher.js";
import type { HealthMonitor } from "./limit/health/monitor.js";
import type { MemoryPlan } from "./memory.js";
import { ENCAPSULATIONS, encapsulationName, type TunnelEncapsulation } from "./overlay/encapsulations.js";
import type { Tunnel } from "./overlay/tunnel.js";

/** A loaded frame after a kernel has worked on it. */
export interface BurstFrame {
  /** Why the kernel refused the frame (a drop cause); undefined when it did not. A refused frame is unchanged. */
  readonly cause: string | undefined;
  /** What parse found: FLAG_ bits. */
  readonly flags: number;
  /** Bytes of headers in front of the transport payload, as parse found them; 0 where it found no transport header. */
  readonly payloadOffset: number;
  /** The VNI that decapsulation found. */
  readonly vni: number;
  /** The encapsulation that decapsulation took the frame out of; undefined where it did not. */
  readonly encapsulation: TunnelEncapsulation | undefined;
  /** The bytes, one view a segment, valid until the burst is loaded again or released. */
  readonly spans: readonly Uint8Array[];
  readonly originalLength: number;
  readonly timestampNs: bigint;
}

/** What a checksum is: right, wrong, not there, not checkable (cut, or a fragment), or left to an adapter. */
export type Verdict = "good" | "bad" | "absent" | "unchecked" | "offloaded";

/** The checksums of one frame, or of the frame inside it. */
export interface LayerVerdicts {
  /** What parse found: FLAG_ bits. */
  readonly flags: number;
  /** IPv4 header; undefined where there is none. */
  readonly l3: Verdict | undefined;
  /** TCP, UDP, ICMP or ICMPv6; undefined where there is none. */
  readonly l4: Verdict | undefined;
}

export interface FrameVerdicts {
  /** Why the frame, or the one inside it, is malformed (a drop cause); undefined when it is not. */
  readonly cause: string | undefined;
  readonly outer: LayerVerdicts;
  /** The frame in a tunnel; undefined where there is none. */
  readonly inner: LayerVerdicts | undefined;
}

const VERDICTS: Readonly<Record<number, Verdict | undefined>> = {
  [VERDICT_NONE]: undefined,
  [VERDICT_GOOD]: "good",
  [VERDICT_BAD]: "bad",
  [VERDICT_ABSENT]: "absent",
  [VERDICT_UNCHECKED]: "unchecked",
  [VERDICT_OFFLOADED]: "offloaded",
};

export interface DecapsulateOptions {
  /** One network; any by default. */
  readonly vni?: number | undefined;
  /** VXLAN's UDP port; 4789 by default. */
  readonly udpPort?: number | undefined;
  /** Refuses reserved bits that are set; false by default. */
  readonly strict?: boolean | undefined;
}

const VXLAN_UDP_PORT = ENCAPSULATIONS.vxlan.udpPort as number;

export function planBurst(plan: MemoryPlan): void {
  plan.add(BURST_MAX * 4).add(BURST_MAX * REPORT_BYTES);
}

export class Burst {
  readonly #owner: FrameOwner;
  readonly #checkTunnel: (tunnel: Tunnel) => void;
  readonly #list: number;
  readonly #reports: number;
  #count = 0;
  #isDecapsulated = false;

  /** @internal Made by Engine.burst; checkTunnel refuses a tunnel of another engine. */
  constructor(owner: FrameOwner, checkTunnel: (tunnel: Tunnel) => void) {
    this.#owner = owner;
    this.#checkTunnel = checkTunnel;
    this.#list = owner.arena.take(BURST_MAX * 4);
    this.#reports = owner.arena.take(BURST_MAX * REPORT_BYTES);
  }

  /** Frames loaded now. */
  get length(): number {
    return this.#count;
  }

  /**
   * Releases what was loaded and loads arrivals[from..]: as many as the pool has buffers for, at most 256 frames and 16384
   * buffers. Returns how many; 0 means that the next frame is longer than the whole pool.
   */
  load(arrivals: readonly Arrival[], from = 0): number {
    this.release();
    this.#count = this.#owner.pool.fillBurst(arrivals, from, this.#list);
    return this.#count;
  }

  /** Gives the buffers back. */
  release(): void {
    this.#owner.kernels.freeBurst(this.#owner.pool.ptr, this.#list, this.#count);
    this.#count = 0;
    this.#isDecapsulated = false;
  }

  /** Finds headers; see BurstFrame.flags. */
  parse(): void {
    this.#owner.kernels.parseBurst(this.#list, this.#count);
  }

  /**
   * The hash of each frame, a 32-bit number. The frames are to be parsed before; one that parse refused hashes to 0. Throws ConfigError for
   * another engine's hasher.
   */
  hashes(hasher: FlowHasher): Uint32Array {
    const { arena, kernels } = this.#owner;
    if (!hasher.belongsTo(this.#owner)) throw new ConfigError("hasher", hasher.options.policy, "of this engine");
    // What the last verify reported has been read.
    const out = this.#reports >> 2;
    kernels.hashBurst(hasher.ptr, this.#list, this.#reports, this.#count);
    const causeOf = (i: number) => arena.u16[((arena.u32[(this.#list >> 2) + i] as number) + MBUF_CAUSE) >> 1];
    return arena.u32.slice(out, out + this.#count).map((hash, i) => (causeOf(i) === 0 ? hash : 0));
  }

  /**
   * Shows the frames to a monitor of TCP connections, each for the peer at its place (a number of HealthMonitor.open; undefined: nobody's,
   * but its connection is followed). Networks may have the same addresses. The frames are to be parsed before. Throws ConfigError for
   * another engine's monitor, and for a peer that is not open.
   */
  health(monitor: HealthMonitor, peers: ArrayLike<number | undefined>, network = 0): void {
    const { arena, kernels } = this.#owner;
    if (!monitor.belongsTo(this.#owner)) throw new ConfigError("monitor", "another engine's", "of this engine");
    checkInteger("network", network, 0, 2 ** 31 - 1);
    // What the last verify reported has been read.
    const records = this.#reports;
    for (let i = 0; i < this.#count; i++) {
      const peer = peers[i];
      arena.u32[(records >> 2) + i] = peer === undefined ? 0 : monitor.address(peer);
    }
    kernels.healthBurst(monitor.ptr, this.#list, records, this.#count, network);
  }

  /** Puts the tunnel's outer headers in front of each frame that parses. Throws ConfigError for another engine's tunnel. */
  encapsulate(tunnel: Tunnel): void {
    this.#checkTunnel(tunnel);
    this.#owner.kernels.encapBurst(this.#list, this.#count, tunnel.ptr);
  }

  /** Takes the frames inside out of VXLAN, Geneve, VXLAN-GPE and NVGRE, as they are inside. */
  decapsulate(options: DecapsulateOptions = {}): void {
    const udpPort = checkInteger("udpPort", options.udpPort ?? VXLAN_UDP_PORT, 1, 65535);
    const vni = options.vni === undefined ? -1 : checkInteger("vni", options.vni, 0, 0xffffff);
    const strict = checkBoolean("strict", options.strict ?? false);
    this.#owner.kernels.decapBurst(this.#list, this.#count, udpPort, vni, strict);
    this.#isDecapsulated = true;
  }

  /**
   * Computes IPv4, TCP, UDP, ICMP and ICMPv6 checksums in place, as an adapter does; an absent UDP one stays so over IPv4.
   * Returns how many frames had another one than they have now: those that were wrong.
   */
  fillChecksums(): number {
    return this.#owner.kernels.fillBurst(this.#list, this.#count);
  }

  /** Judges every checksum it knows, outer and inner. Frames in tunnels are stripped on the way. */
  verify(): FrameVerdicts[] {
    this.#owner.kernels.verifyBurst(this.#list, this.#count, this.#reports);
    return Array.from({ length: this.#count }, (_, i) => this.#verdicts(this.#reports + i * REPORT_BYTES));
  }

  /** The frames as they are now. */
  frames(): BurstFrame[] {
    this.#owner.checkOpen();
    return Array.from({ length: this.#count }, (_, i) => this.#frame(i));
  }

  /** @internal Marks the loaded mbufs in a census round; returns how many. */
  census(): number {
    return this.#owner.kernels.censusList(this.#owner.pool.ptr, this.#list, this.#count);
  }

  #frame(i: number): BurstFrame {
    const { arena, pool } = this.#owner;
    const m = arena.u32[(this.#list >> 2) + i] as number;
    const cause = arena.u16[(m + MBUF_CAUSE) >> 1] as number;
    const flags = arena.u32[(m + MBUF_FLAGS) >> 2] as number;
    return {
      cause: cause === 0 ? undefined : causeName(cause),
      flags: flags & ((1 << ENCAP_SHIFT) - 1),
      payloadOffset: arena.u16[(m + MBUF_PAYLOAD) >> 1] as number,
      vni: arena.u32[(m + MBUF_VNI) >> 2] as number,
      encapsulation: this.#isDecapsulated && cause === 0 ? encapsulationName(flags >>> ENCAP_SHIFT) : undefined,
      spans: pool.spans(m),
      originalLength: pool.wireLen(m),
      timestampNs: pool.timestampNs(m),
    };
  }

  #verdicts(report: number): FrameVerdicts {
    const { u8, u16, u32 } = this.#owner.arena;
    const cause = u16[(report + REPORT_CAUSE) >> 1] as number;
    const layer = (flags: number, l3: number, l4: number): LayerVerdicts => ({
      flags: u32[(report + flags) >> 2] as number,
      l3: VERDICTS[u8[report + l3] as number],
      l4: VERDICTS[u8[report + l4] as number],
    });
    const hasInner = u8[report + REPORT_HAS_INNER] !== 0;
    return {
      cause: cause === 0 ? undefined : causeName(cause),
      outer: layer(REPORT_OUTER_FLAGS, REPORT_OUTER_L3, REPORT_OUTER_L4),
      inner: hasInner ? layer(REPORT_INNER_FLAGS, REPORT_INNER_L3, REPORT_INNER_L4) : undefined,
    };
  }
}
