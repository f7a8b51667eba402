/** An engine with an RDMA device for an agent: the adapter that a VM has beside its network interface. */
import {
  AdapterFrames,
  agentSizes,
  createEngine,
  type Engine,
  FramesPart,
  MovingBlock,
  PartitionState,
  type Port,
  QueuesPart,
  type RdmaDevice,
  type StateMemory,
  type StatePart,
  type WasmSource,
} from "../../index.js";

/** Large enough for every path MTU, and for what is on its way. */
const MBUFS = 1024;
const PAYLOAD_BYTES = 4608;
const FORMAT = { name: "ringlane-rdma", version: 1 };

export class AgentEngine {
  readonly engine: Engine;
  readonly port: Port;
  readonly device: RdmaDevice;

  private constructor(engine: Engine) {
    this.engine = engine;
    this.port = engine.addPort("roce");
    this.device = engine.addRdma({ port: this.port });
  }

  static async make(connections: number, wasm: WasmSource | undefined): Promise<AgentEngine> {
    const rdma = agentSizes({ connections });
    const sizes = { mbufs: MBUFS, payloadBytes: PAYLOAD_BYTES, ports: 1, tunnels: 0, rdma, migration: {} };
    return new AgentEngine(await createEngine({ ...sizes, ...(wasm && { wasm }) }));
  }

  /** All that is here, in one block: the port's frames, and an agent's parts. */
  holding(name: string, parts: readonly StatePart[]): { readonly block: MovingBlock; readonly frames: AdapterFrames } {
    const memory = this.engine.migration as StateMemory;
    const frames = new AdapterFrames(memory, this.port);
    const state = new PartitionState(memory, FORMAT, [new FramesPart(frames), new QueuesPart(frames), ...parts]);
    return { block: new MovingBlock(name, state, memory), frames };
  }
}
