/**
 * An RDMA agent inside a VM, on an engine of its own whose port is the VM's network interface: what leaves the port the guest sends into
 * its host's vnic, and RoCEv2 packets that the guest is given go in. It moves with its VM, and knows nothing of hosts.
 */

import { ROCEV2_PORT } from "../../gqp/numbers.js";
import { Agent, agentSizes, createEngine, type Engine, type Port, Random, type WasmSource } from "../../index.js";
import { ipText, macText } from "../../overlay/address.js";
import { copyOf, type Delivered, type Guest } from "../guest.js";
import type { Reaction } from "../judge/deliveries.js";
import { ipEnds, udpPort } from "../judge/inner.js";
import type { SocketsText } from "../sockets-schema.js";
import type { Stream } from "../traffic/stream.js";

/** Whom it talks to, and the frames that it sends there. */
export interface AgentPeer {
  readonly guest: Guest;
  readonly stream: Stream;
}

/** Large enough for every path MTU, and for what is on its way. */
const MBUFS = 1024;
const PAYLOAD_BYTES = 4608;
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

export class GuestAgent {
  readonly guest: Guest;
  readonly address: string;
  readonly agent: Agent;
  readonly #peers: ReadonlyMap<string, AgentPeer>;
  readonly #engine: Engine;
  readonly #port: Port;
  #hasWork = false;

  private constructor(
    { guest, address, peers, mtu, seed, clock }: GuestAgentOptions,
    engine: Engine,
    connections: number,
  ) {
    const random = new Random(seed, `sockets/${guest.name}/${address}`);
    this.guest = guest;
    this.address = address;
    this.#peers = peers;
    this.#engine = engine;
    this.#port = engine.addPort("roce");
    this.agent = new Agent({
      device: engine.addRdma({ port: this.#port }),
      local: address,
      localMac: macText(guest.mac),
      resolver: (remote) => macText((peers.get(remote)?.guest ?? guest).mac),
      tenant: guest.vni,
      pathMtu: mtu,
      connections,
      clock,
      random: () => random.between(0, RANDOM_MAX),
      onWork: () => {
        this.#hasWork = true;
      },
    });
  }

  static async start(options: GuestAgentOptions): Promise<GuestAgent> {
    // A lost connection rests while the next one is made.
    const connections = 2 * options.peers.size;
    const { wasm } = options;
    const rdma = agentSizes({ connections });
    const sizes = { mbufs: MBUFS, payloadBytes: PAYLOAD_BYTES, ports: 1, tunnels: 0, rdma };
    return new GuestAgent(options, await createEngine({ ...sizes, ...(wasm && { wasm }) }), connections);
  }

  /** When to have it work though nothing was given to it, in the fabric's ms; undefined: never. */
  get nextMs(): number | undefined {
    return this.#hasWork ? 0 : this.agent.nextMs;
  }

  /** Takes a frame that the guest was given, if it is a packet of one of its peers. */
  take({ data }: Delivered): void {
    const ends = udpPort(data) === ROCEV2_PORT ? ipEnds(data) : undefined;
    if (!ends || ipText(ends.dst) !== this.address || !this.#peers.has(ipText(ends.src))) return;
    // One that there is no room for is lost, as on any adapter.
    this.#port.receive(data);
    this.#hasWork = true;
  }

  /** It is nowMs: does what is due. Returns the frames that the guest is to send. */
  work(nowMs: number): Reaction[] {
    if ((this.nextMs ?? Number.POSITIVE_INFINITY) > nowMs) return [];
    const sent: Reaction[] = [];
    for (let isBusy = true; isBusy; ) {
      this.#hasWork = false;
      isBusy = this.agent.poll(nowMs) || this.#hasWork;
      sent.push(...this.#drain());
    }
    return sent;
  }

  close(): void {
    this.#engine.close();
  }

  #drain(): Reaction[] {
    const reactions: Reaction[] = [];
    for (let frames = this.#port.takeBurst(); frames.length > 0; frames = this.#port.takeBurst()) {
      for (const frame of frames.map(copyOf)) {
        const { stream } = this.#peers.get(ipText(ipEnds(frame.data)?.dst ?? [])) ?? {};
        reactions.push({ guest: this.guest, frame, stream });
      }
      this.#port.complete(frames);
    }
    return reactions;
  }
}
