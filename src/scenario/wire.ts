/** What crosses the underlay: a file with an interface for each uplink, what the encapsulations cost, and who still sends to whom. */
import { type CaptureWriter, LINKTYPE_ETHERNET, type Port, type Tap } from "../index.js";
import { ipText } from "../overlay/address.js";
import type { ScenarioHost } from "./hosts.js";
import { type Outer, readOuter } from "./outer.js";

/** Sees each frame in an encapsulation as it leaves a host. */
export type Watch = (outer: Outer, frame: Uint8Array, from: ScenarioHost) => void;

/** What one encapsulation has cost. */
export interface Cost {
  frames: number;
  headerBytes: number;
  trailerBytes: number;
  innerBytes: number;
}

export class Wire {
  readonly watches = new Set<Watch>();
  /** By encapsulation. */
  readonly costs = new Map<string, Cost>();
  /** Frames of hosts to each other. */
  controlFrames = 0;
  /** Frames that would have fitted into one buffer, and took more descriptors than one. */
  splitFrames = 0;
  readonly #writer: CaptureWriter;
  readonly #places = new Map<Port, { readonly host: ScenarioHost; readonly interfaceId: number }>();
  /** What was written last is with the sink when this is. */
  written: Promise<void> | undefined;

  constructor(writer: CaptureWriter, hosts: readonly ScenarioHost[]) {
    this.#writer = writer;
    for (const host of hosts) {
      for (const uplink of host.uplinks) {
        const interfaceId = writer.addInterface({ linkType: LINKTYPE_ETHERNET, name: `${host.name} ${uplink.name}` });
        this.#places.set(uplink, { host, interfaceId });
      }
    }
  }

  readonly tap: Tap = ({ timestampNs, spans, originalLength }, port) => {
    const { host, interfaceId } = this.#places.get(port) as { host: ScenarioHost; interfaceId: number };
    // With each frame how many descriptors it took.
    const comments = [`dma_desc=${spans.length}`];
    this.written = this.#writer.write({ timestampNs, data: spans, originalLength, comments, interfaceId });
    const frame = spans[0] as Uint8Array;
    const outer = readOuter(frame);
    if (outer === "control") this.controlFrames++;
    if (typeof outer !== "object") return;
    const bytes = spans.reduce((sum, span) => sum + span.length, 0);
    if (spans.length > 1 && bytes - outer.headerBytes <= host.engine.payloadBytes) this.splitFrames++;
    this.#count(outer, originalLength);
    for (const watch of this.watches) watch(outer, frame, host);
  };

  #count({ encapsulation, headerBytes, trailerBytes }: Outer, length: number): void {
    const cost = this.costs.get(encapsulation) ?? { frames: 0, headerBytes: 0, trailerBytes: 0, innerBytes: 0 };
    this.costs.set(encapsulation, cost);
    cost.frames++;
    cost.headerBytes += headerBytes;
    cost.trailerBytes += trailerBytes;
    cost.innerBytes += length - headerBytes - trailerBytes;
  }
}

/** Whether a frame is for the host with that underlay address. */
export function isFor({ to }: Outer, address: string): boolean {
  return ipText(to) === address;
}
