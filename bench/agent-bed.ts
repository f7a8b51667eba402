/** Two agents and a wire between them, in virtual time, for figures that are no times; or pumped as fast as it goes, for those that are. */
import type { Outgoing } from "../src/buffer/outgoing.js";
import type { Port } from "../src/buffer/port.js";
import { createEngine } from "../src/engine.js";
import { Agent, type AgentOptions, agentSizes, type StreamEnd, type StreamHandler } from "../src/index.js";
import { WASM } from "./bed.js";
import { randomU32 } from "./workload.js";

/** One way. */
export const WIRE_MS = 0.01;
const ADDRESSES = ["10.9.0.1", "10.9.0.2"] as const;
const BTH = 14 + 20 + 8;
const OPCODE_ACK = 0x11;
/** Unreliable datagrams are the connection manager's. */
const OPCODES_UD = 0x60;

export interface AgentBedOptions extends Pick<AgentOptions, "session" | "pathMtu" | "clock"> {}

interface Station {
  readonly agent: Agent;
  readonly port: Port;
}

export class AgentBed {
  nowMs = 0;
  /** Bytes and packets that went to the taker with something in them: without acknowledgements, FCS, and the connection manager's. */
  wireBytes = 0;
  packets = 0;
  readonly stations: readonly [Station, Station];
  #flying: { readonly atMs: number; readonly to: Port; readonly data: Uint8Array }[] = [];

  private constructor(stations: readonly [Station, Station]) {
    this.stations = stations;
  }

  static async make(options: AgentBedOptions): Promise<AgentBed> {
    const draw = randomU32(7);
    const station = async (local: string) => {
      const connections = 2;
      const rdma = agentSizes({ connections, session: options.session });
      const engine = await createEngine({ wasm: WASM, mbufs: 2048, payloadBytes: 4608, queueSize: 1024, rdma });
      const port = engine.addPort("roce");
      const device = engine.addRdma({ port });
      return { agent: new Agent({ ...options, device, local, connections, random: draw }), port };
    };
    return new AgentBed([await station(ADDRESSES[0]), await station(ADDRESSES[1])]);
  }

  /** So many streams to a port whose takers use what comes, and tell of it. */
  open(count: number, taken: (bytes: Uint8Array) => void): StreamEnd[] {
    const [{ agent }, { agent: other }] = this.stations;
    const nothing = () => {};
    const silent: StreamHandler = {
      onOpen: nothing,
      onData: nothing,
      onEnd: nothing,
      onWritable: nothing,
      onClose: nothing,
    };
    other.listen(80, (stream) => ({
      ...silent,
      onData: (bytes) => {
        stream.consumed(bytes.length);
        taken(bytes);
      },
    }));
    let opened = 0;
    const onOpen = () => void opened++;
    const streams = Array.from({ length: count }, () =>
      agent.connect({ address: ADDRESSES[1], port: 80 }, { ...silent, onOpen }),
    );
    for (let i = 0; opened < count; i++) {
      if (i > 100_000) throw new Error(`${opened} of ${count} streams are open`);
      this.step();
    }
    return streams;
  }

  /** One step of virtual time: what is due arrives, and both ends work. */
  step(ms = WIRE_MS): void {
    this.nowMs += ms;
    const due = this.#flying.filter(({ atMs }) => atMs <= this.nowMs);
    this.#flying = this.#flying.filter(({ atMs }) => atMs > this.nowMs);
    for (const { to, data } of due) to.receive(data);
    for (const [i, { agent, port }] of this.stations.entries()) {
      agent.poll(this.nowMs);
      this.#take(port, (data) => {
        if (i === 0) this.#count(data);
        this.#flying.push({ atMs: this.nowMs + WIRE_MS, to: (this.stations[1 - i] as Station).port, data });
      });
    }
  }

  /** What is there goes over at once, until nothing moves. */
  pump(nowMs: number): void {
    for (let moved = 1; moved > 0; ) {
      moved = 0;
      for (const [i, { agent, port }] of this.stations.entries()) {
        agent.poll(nowMs);
        const to = (this.stations[1 - i] as Station).port;
        this.#take(port, (data) => {
          to.receive(data);
          moved++;
        });
      }
    }
  }

  #take(port: Port, give: (data: Uint8Array) => void): void {
    for (let frames: Outgoing[] = port.takeBurst(); frames.length > 0; frames = port.takeBurst()) {
      // One descriptor a frame: the agent's buffers have headroom.
      for (const { spans } of frames) give((spans[0] as Uint8Array).slice());
      port.complete(frames);
      port.reap();
    }
  }

  #count(frame: Uint8Array): void {
    const opcode = frame[BTH] as number;
    if (opcode === OPCODE_ACK || opcode >= OPCODES_UD) return;
    this.packets++;
    this.wireBytes += frame.length;
  }
}
