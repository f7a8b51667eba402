/**
 * An RDMA agent inside a VM, on an engine of its own whose port is the VM's network interface: what leaves the port the guest sends into
 * its host's vnic, and RoCEv2 packets that the guest is given go in. It knows nothing of hosts. Where its VM goes with its adapters' state,
 * this is one of them: the agent goes on on another engine, with the state of its device, its connections and its streams.
 */

import { ROCEV2_PORT } from "../../gqp/numbers.js";
import {
  Agent,
  AgentMove,
  type AgentOptions,
  agentParts,
  type MovingDevice,
  Random,
  type WasmSource,
} from "../../index.js";
import { ipText, macText } from "../../overlay/address.js";
import { copyOf, type Delivered, type Guest } from "../guest.js";
import type { Reaction } from "../judge/deliveries.js";
import { ipEnds, udpPort } from "../judge/inner.js";
import type { SocketsText } from "../sockets-schema.js";
import type { Stream } from "../traffic/stream.js";
import { AgentEngine } from "./agent-engine.js";

/** Whom it talks to, and the frames that it sends there. */
export interface AgentPeer {
  readonly guest: Guest;
  readonly stream: Stream;
}

const RANDOM_MAX = 0xffff_ffff;

export interface GuestAgentOptions {
  readonly guest: Guest;
  /** One of the guest's IP addresses. */
  readonly address: string;
  /** By IP address. */
  readonly peers: ReadonlyMap<string, AgentPeer>;
  readonly mtu: SocketsText["mtu"];
  readonly seed: number;
  /** The fabric's ms. */
  readonly clock: () => number;
  readonly wasm: WasmSource | undefined;
}

/** A lost connection rests while the next one is made. */
function connectionsOf(peers: ReadonlyMap<string, AgentPeer>): number {
  return 2 * peers.size;
}

export class GuestAgent {
  readonly guest: Guest;
  readonly address: string;
  readonly #peers: ReadonlyMap<string, AgentPeer>;
  readonly #options: Omit<AgentOptions, "device">;
  readonly #wasm: WasmSource | undefined;
  #agent: Agent;
  #home: AgentEngine;
  /** Where it goes on after the next move. */
  #spare: AgentEngine | undefined;
  #hasWork = false;

  private constructor({ guest, address, peers, mtu, seed, clock, wasm }: GuestAgentOptions, home: AgentEngine) {
    const random = new Random(seed, `sockets/${guest.name}/${address}`);
    this.guest = guest;
    this.address = address;
    this.#peers = peers;
    this.#wasm = wasm;
    this.#home = home;
    this.#options = {
      local: address,
      localMac: macText(guest.mac),
      resolver: (remote) => macText((peers.get(remote)?.guest ?? guest).mac),
      tenant: guest.vni,
      pathMtu: mtu,
      connections: connectionsOf(peers),
      clock,
      random: () => random.between(0, RANDOM_MAX),
      onWork: () => {
        this.#hasWork = true;
      },
    };
    this.#agent = new Agent({ ...this.#options, device: home.device });
  }

  static async start(options: GuestAgentOptions): Promise<GuestAgent> {
    return new GuestAgent(options, await AgentEngine.make(connectionsOf(options.peers), options.wasm));
  }

  get agent(): Agent {
    return this.#agent;
  }

  /** Its adapter's name in a move. */
  get deviceName(): string {
    return `rdma ${this.address}`;
  }

  /** Makes the engine that it is to move to, if there is none yet. */
  async prepare(): Promise<void> {
    this.#spare ??= await AgentEngine.make(connectionsOf(this.#peers), this.#wasm);
  }

  /** Its adapter on the host that it leaves. */
  leaving(): MovingDevice {
    const { block } = this.#home.holding(this.deviceName, agentParts(this.#agent));
    const agent = this.#agent;
    return {
      name: this.deviceName,
      stop: () => agent.stop(),
      start: () => agent.start(),
      // What runs is not looked at: nearly all of it changes with every packet.
      read: (round, nowMs) => (agent.device.isStopped ? block.read(round, nowMs) : []),
      insert: () => "it is the one that leaves",
      differing: [],
      clear: () => undefined,
    };
  }

  /** Its adapter on the host that it comes to: another engine, which prepare has made. In words what is missing. */
  coming(): MovingDevice | string {
    const home = this.#spare;
    if (!home) return "no engine is ready";
    const move = new AgentMove({ ...this.#options, device: home.device, users: this.#agent });
    const { block, frames } = home.holding(this.deviceName, move.parts);
    return {
      name: this.deviceName,
      stop: () => move.agent?.stop(),
      start: () => (this.#home === home ? move.agent?.start() : this.#goOn(home, move.agent)),
      read: () => [],
      insert: (sections, nowMs) => block.insert(sections, nowMs),
      get differing() {
        return block.differing;
      },
      clear: () => {
        frames.drop();
        this.#spare = undefined;
      },
    };
  }

  /** When to have it work though nothing was given to it, in the fabric's ms; undefined: never. */
  get nextMs(): number | undefined {
    if (this.#agent.device.isStopped) return undefined;
    return this.#hasWork ? 0 : this.#agent.nextMs;
  }

  /** Takes a frame that the guest was given, if it is a packet of one of its peers. */
  take({ data }: Delivered): void {
    const ends = udpPort(data) === ROCEV2_PORT ? ipEnds(data) : undefined;
    if (!ends || ipText(ends.dst) !== this.address || !this.#peers.has(ipText(ends.src))) return;
    // One that there is no room for is lost, as on any adapter.
    this.#home.port.receive(data);
    this.#hasWork = true;
  }

  /** It is nowMs: does what is due. Returns the frames that the guest is to send. */
  work(nowMs: number): Reaction[] {
    if ((this.nextMs ?? Number.POSITIVE_INFINITY) > nowMs) return [];
    const sent: Reaction[] = [];
    for (let isBusy = true; isBusy; ) {
      this.#hasWork = false;
      isBusy = this.#agent.poll(nowMs) || this.#hasWork;
      sent.push(...this.#drain());
    }
    return sent;
  }

  close(): void {
    this.#home.engine.close();
    this.#spare?.engine.close();
  }

  #goOn(home: AgentEngine, agent: Agent | undefined): void {
    if (!agent) return;
    this.#home.engine.close();
    this.#home = home;
    this.#agent = agent;
    this.#spare = undefined;
    this.#hasWork = true;
  }

  #drain(): Reaction[] {
    const reactions: Reaction[] = [];
    for (let frames = this.#home.port.takeBurst(); frames.length > 0; frames = this.#home.port.takeBurst()) {
      for (const frame of frames.map(copyOf)) {
        const { stream } = this.#peers.get(ipText(ipEnds(frame.data)?.dst ?? [])) ?? {};
        reactions.push({ guest: this.guest, frame, stream });
      }
      this.#home.port.complete(frames);
    }
    return reactions;
  }
}
