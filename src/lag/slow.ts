/**
 * A group's link protocols: reads what the data plane has put aside for the control plane (assembly/lag/reserved.ts), has the LACP
 * machines answer, and sends what they say by the ports themselves. What finds no room waits, and goes before the data plane fills
 * the port again: otherwise traffic alone could let a partner time out. Port numbers of LACP are the group's, from 1.
 */
import { MBUF_PORT } from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import type { Port } from "../buffer/port.js";
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { macText, parseMac } from "../overlay/address.js";
import { CONTROL_FRAMES, type GroupRecord } from "./group-record.js";
import type { LacpAction } from "./lacp/action.js";
import type { LacpPortReport } from "./lacp/report.js";
import { LacpSystem } from "./lacp/system.js";
import { PORT_ALGORITHM } from "./lacp/version2.js";

export interface GroupLacpOptions {
  /** MAC address of this system, one station's. */
  readonly systemMac: string;
  /** 0 to 65535, the lower the better; 32768 by default. */
  readonly systemPriority?: number;
  /** 1 to 65535; 1 by default. Ports of one key may be aggregated. */
  readonly key?: number;
  /** "active" by default: speaks first. */
  readonly activity?: "active" | "passive";
  /** "fast" by default: the partner is given up after 3 s, otherwise after 90 s. */
  readonly timeout?: "fast" | "slow";
  /**
   * Tells the partner by version 2 which ports each partition uses (IEEE 802.1AX-2020 6.6). A partition's conversation is its VLAN, so
   * that no two with members may be in one VLAN; or ("partition") a number that it is given, by an algorithm that only another ringlane
   * knows. While both ends agree, a conversation takes one link of its partition's set, the same in both directions. Off by default.
   */
  readonly conversations?: false | "vlan" | "partition";
}

/** How a frame's conversation is told: by its VLAN as the standard has it, or by a locally administered OUI's first algorithm. */
const ALGORITHMS = { vlan: PORT_ALGORITHM["c-vid"], partition: 0x02000001 } as const;
/** Frames that may wait for room, a port. */
const WAITING_MAX = 16;
/** Bytes of the longest frame that is said or heard: of version 1, and of version 2 with all its masks. */
const FRAME_BYTES_MAX = { 1: 124, 2: 640 };

/** The LACP system of a group of so many ports. Throws ConfigError for a bad option, and for buffers that hold no frame of it. */
export function makeLacp(options: GroupLacpOptions, ports: number, payloadBytes: number): LacpSystem {
  const longest = FRAME_BYTES_MAX[options.conversations ? 2 : 1];
  if (payloadBytes < longest) {
    throw new ConfigError("lacp", `with payloadBytes ${payloadBytes}`, `with payloadBytes of at least ${longest}`);
  }
  return new LacpSystem(systemOptions(options, ports));
}

export class SlowProtocols {
  readonly #owner: FrameOwner;
  readonly #record: GroupRecord;
  readonly #ports: readonly Port[];
  readonly #lacp: LacpSystem | undefined;
  /** What has found no room, the oldest first. */
  #waiting: { readonly port: Port; readonly frame: Uint8Array }[] = [];

  constructor(owner: FrameOwner, record: GroupRecord, ports: readonly Port[], lacp: LacpSystem | undefined) {
    this.#owner = owner;
    this.#record = record;
    this.#ports = ports;
    this.#lacp = lacp;
  }

  get speaksLacp(): boolean {
    return this.#lacp !== undefined;
  }

  /** When tick has something to do. */
  get nextMs(): number | undefined {
    return this.#lacp?.nextMs;
  }

  /** A port as LACP sees it; undefined without LACP. */
  report(port: number): LacpPortReport | undefined {
    return this.#lacp?.port(port + 1);
  }

  link(port: number, up: boolean, nowMs: number): LacpAction[] {
    if (!up) this.#waiting = this.#waiting.filter((waiting) => waiting.port !== this.#ports[port]);
    return this.#carryOut(this.#lacp?.link(port + 1, up, nowMs) ?? []);
  }

  setConversations(table: ReadonlyMap<number, readonly number[]>, nowMs: number): LacpAction[] {
    return this.#carryOut(this.#lacp?.setConversations(table, nowMs) ?? []);
  }

  /**
   * Asks the peer to say when it has everything sent on the port so far; false where nobody would answer. The clock stands where it was
   * put before, so that nothing else happens.
   */
  sendMarker(port: number, transactionId: number, nowMs: number): boolean {
    if (!this.#lacp?.port(port + 1).distributing) return false;
    this.#carryOut(this.#lacp.sendMarker(port + 1, transactionId, nowMs));
    return true;
  }

  /** Sends what waits, as far as there is room. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const full = new Set<Port>();
    this.#waiting = this.#waiting.filter(({ port, frame }) => {
      if (!full.has(port) && this.#send(port, frame)) return false;
      full.add(port);
      return true;
    });
  }

  /** Reads what has arrived, and lets time pass. */
  tick(nowMs: number): LacpAction[] {
    const actions = this.#takeArrived().flatMap(({ port, frame }) => this.#lacp?.receive(port + 1, frame, nowMs) ?? []);
    if (this.#lacp) actions.push(...this.#lacp.tick(nowMs));
    return this.#carryOut(actions);
  }

  #takeArrived(): { port: number; frame: Uint8Array }[] {
    const { kernels, arena, pool } = this.#owner;
    const { control, scratch } = this.#record;
    const n = kernels.ringDequeueBurst(control, scratch, CONTROL_FRAMES);
    const frames = Array.from({ length: n }, (_, i) => {
      const m = arena.u32[(scratch >> 2) + i] as number;
      const index = arena.u16[(m + MBUF_PORT) >> 1];
      const port = this.#ports.findIndex((candidate) => candidate.index === index);
      // All of a slow protocol frame is in its first buffer, or it is none.
      return { port, frame: (pool.spans(m)[0] as Uint8Array).slice() };
    });
    kernels.freeBurst(pool.ptr, scratch, n);
    return frames;
  }

  /** Sends what is to be sent; returns the other actions. */
  #carryOut(actions: readonly LacpAction[]): LacpAction[] {
    const others: LacpAction[] = [];
    for (const action of actions) {
      if (action.type === "send")
        this.#waiting.push({ port: this.#ports[action.port - 1] as Port, frame: action.frame });
      else others.push(action);
    }
    this.flush();
    // On a port that takes nothing the oldest are lost, as on a link: they are said again.
    this.#waiting = this.#waiting.slice(-WAITING_MAX * this.#ports.length);
    return others;
  }

  /** False when the port has no room, or the pool no buffer. */
  #send(port: Port, bytes: Uint8Array): boolean {
    const frame = port.reserve(bytes.length);
    if (!frame) return false;
    frame.payload.set(bytes);
    const isPosted = port.post(frame);
    if (!isPosted) frame.release();
    return isPosted;
  }
}

function systemOptions(options: GroupLacpOptions, ports: number) {
  const { systemMac, systemPriority = 0x8000, key = 1, activity = "active", timeout = "fast", conversations } = options;
  const mac = parseMac("lacp.systemMac", systemMac);
  checkInteger("lacp.key", key, 1, 0xffff);
  return {
    systemPriority,
    systemMac,
    activity,
    timeout,
    ports: Array.from({ length: ports }, (_, i) => ({ number: i + 1, mac: portMac(mac, i), key })),
    ...(conversations
      ? { conversations: new Map<number, readonly number[]>(), algorithm: ALGORITHMS[conversations] }
      : {}),
  };
}

/** The source address of what a port says: the system's, its last byte moved on by the port. */
function portMac(system: Uint8Array, port: number): string {
  return macText([...system.subarray(0, 5), ((system[5] as number) + port) & 0xff]);
}
